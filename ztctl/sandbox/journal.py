"""One state file: a log of JSON lines, one line a request, replayed on open.

A line holds every object that the request changed, whole, or null for a removed one; so a line
that a crash tore off takes a whole request with it and never half of one. It begins with a
checksum of itself and of all lines before it: whatever else happens to a line, the file is
refused, and left as it is. The file is made readable by its owner only, since it holds tunnel
secrets and private CA keys.
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
SPARE = 1000


class FileJournal:
    """A log that several processes may share.

    Nothing stays open between requests. A lock file beside the log keeps the processes apart.
    The log may be replaced by a shorter one that says the same: its header then names a new log.
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
        """Keep every other process out until the block ends."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def news(self) -> tuple[bool, list[Change]]:
        """What was appended since the last look; True when it is everything there is.

        A torn last line is cut off. Raises StateError when the file is no log of the sandbox.
        """
        seen = self._look()
        if seen == self._seen:
            return False, []
        if seen is None:
            self._forget()
            return True, []
        with self._path.open("r+b") as log:
            afresh = self._enter(log)
            changes = self._read(log)
        self._seen = self._look()
        return afresh, changes

    def append(self, changes: list[Change], living: int) -> bool:
        """Write one line; True when most of the log is history."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        header = self._header or _header()
        line, total = _line(changes, self._sum if self._header else crc32(header))
        written = line if self._header else header + line
        with os.fdopen(descriptor, "wb") as log:
            log.write(written)
        # Only now: a write that a full disk cut short must be read, and cut off, again.
        self._header, self._sum = header, total
        self._offset += len(written)
        self._seen = self._look()
        self._changes += len(changes)
        return self._changes > SPARE + 2 * living

    def rewrite(self, live: Iterator[Change], living: int) -> None:
        """Replace the log by one that says only what lives."""
        shorter = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(shorter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        header = _header()
        total = crc32(header)
        with os.fdopen(descriptor, "wb") as log:
            offset = log.write(header)
            for change in live:
                line, total = _line([change], total)
                offset += log.write(line)
            log.flush()
            os.fsync(descriptor)
        shorter.replace(self._path)
        self._header, self._offset, self._sum, self._changes = header, offset, total, living
        self._seen = self._look()

    def _forget(self) -> None:
        self._header = b""
        self._offset = 0
        self._sum = 0
        self._changes = 0
        self._seen = None

    def _look(self) -> tuple[int, int, int] | None:
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return None
        return now.st_ino, now.st_size, now.st_mtime_ns

    def _enter(self, log: BinaryIO) -> bool:
        """Whether this is another log than the one read so far."""
        header = log.read(HEADER_LENGTH)
        if header == self._header != b"":
            return False
        self._forget()
        if HEADER.fullmatch(header):
            self._header, self._offset, self._sum = header, HEADER_LENGTH, crc32(header)
        elif _torn(header):
            log.truncate(0)
        elif OTHER_VERSION.match(header):
            raise StateError(f"{self._path} is a state file of another version of the sandbox")
        else:
            raise StateError(f"{self._path} is not a state file of the sandbox")
        return True

    def _read(self, log: BinaryIO) -> list[Change]:
        if not self._header:
            return []
        log.seek(self._offset)
        whole, newline, _ = log.read().rpartition(b"\n")
        lines = whole.split(b"\n") if newline else []
        changes, total = list[Change](), self._sum
        for line in lines:
            said, total = self._parsed(line, total)
            changes += said
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
            self._forget()
            raise StateError(
                f"{self._path} holds a line that is damaged or not of the sandbox"
            ) from error


def _header() -> bytes:
    return HEADER_START + os.urandom(8).hex().encode() + HEADER_END


def _torn(start: bytes) -> bool:
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
    """A line, and its checksum, which goes on from that of the line before."""
    said = json.dumps(changes, separators=(",", ":")).encode()
    total = crc32(said, before)
    return b'["%08x",%s]\n' % (total, said), total
