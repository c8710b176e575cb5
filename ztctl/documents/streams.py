"""Read what a command line names: files and pipes, with a bound; never a device."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path
from typing import Final

# Seconds for all that a pipe gives: a command behind `<(…)` may have to ask somebody first.
PATIENCE: Final = 60.0
_CHUNK: Final = 1 << 20


def read_bounded(path: Path, most: int, *, seconds: float = PATIENCE) -> bytes:
    """Read a file, or a pipe such as that of ``<(…)``, but at most ``most`` + 1 bytes.

    Args:
        path: what to read.
        most: bytes; a longer result means that there are more.
        seconds: how long a pipe may take, until it is closed.

    Raises:
        OSError: it cannot be read, is a folder, a device or a socket, or takes too long.
        ValueError: it is no path.
    """
    # Without O_NONBLOCK opening a pipe waits until somebody opens its other end.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise OSError(errno.EINVAL, "it is a device, not a file")
        return _read(handle, most, time.monotonic() + seconds)
    finally:
        os.close(handle)


def _read(handle: int, most: int, deadline: float) -> bytes:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    found = bytearray()
    while len(found) <= most:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise OSError(errno.ETIMEDOUT, "it is a pipe that nobody writes to, or not to its end")
        part = os.read(handle, min(_CHUNK, most + 1 - len(found)))
        if not part:
            break
        found += part
    return bytes(found)
