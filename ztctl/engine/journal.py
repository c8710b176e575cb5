"""The journal of a run: a file to which each write is told before it goes out, and after.

A line is on the disk before the write that it tells of is sent. Nothing rotates: the file grows
by what is written to the account and not by time, and what it holds may be all that is left of an
object. It may be moved away between two runs.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ztctl import __version__
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Problem, Severity
from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Plan, StepId
from ztctl.core.runs.journal import HEAD, JournalEvent, Redact, ending_of, line_of, object_of
from ztctl.engine.companion import Companion, Result, Work

Now = Callable[[], datetime]
NewId = Callable[[], str]
Tell = Callable[[Problem], None]

# Bytes of a line that is read; no object that the service takes comes near.
LONGEST = 16 * 1024 * 1024
CLOSED = -1
SYMLINK = "it is a symbolic link"

_SAFE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def new_id() -> str:
    """Ten hexadecimal digits by chance, which name a run."""
    return os.urandom(5).hex()


@dataclass(frozen=True, slots=True)
class JournalPaths:
    """Where a journal is: folders of ztctl's own below a folder of the person's, and a file.

    ``own`` folders are made when they are missing, for their owner alone; ``root`` too when
    there are any of them.
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
        """The file."""
        return self.root.joinpath(*self.own, self.name)


