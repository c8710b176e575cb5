"""Put new content in the place of a file, as a whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def rewrite(path: Path, old: bytes, new: bytes) -> None:
    """Replace the content of a file, which keeps its mode and, where that is possible, its owner.

    Args:
        path: a regular file; no link, so that what changes is what was named.
        old: what it holds.
        new: what it is to hold.

    Raises:
        OSError: it is no regular file, may not be written, or holds something else by now.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no file; `-f -` reads a pipe")
    if path.is_symlink():
        raise OSError(errno.ELOOP, f"it is a link: name the file itself, {path.resolve()}")
    # A file that takes the place of another asks nobody whether that one may be written.
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ztctl-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(PermissionError):
                    os.fchown(handle, found.st_uid, found.st_gid)
            os.fchmod(handle, stat.S_IMODE(found.st_mode))
            file.flush()
            os.fsync(handle)
        if path.read_bytes() != old:
            raise OSError(errno.EBUSY, "somebody else has changed it just now")
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
