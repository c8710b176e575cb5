"""The journal of a run: a write-ahead log of the writes to the account, and of their results.

A record is synced to disk (``fsync``) before the write that it announces is sent. The file is never
rotated: it grows with the writes to the account and not with time, and it may hold the only copy of
a deleted object. It may be moved away between two runs.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ztctl import __version__
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Problem, Severity
from ztctl.core.model.events import Outcome
from ztctl.core.model.kind import Kinds
from ztctl.core.model.objects import EMPTY
from ztctl.core.model.plan import Plan, StepId
from ztctl.core.runs.journal import (
    HEAD,
    Ending,
    JournalEvent,
    Redact,
    ending_of,
    line_of,
    object_of,
)
from ztctl.core.runs.locks import Holder
from ztctl.engine.companion import Companion, Means, Result, Work
from ztctl.engine.processes import Process

WallClock = Callable[[], datetime]
NewId = Callable[[], str]
Warn = Callable[[Problem], None]

# The most bytes of a line that is read; no object that the API accepts is nearly as large.
LONGEST = 16 * 1024 * 1024
CLOSED = -1
SYMLINK = "it is a symbolic link"

# No symbolic links; a FIFO must not block; child processes must not inherit the file.
_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random run id: ten hexadecimal digits."""
    return os.urandom(5).hex()


@dataclass(frozen=True, slots=True)
class JournalPaths:
    """Path of a journal file: a folder of the user, ztctl's own folders below it, a file name.

    ``own`` folders are created with mode 0700 when they are missing; ``root``, too, when ``own`` is
    not empty.

    Raises:
        Failure: a part of ``own`` or the name is no single path component.
    """

    root: Path
    name: str
    own: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part in (*self.own, self.name):
            if part in ("", ".", "..") or "/" in part or "\0" in part:
                raise Failure(f"{part!r} cannot be the name of a journal or of its folder")

    @property
    def path(self) -> Path:
        """The file's path."""
        return self.root.joinpath(*self.own, self.name)


