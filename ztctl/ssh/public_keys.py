"""Write public keys of CAs to files next to the YAML file, only when they differ.

A file is written only where nothing is, or where such a key is already: a name that was mistyped
must not cost the YAML file itself, or an `authorized_keys`.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Problem
from ztctl.core.model.lint import Code, warning
from ztctl.core.model.objects import Live, Wanted

# The form of every recorded key, its comment included. One line: another one could add a second CA
# to a file that servers trust.
_KEY: Final = re.compile(
    r"ecdsa-sha2-nistp256 [A-Za-z0-9+/]+={0,2} open-ssh-ca@cloudflareaccess\.org\n?"
)
_MAX_BYTES: Final = 4096
_REMEDY: Final = "remove what is there, or name another file"


def key_files(declared: Declared) -> Iterator[tuple[Wanted, Path]]:
    """Yield each CA that states a `public_key_file`, with that file's path."""
    for wanted in declared.wanted:
        name = wanted.local.get("public_key_file")
        if name and wanted.where is not None:
            yield wanted, Path(wanted.where.file).parent / str(name)


def stale_keys(declared: Declared, live: Mapping[Address, Live]) -> Iterator[Problem]:
    """Warn about each live key that its file does not hold, or that will not be written."""
    for wanted, path, key in _keys(declared, live):
        why = _obstacle(path, _folder(wanted))
        if not _KEY.fullmatch(key):
            why = f"{path} is not written: the key of {wanted.address.key} has no known form"
        if why is not None:
            yield warning(Code.KEY_FILE_UNWRITABLE, why, wanted.where, _REMEDY)
        elif (found := read_text(path)) != key:
            state = "is missing" if found is None else "is out of date"
            text = f"{path} {state}: it is to hold the CA key of {wanted.address.key}"
            yield warning(Code.KEY_FILE_STALE, text, wanted.where, "apply writes it")


def misplaced(declared: Declared) -> Iterator[Problem]:
    """Report each file that would not be written, and each that two keys share."""
    holders: dict[Path, Wanted] = {}
    for wanted, path in key_files(declared):
        if (why := _obstacle(path, _folder(wanted))) is not None:
            yield Problem(f"{wanted.address}: `public_key_file`: {why}", wanted.where, _REMEDY)
            continue
        first = holders.setdefault(path.resolve(), wanted)
        if first is not wanted:
            yield Problem(
                f"{wanted.address} has the `public_key_file` {path}, which {first.address} has too",
                wanted.where,
                f"one file a key; the other one is at {first.where}",
            )


def write_public_keys(declared: Declared, live: Mapping[Address, Live]) -> Iterator[str]:
    """Write every live key that its file does not hold; yields messages about the files written.

    Raises:
        Failure: when a file cannot be written, holds something else, or lies outside of the YAML
            file's folder.
    """
    for wanted, path, key in _keys(declared, live):
        if not _KEY.fullmatch(key):
            continue
        # Again, because the path may have become a link or another file since `misplaced` looked.
        if (why := _obstacle(path, _folder(wanted))) is not None:
            raise Failure(f"the CA key of {wanted.address.key} was not written: {why}", _REMEDY)
        if (found := read_text(path)) != key:
            write_text(path, key)
            yield f"Wrote {path}: the CA key of {wanted.address.key}"
            if found is not None:
                yield (
                    f"  It replaced another key: servers that trust the old one refuse logins for "
                    f"{wanted.address.key} until they get this one."
                )


def _keys(declared: Declared, live: Mapping[Address, Live]) -> Iterator[tuple[Wanted, Path, str]]:
    for wanted, path in key_files(declared):
        found = live.get(wanted.address)
        key = found.attribute("public_key") if found else None
        if isinstance(key, str) and key:
            yield wanted, path, f"{key}\n"


def _folder(wanted: Wanted) -> Path:
    assert wanted.where is not None
    return Path(wanted.where.file).parent.resolve()


def _obstacle(path: Path, folder: Path) -> str | None:
    """Why a key is not written there; ``None`` if nothing is there or a CA key is."""
    if not is_below(path, folder):
        return f"{path} leads out of {folder} by a link"
    try:
        text = read_text(path)
    except OSError as error:
        return f"{path} cannot be read: {(error.strerror or '').lower()}"
    return None if text is None or _KEY.fullmatch(text) else f"{path} is there, and holds no CA key"


def is_below(path: Path, folder: Path) -> bool:
    """Whether a path leads into a folder, which must be resolved, whatever links are on the way."""
    try:
        return path.resolve().is_relative_to(folder)
    except (RuntimeError, OSError):
        return False  # a loop of symlinks


def read_text(path: Path, most: int = _MAX_BYTES) -> str | None:
    """The first ``most`` bytes of a regular file; ``None`` if nothing is there.

    Raises:
        OSError: it is a link, or no regular file, or cannot be read.
    """
    try:
        # A FIFO must not be waited for; the last part must not be a link, wherever it leads.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(error.errno, "it is a link") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return os.read(handle, most).decode("utf-8", "replace")
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a file that everybody may read, in one go.

    Raises:
        Failure: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written to a temporary file and renamed, so that nobody reads half a key.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ztctl-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise Failure(f"cannot write {path}: {(error.strerror or '').lower()}") from error
