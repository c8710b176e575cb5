"""State file: an append-only log of JSON lines, one per request, replayed on open.

A line holds all objects that the request changed, each whole, or null for a deleted one. A line
that a crash truncated is therefore a whole request that never happened, not half of one. Each
line begins with a CRC-32 over itself and all lines before it; a file with any other damage is
rejected and left unmodified. The file has mode 0600, since it holds tunnel secrets and private CA
keys.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from ztctl.sandbox.store import Change, StateError

__all__ = ["FileJournal", "StateError"]

VERSION = b"2"
HEADER_START = b'{"ztctl-sandbox":' + VERSION + b',"log":"'
HEADER_END = b'"}\n'
HEADER_LENGTH = len(HEADER_START) + 16 + len(HEADER_END)
HEADER = re.compile(re.escape(HEADER_START) + b"[0-9a-f]{16}" + re.escape(HEADER_END))
OTHER_VERSION = re.compile(rb'\{"ztctl-sandbox":(?!%s,)[0-9]+,' % VERSION)
SUM = re.compile(rb'\["([0-9a-f]{8})",(.*)\]')
# Outdated changes that a log may have, so that small logs are not rewritten all the time.
SPARE = 1000


class FileJournal:
    """State file that several processes may share.

    No file stays open between requests. Processes exclude each other by `flock` on a lock file
    `<name>.lock`. Any process may compact the log into a new file; the random id in its header
    shows the others that they have to read it from the start.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise StateError(f"{path} is a folder")
        self._path = path
        self._lock = path.with_name(path.name + ".lock")
        self._header = b""
        self._offset = 0
        self._sum = 0
        self._changes = 0
        self._seen: tuple[int, int, int] | None = None
        path.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold an exclusive `flock` on the lock file while the block runs."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # releases the lock

    def unread(self) -> tuple[bool, list[Change]]:
        """Changes appended since the last call; True if they are the whole content.

        An incomplete last line is truncated. Raises StateError if the file is not a valid log.
        """
        # Most requests find the file as they left it: a stat saves opening and reading it.
        seen = self._stat()
        if seen == self._seen:
            return False, []
        if seen is None:
            self._restart()
            return True, []
        with self._path.open("r+b") as log:
            afresh = self._read_header(log)
            changes = self._read_lines(log)
        self._seen = self._stat()
        return afresh, changes

    def append(self, changes: list[Change], live: int) -> bool:
        """Write one line; True if most changes in the log are outdated."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        header = self._header or _header()
        line, total = _line(changes, self._sum if self._header else crc32(header))
        written = line if self._header else header + line
        with os.fdopen(descriptor, "wb") as log:
            log.write(written)
        # Only after the write: one that a full disk cut short must be read and truncated again.
        self._header, self._sum = header, total
        self._offset += len(written)
        self._seen = self._stat()
        self._changes += len(changes)
        return self._changes > SPARE + 2 * live

    def rewrite(self, objects: Iterator[Change], live: int) -> None:
        """Replace the log, atomically, by one with the existing objects only."""
        shorter = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(shorter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        header = _header()
        total = crc32(header)
        with os.fdopen(descriptor, "wb") as log:
            offset = log.write(header)
            for change in objects:
                line, total = _line([change], total)
                offset += log.write(line)
            log.flush()
            # Before the rename: a crash must not leave an empty file in place of the log.
            os.fsync(descriptor)
        shorter.replace(self._path)
        self._header, self._offset, self._sum, self._changes = header, offset, total, live
        self._seen = self._stat()

    def _restart(self) -> None:
        self._header = b""
        self._offset = 0
        self._sum = 0
        self._changes = 0
        self._seen = None

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return None
        return now.st_ino, now.st_size, now.st_mtime_ns

    def _read_header(self, log: BinaryIO) -> bool:
        """Read the header; True if this is another log than the one read so far."""
        header = log.read(HEADER_LENGTH)
        if header == self._header != b"":
            return False
        self._restart()
        if HEADER.fullmatch(header):
            self._header, self._offset, self._sum = header, HEADER_LENGTH, crc32(header)
        elif _is_truncated_header(header):
            log.truncate(0)  # a crash during the first write
        elif OTHER_VERSION.match(header):
            raise StateError(f"{self._path} is a state file of another version of the sandbox")
        else:
            raise StateError(f"{self._path} is not a state file of the sandbox")
        return True

    def _read_lines(self, log: BinaryIO) -> list[Change]:
        if not self._header:
            return []
        log.seek(self._offset)
        # Text behind the last newline was cut off by a crash: the lock excludes a write under way.
        whole, newline, _ = log.read().rpartition(b"\n")
        lines = whole.split(b"\n") if newline else []
        changes, total = list[Change](), self._sum
        for line in lines:
            read, total = self._parsed(line, total)
            changes += read
        self._sum = total
        self._offset += len(whole) + len(newline)
        self._changes += len(changes)
        log.truncate(self._offset)
        return changes

    def _parsed(self, line: bytes, before: int) -> tuple[list[Change], int]:
        read = SUM.fullmatch(line)
        try:
            if read is None or (total := crc32(read[2], before)) != int(read[1], 16):
                raise ValueError("the checksum is wrong")
            return _changes(json.loads(read[2])), total
        except (ValueError, RecursionError) as error:
            self._restart()
            raise StateError(
                f"{self._path} holds a line that is damaged or not of the sandbox"
            ) from error


def _header() -> bytes:
    return HEADER_START + os.urandom(8).hex().encode() + HEADER_END


def _is_truncated_header(start: bytes) -> bool:
    known = HEADER_START[: len(start)]
    return len(start) < HEADER_LENGTH and start.startswith(known) and b"\n" not in start


def _changes(line: object) -> list[Change]:
    match line:
        case [*entries]:
            return [_change(entry) for entry in entries]
    raise ValueError("not an array")


def _change(entry: object) -> Change:
    match entry:
        case [str(kind), str(key), dict() | None as value]:
            return kind, key, value
    raise ValueError("neither an object nor a removal")


def _line(changes: list[Change], before: int) -> tuple[bytes, int]:
    """A line and its checksum, which continues that of the line before."""
    content = json.dumps(changes, separators=(",", ":")).encode()
    total = crc32(content, before)
    return b'["%08x",%s]\n' % (total, content), total
