"""Write files that only their owner may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ztctl.core.model.diagnostics import Failure

# Where a sign of ztctl stands in what it wrote before.
_HEAD = 4096


def require_earlier(path: Path, sign: str, what: str) -> None:
    """Require that nothing is lost by writing there: nothing is there, or an earlier output is.

    Args:
        path: the file.
        sign: what stands in the first bytes of each such output, and in no file of somebody's own.
        what: what is to be written, such as ``a users file``, for a failure.

    Raises:
        Failure: a file without the sign is there, or one that cannot be read.
    """
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise Failure(f"cannot read {path}: {(error.strerror or '').lower()}") from error
    if head and sign.encode() not in head:
        raise Failure(
            f"{path} is there, and is no earlier output of {what}",
            "remove what is there, or name another file",
        )


def write_private(path: Path, text: str, what: str) -> None:
    """Write a file with mode 0600, in place of an existing file and as a whole.

    Args:
        path: the file.
        text: what it is to hold.
        what: what it is, such as ``the plan``, for a failure.

    Raises:
        Failure: it cannot be written, or something else than a file is there.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise Failure(f"cannot write {what} {path}: it is there, and no file")
        # `mkstemp` creates the file with mode 0600, before anything stands in it.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ztctl-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(handle)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise Failure(f"cannot write {what} {path}: {error.strerror}") from error