class Journal(Companion):
    """Writes down what a run does. Several runs may append to one file.

    Args:
        place: the file.
        redact: masks values of the environment in every text.
        tell: told once, when the file cannot be written any more.
        clock: the time.
        new_id: names the run.
    """

    def __init__(
        self,
        place: JournalPaths,
        redact: Redact,
        tell: Tell,
        *,
        clock: Now = now,
        new_id: NewId = new_id,
    ) -> None:
        self._place = place
        self._redact = redact
        self._tell = tell
        self._clock = clock
        self._run = new_id()
        self._whose: dict[str, str] = {}
        self._file: _File | None = None
        self._trouble = "the run has ended"

    async def begin(self, plan: Plan) -> None:
        """Open the file and write the first line.

        Raises:
            Failure: when it cannot be written, or is something else than a journal.
        """
        self._whose = {"stack": plan.stack, "account": plan.account}
        with _explained(self._place.path):
            self._file = _File(_opened(self._place))
            try:
                self._put(
                    JournalEvent.BEGIN, {"version": __version__, "steps": len(plan.steps)}, {}
                )
                await self._file.settle()
            except OSError:
                self._close()
                raise

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, CallFailed]:
        """Tell what is about to be done; nothing goes out that is not written down."""
        try:
            for item in work:
                own, foreign = _about(item)
                self._put(JournalEvent.ABOUT, own, foreign)
            if self._file is not None:
                await self._file.settle()
        except OSError as error:
            self._lose(error)
        if self._file is not None:
            return {}
        return {item.step.id: self._held() for item in work}

    async def after(self, work: Work, result: Result) -> None:
        """Tell what came of it."""
        own: dict[str, Any] = {"verb": work.step.id.verb, "action": work.change.action.value}
        foreign: dict[str, Any] = {"address": str(work.step.id.address)}
        event = JournalEvent.DONE
        if isinstance(result, CallFailed):
            event = JournalEvent.FAILED
            own["lost"] = result.lost
            foreign["reason"] = result.summary
        elif result is not None:
            foreign["id"] = result.id
        with self._losing():
            self._put(event, own, foreign)

    async def end(self, outcome: Outcome | None) -> None:
        """Write the last line and close the file."""
        own: dict[str, Any] = {"how": ending_of(outcome).value}
        if outcome is not None:
            for name in ("done", "failed", "skipped", "not_started"):
                own[name] = len(getattr(outcome, name))
        with self._losing():
            self._put(JournalEvent.END, own, {})
            if self._file is not None:
                await self._file.settle()
        self._close()

    def _put(self, event: JournalEvent, own: Mapping[str, Any], foreign: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        time = self._clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {"run": self._run, "time": time, **own}
        self._file.append(line_of(event, said, {**self._whose, **foreign}, self._redact))

    @contextmanager
    def _losing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        if self._file is None:
            return
        self._trouble = _reason(error)
        self._close()
        self._tell(
            Problem(
                f"the journal {self._place.path} cannot be written any more: {self._trouble}",
                hint="no further write is sent; what was done stays done",
                severity=Severity.WARNING,
            )
        )

    def _held(self) -> CallFailed:
        return CallFailed(
            None,
            f"not sent, because the journal cannot be written: {self._trouble}",
            hint="make it writable, or name another by --journal, and apply again",
        )

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _about(work: Work) -> tuple[dict[str, Any], dict[str, Any]]:
    own = {"verb": work.step.id.verb, "action": work.change.action.value}
    foreign: dict[str, Any] = {
        "address": str(work.step.id.address),
        "before": _object(work.live),
    }
    if work.change.others:
        foreign["others"] = [_object(other) for other in work.change.others]
    return own, foreign


def _object(live: Live | None) -> Mapping[str, Any] | None:
    return object_of(live) if live is not None else None


class _File:
    """A file to which whole lines are appended; waiting for the disk is shared."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._written = 0
        self._settled = 0
        self._turn = asyncio.Lock()

    def append(self, line: bytes) -> None:
        """Write a line at once; it never continues one that a kill tore off.

        Raises:
            OSError: when not all of it could be written.
        """
        size = os.fstat(self.descriptor).st_size
        if size and os.pread(self.descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(self.descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._written += 1

    async def settle(self) -> None:
        """Until all that was written before is on the disk."""
        mine = self._written
        async with self._turn:
            if self._settled < mine:
                if self.descriptor == CLOSED:
                    raise OSError(errno.EBADF, os.strerror(errno.EBADF))
                covered = self._written
                await asyncio.to_thread(os.fsync, self.descriptor)
                self._settled = covered

    def close(self) -> None:
        """Give the file back; whoever still waits for the disk learns of it."""
        os.close(self.descriptor)
        self.descriptor = CLOSED


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a journal; one that is too long comes as a line that is no record.

    Raises:
        Failure: when there is no such file, or it cannot be read.
    """
    with _explained(path, "read"), open(os.open(path, os.O_RDONLY | _SAFE), "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Failure(f"{path} is no file")
        yield from _bounded(file)


def journals(root: Path, own: str) -> list[Path]:
    """Every journal in the default place, below ``root/own``, in the order of their names."""
    return sorted(path for path in (root / own).glob("*/*.jsonl") if not path.is_symlink())


def _bounded(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.readline(LONGEST):
        if piece.endswith(b"\n") or len(piece) < LONGEST:
            yield piece
            continue
        while piece and not piece.endswith(b"\n"):
            piece = file.readline(LONGEST)
        yield b"too long"


def _opened(place: JournalPaths) -> int:
    """The file, made when it is missing; no symbolic link is followed below ``root``."""
    if place.own:
        place.root.mkdir(parents=True, exist_ok=True)
    folder = os.open(place.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in place.own:
            inner = _entered(name, folder)
            os.close(folder)
            folder = inner
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | _SAFE
        descriptor = os.open(place.name, flags, 0o600, dir_fd=folder)
        _or_closed(_check, descriptor)
        # So that the file itself, and not only what is in it, outlives a loss of power; not
        # every file system can do that.
        with suppress(OSError):
            os.fsync(folder)
    finally:
        os.close(folder)
    return descriptor


def _entered(name: str, folder: int) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | _SAFE, dir_fd=folder)
    _or_closed(partial(_make_private, mode=0o700), inner)
    return inner


def _or_closed(check: Callable[[int], None], descriptor: int) -> None:
    try:
        check(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _check(descriptor: int) -> None:
    """Only a journal is appended to, and only one that nobody else can read."""
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
def _explained(path: Path, verb: str = "write") -> Iterator[None]:
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
