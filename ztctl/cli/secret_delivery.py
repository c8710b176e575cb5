"""Hand a secret to whoever asked for it: into a new file of theirs, or down a pipe.

This is the only module beside the one that sends requests that reveals secrets. It starts no
process and writes nothing else.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
import tempfile
from pathlib import Path

from ztctl.cli.settings import Usage
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.values import Secret

_CREDENTIALS = {"AccountTag": "a", "TunnelSecret": "s", "TunnelID": "t", "Endpoint": "e"}


class Delivery:
    """Where a secret goes, checked before anybody asks for it.

    Args:
        out: a file that is not there yet; ``None`` for standard output.
        show: whether standard output may be a terminal.

    Raises:
        Usage: standard output is a terminal, or a file that others may read.
        Failure: the file is there, or its folder is not.
    """

    def __init__(self, out: Path | None, *, show: bool) -> None:
        self.out = out
        if out is None:
            _check_output(show=show)
        elif os.path.lexists(out):
            raise _there(out)
        elif not out.parent.is_dir():
            raise Failure(f"cannot write {out}: there is no folder {out.parent}")

    def deliver(self, secret: Secret, *, ending: str = "\n") -> None:
        """Write the secret, and a line break unless it is to end otherwise.

        Raises:
            Failure: the file cannot be written, or was made by somebody else meanwhile.
        """
        if self.out is None:
            sys.stdout.write(f"{secret.reveal()}{ending}")
            sys.stdout.flush()
            return
        try:
            _write_new(self.out, f"{secret.reveal()}{ending}")
        except FileExistsError:
            raise _there(self.out) from None
        except OSError as error:
            raise Failure(f"cannot write {self.out}: {error.strerror}") from error


def _check_output(*, show: bool) -> None:
    if sys.stdout.isatty():
        if not show:
            text = "this would show a secret on the screen"
            raise Usage(text, "lead it into a pipe, write it by --out FILE, or say --show")
        return
    try:
        found = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return  # no file of the system: whoever put it there reads it
    if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
        text = "standard output is a file that others may read"
        raise Usage(text, "write it by --out FILE, which makes one for you alone")


def _there(path: Path) -> Failure:
    return Failure(f"{path} is there already, and is not overwritten", "name another file")


def write_credentials(path: Path, token: Secret) -> None:
    """Write the credentials file of a tunnel, for its owner to read alone, as cloudflared does.

    It holds what the token holds (cloudflared 2026.8.2, ``connection.Credentials``).

    Args:
        path: a file that is not there yet.
        token: a token of the tunnel, checked.

    Raises:
        Failure: the file cannot be written, or is there.
    """
    found = json.loads(base64.b64decode(token.reveal()))
    held = {name: found[key] for name, key in _CREDENTIALS.items() if key in found}
    try:
        _write_new(path, f"{json.dumps(held)}\n", 0o400)
    except FileExistsError:
        raise _there(path) from None
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}") from error


def _write_new(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file for one person that appears as a whole, and only where nothing is.

    Raises:
        FileExistsError: something is there, a link that leads nowhere included.
        OSError: it cannot be written.
    """
    # `mkstemp` creates the file with mode 0600, before anything stands in it.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ztctl-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            os.fchmod(handle, mode)
            file.flush()
            os.fsync(handle)
        # Other than a rename, a hard link never takes the place of what is there.
        os.link(name, path, follow_symlinks=False)
    finally:
        Path(name).unlink(missing_ok=True)
