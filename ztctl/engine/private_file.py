"""Write files that only their owner may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ztctl.core.model.diagnostics import Failure


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