@dataclass(eq=False)
class Journal(Companion):
    """Record what a run writes. Several runs may append to one file at the same time.

    Attributes:
        place: the file.
        redact: masks values of the environment in every text.
        warn: called once, when the file can no longer be written.
        clock: returns the current time.
        new_id: returns the run's id.
        holder: as whom the run holds the account's lock; by it and by its process the next run of
            this machine tells whether a lock is that of a dead run.
        who: the user who runs it, or ``ci``; empty if unknown.
    """

    place: JournalPaths
    redact: Redact
    warn: Warn
    clock: WallClock = now
    new_id: NewId = new_id
    holder: Holder | None = None
    who: str = ""
    _file: _File | None = field(default=None, init=False)
    _error: str = field(default="", init=False)

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Open the file unless that has been done.

        Raises:
            Failure: it cannot be written, or is not a journal.
        """
        if self._file is None:
            await self.open(plan.account, plan.stack)

    async def open(self, account: str, stack: str) -> None:
        """Open the file and write the first record.

        Raises:
            Failure: it cannot be written, or is not a journal.
        """
        self._run = self.new_id()
        self._run_labels = {"stack": stack, "account": account}
        own: dict[str, Any] = {"version": __version__, "who": self.who}
        process = Process.own()
        if self.holder is not None and process is not None:
            own |= {"lock": str(self.holder), "process": asdict(process)}
        with _as_failure(self.place.path):
            self._file = _File(_open_journal(self.place))
            try:
                self._put(JournalEvent.BEGIN, own)
                await self._file.sync()
            except OSError:
                self._close()
                raise

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, CallFailed]:
        """Record and sync the announced writes; fail every step if that is not possible."""
        with self._io_errors_handled():
            for item in work:
                foreign: dict[str, Any] = {"before": object_of(item.live) if item.live else None}
                if item.change.others:
                    foreign["others"] = [object_of(other) for other in item.change.others]
                self._put_step(JournalEvent.ABOUT, item, {}, foreign)
            if self._file is not None:
                await self._file.sync()
        if self._file is not None:
            return {}
        failure = CallFailed(None, "not sent, because the run has ended")
        if self._error:
            failure = CallFailed(
                None,
                f"not sent, because the journal cannot be written: {self._error}",
                hint="make it writable, or name another by --journal, and apply again",
            )
        return {item.step.id: failure for item in work}

    async def after(self, work: Work, result: Result) -> None:
        """Record the result; synced by the next announcement or at the end."""
        with self._io_errors_handled():
            if isinstance(result, CallFailed):
                own, foreign = {"lost": result.lost}, {"reason": result.summary}
                self._put_step(JournalEvent.FAILED, work, own, foreign)
            else:
                self._put_step(JournalEvent.DONE, work, {}, {"id": result.id} if result else {})

    async def end(self, outcome: Outcome | None) -> None:
        """Write and sync the last record; close the file."""
        await self._end(ending_of(outcome), outcome)

    async def abandon(self) -> None:
        """Close the file of a run that did not come to write anything; nothing once it ended."""
        await self._end(Ending.NOTHING, None)

    async def _end(self, ending: Ending, outcome: Outcome | None) -> None:
        own: dict[str, Any] = {"how": ending.value}
        if outcome is not None:
            for name in ("done", "failed", "skipped", "not_started"):
                own[name] = len(getattr(outcome, name))
        with self._io_errors_handled():
            self._put(JournalEvent.END, own)
            if self._file is not None:
                await self._file.sync()
        self._close()

    def _put_step(
        self, event: JournalEvent, work: Work, own: Mapping[str, Any], foreign: Mapping[str, Any]
    ) -> None:
        own = {"verb": work.step.id.verb, "action": work.change.action.value, **own}
        self._put(event, own, {"address": str(work.step.id.address), **foreign})

    def _put(
        self, event: JournalEvent, own: Mapping[str, Any], foreign: Mapping[str, Any] = EMPTY
    ) -> None:
        if self._file is None:
            return
        time = self.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        head = {"run": self._run, "time": time, **own}
        self._file.append(line_of(event, head, {**self._run_labels, **foreign}, self.redact))

    @contextmanager
    def _io_errors_handled(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._file is None:
                return
            self._error = _reason(error)
            self._close()
            self.warn(
                Problem(
                    f"the journal {self.place.path} cannot be written any more: {self._error}",
                    hint="no further write is sent; what was done stays done",
                    severity=Severity.WARNING,
                )
            )

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _File:
    """A file to which whole lines are appended; concurrent callers share one ``fsync``."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._written = 0
        self._synced = 0
        self._sync_lock = asyncio.Lock()

    def append(self, line: bytes) -> None:
        """Append a line unbuffered, on a line of its own even after an incomplete one.

        Raises:
            OSError: not all of it was written.
        """
        size = os.fstat(self.descriptor).st_size
        if size and os.pread(self.descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(self.descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._written += 1

    async def sync(self) -> None:
        """Wait until everything appended so far is on disk.

        Raises:
            OSError: the sync failed, or the file was closed meanwhile.
        """
        target = self._written
        async with self._sync_lock:
            if self._synced < target:
                if self.descriptor == CLOSED:
                    raise OSError(errno.EBADF, os.strerror(errno.EBADF))
                # Read just before the call: it covers lines that were appended while waiting for
                # the previous one, so that their callers need no further sync.
                covered = self._written
                await asyncio.to_thread(os.fsync, self.descriptor)
                self._synced = covered

    def close(self) -> None:
        """Close the file; callers that wait in `sync` get an OSError."""
        os.close(self.descriptor)
        # The system may reuse the number: a late sync must not reach another file.
        self.descriptor = CLOSED


def lines(path: Path) -> Iterator[bytes]:
    """Read a journal's lines; one longer than LONGEST becomes a line that is no record.

    Raises:
        Failure: the file does not exist, is no regular file, or cannot be read.
    """
    with _as_failure(path, "read"), open(os.open(path, os.O_RDONLY | _SAFE), "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Failure(f"{path} is no file")
        yield from _bounded_lines(file)


def journals(root: Path, own: str) -> list[Path]:
    """Paths of all journals at the default location, below ``root/own``, sorted by name."""
    return sorted(path for path in (root / own).glob("*/*.jsonl") if not path.is_symlink())


def _bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.readline(LONGEST):
        if piece.endswith(b"\n") or len(piece) < LONGEST:
            yield piece
            continue
        while piece and not piece.endswith(b"\n"):
            piece = file.readline(LONGEST)
        yield b"too long"


def _open_journal(place: JournalPaths) -> int:
    """Open the file, creating what is missing; no symbolic link is followed below ``root``.

    Each folder is opened relative to its parent's descriptor (``openat``), so that none can be
    replaced by a link between check and use.
    """
    if place.own:
        place.root.mkdir(parents=True, exist_ok=True)
    folder = os.open(place.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in place.own:
            inner = _open_folder(name, folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _SAFE
        descriptor = os.open(place.name, flags, 0o600, dir_fd=folder)
        _close_on_error(_check, descriptor)
        # The directory entry must survive a power loss, too. Not every file system can sync a
        # directory.
        with suppress(OSError):
            os.fsync(folder)
    finally:
        os.close(folder)
    return descriptor


def _open_folder(name: str, folder: int) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=folder)
    _close_on_error(partial(_make_private, mode=0o700), inner)
    return inner


def _close_on_error(check: Callable[[int], None], descriptor: int) -> None:
    try:
        check(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _check(descriptor: int) -> None:
    """Require a regular file that begins as a journal does; make it private to its owner."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    start = os.pread(descriptor, len(HEAD), 0).partition(b"\n")[0]
    if not HEAD.startswith(start):
        raise OSError(errno.EINVAL, "it holds something else")
    _make_private(descriptor, 0o600)


def _make_private(descriptor: int, mode: int) -> None:
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to somebody else")
    if stat.S_IMODE(found.st_mode) & 0o077:
        os.fchmod(descriptor, mode)


@contextmanager
def _as_failure(path: Path, verb: str = "write") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "name another file by --journal" if verb == "write" else ""
        what = f"cannot {verb} the journal {path}: {_reason(error)}"
        raise Failure(what, hint) from error


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return SYMLINK
    return (error.strerror or str(error)).lower()
