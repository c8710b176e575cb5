"""The account's lock, which every run that writes holds while it reads, plans and writes.

The protocol. A flag is an Access tag whose name no other run uses (`core.runs.locks`):

    1. raise a flag
    2. list the tags: the lock is held if the own flag is there and no other live one; otherwise
       lower the own flag, wait by chance until no other is seen, and begin again
    3. look like this again before the first write, before each further phase and after each wait
    4. lower the flag

*Mutual exclusion.* Every run raises its flag before it looks. A flag goes only when its holder
lowers it (and no longer writes), when it has expired (the holder stopped writing SKEW seconds
before it by its own clock, others wait SKEW seconds longer by theirs, and no clock differs from the
service's by more), when its process is known to be dead, or by a person. So of two runs that both
looked, the one whose flag was raised last sees the other one's. A list that lags behind changes
nothing of this, as long as it shows the tags of one moment: it counts only if it shows the own
flag, whose name was never used before, hence a moment at which every earlier flag was there, too.

*Who holds it stops for a flag beside the own one*, too, if that stays: two can only stand there
if a list was no picture of one moment. A run that gives way lowers its flag within a few calls.

*Renewal* raises the new flag before it lowers the old one; if the old one is missing by then, a
person has taken the lock away, and the run stops. A flag whose reply was lost is raised once more,
and "already exists" then means that it is this run's own.

A list is one reply as long as the account's tags fit on one page. Beyond that a tag can be missed
between two pages when another one is deleted at that moment, so that a run that misses its own flag
lists again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.plan import Step, StepId
from ztctl.core.runs.locks import LEASE, SKEW, Holder, LockFlag
from ztctl.engine.companion import Companion, Means, Verdict, Work
from ztctl.engine.drive import drive

T = TypeVar("T")
Note = Callable[[str], None]

TAGS: Final = "/accounts/{account}/access/tags"
PERMISSION: Final = "Account · Access: Apps and Policies"
# The API's error code for an account without Zero Trust.
ZERO_TRUST_MISSING: Final = 9999

# Seconds for which a look counts: for the steps that begin together, and for those before which it
# was made ahead, while the writes before were under way. Who waited for the edge looks again.
LOOK_COUNTS: Final = 1.0
# Seconds between two polls of a lock that another run holds; the interval grows up to the second.
MIN_POLL_INTERVAL: Final = 1.0
MAX_POLL_INTERVAL: Final = 10.0
# Lists until the own flag must be there, and seconds between two of them.
LISTS: Final = 4
LIST_INTERVAL: Final = 2.0
# Seconds until a flag beside the own one must be gone: before the first write, when giving way
# costs nothing, and later. The API may block who has to lower it for five minutes (rate limit).
PATIENCE_AT_FIRST: Final = 5.0
PATIENCE: Final = 330.0
# Seconds after which a lease is renewed; the rest of its time is left for retries.
RENEW_AFTER: Final = LEASE / 3
# Seconds between two checks whether a renewal is due.
RENEWAL_POLL: Final = 60.0
# Seconds for lowering the flag at the end: after a second Ctrl-C a person waits for it.
CLEANUP_TIMEOUT_INTERRUPTED: Final = 3.0
CLEANUP_TIMEOUT: Final = 20.0


class Locked(Failure):
    """Another run holds the lock; nothing was changed."""

    def __init__(self, text: str) -> None:
        super().__init__(
            text,
            "wait longer for it with --lock-wait SECONDS; if that run is dead, ztctl unlock takes "
            "its lock away",
        )


class Lost(CallFailed):
    """The lock is no longer this run's."""

    def __init__(self, why: str) -> None:
        super().__init__(
            None,
            f"the lock is no longer this run's: {why}",
            hint="nothing more is written; apply again when nobody else is at work",
        )


class Beside(Lost):
    """Another flag stands beside this run's, and stays; ``text`` says whose."""

    def __init__(self, text: str) -> None:
        super().__init__(f"another flag is there, too; {text}")
        self.text = text


@dataclass(eq=False)
class Lock(Companion):
    """Hold the account's lock while a run writes; fail its steps once the lock is lost.

    Attributes:
        wait: seconds to wait for another run to release the lock; ends when the run is stopped.
        note: called with each message for the user, one line.
        now: returns seconds since 1970.
        skew: seconds by which this machine's clock is ahead of the service's; ``None`` if unknown.
        is_dead: whether a holder is a run of this machine whose process is certainly dead.
        chance: returns a number in [0, 1), by which two that gave way do not meet again.
        patience: seconds for which a flag beside the own one may stay once something was written.
    """

    holder: Holder
    wait: float = 0.0
    note: Note = lambda _: None
    now: Callable[[], float] = time.time
    skew: Callable[[], float | None] = lambda: 0.0
    is_dead: Callable[[Holder], bool] = lambda _: False
    chance: Callable[[], float] = random.random
    patience: float = PATIENCE
    # Flags that this run raised, or may have raised, and those of dead runs: all go at the end.
    _raised: list[LockFlag] = field(default_factory=list, init=False)
    # The minute of the flag that was raised last: no try uses a name again.
    _minute: int = field(default=0, init=False)
    _rest: list[LockFlag] = field(default_factory=list, init=False)
    _dead: set[Holder] = field(default_factory=set, init=False)
    # The flag by which the lock is held.
    _current: LockFlag | None = field(default=None, init=False)
    _lost: Lost | None = field(default=None, init=False)
    # The latest look, with the time at which it was begun.
    _latest: tuple[float, asyncio.Task[None]] | None = field(default=None, init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list, init=False)
    _waited_for: str = field(default="", init=False)
    _since: dict[Holder, float] = field(default_factory=dict, init=False)

    # -- taking -----------------------------------------------------------------------------

    async def take(self, means: Means) -> None:
        """Take the lock, waiting for others; returns without it once the run is stopped.

        Raises:
            Locked: another run holds it, and the time to wait is over.
            Failure: this machine's clock is wrong.
            CallFailed: the tags cannot be read or written.
        """
        self._means = means
        # A renewal replaces the flag: a look at the same time would miss the old one.
        self._exclusive = asyncio.Lock()
        last = self.now() + self.wait
        while not means.stop.is_set():
            try:
                found = await self._raise()
            except CallFailed as failure:
                if not failure.has_code(ZERO_TRUST_MISSING):
                    raise
                self.note("going on without a lock: the account has no Zero Trust, nor tags")
                return
            if not found:
                self._current = self._raised[-1]
                self._start(self._keep_renewing())
                return
            await self._wait_for(found, last)

    async def confirm(self) -> None:
        """Look once more before the first write.

        Raises:
            Locked: another flag stands beside this run's.
            CallFailed: the lock is lost, or the tags cannot be read.
        """
        if self._current is None:
            return
        _, look = self._begin_look(min(self.patience, PATIENCE_AT_FIRST))
        try:
            await look
        except Beside as found:
            raise Locked(found.text) from found

    async def _raise(self) -> Sequence[LockFlag]:
        """Raise a flag and look; gives way to the flags that are returned."""
        self._check_clock()
        flag = LockFlag.new(self.holder, self.now())
        # A list that lags would show the flag of the last try, and what stood beside it then.
        flag = replace(flag, minute=max(flag.minute, self._minute + 1))
        self._minute = flag.minute
        # Recorded before the call: if the reply is lost, `release` still deletes the tag.
        self._raised = [flag]
        try:
            await self._drive(_raise(flag))
        except CallFailed as failure:
            if not failure.lost:
                self._raised.clear()
            raise
        found = await self._look(flag)
        self._check_clock()
        if found:
            await self._drive(lower([flag]))
            self._raised.clear()
        return found

    def _check_clock(self) -> None:
        skew = self.skew() or 0
        if abs(skew) > SKEW:
            side = "ahead of" if skew > 0 else "behind"
            raise Failure(
                f"this machine's clock is {abs(skew):.0f} s {side} the service's, so that no lock "
                "can be taken: whose time is over would be misjudged",
                "set the clock, for example by NTP, and apply again",
            )

    async def _wait_for(self, found: Sequence[LockFlag], last: float) -> None:
        pause = MIN_POLL_INTERVAL
        while found and not self._means.stop.is_set():
            text, left = self.describe(found[0]), last - self.now()
            if left <= 0:
                raise Locked(text)
            if text != self._waited_for:
                self._waited_for = text
                self.note(f"waiting for at most {left:.0f} s: {text}")
            await self._pause(min(pause * (0.5 + self.chance()), left))
            pause = min(pause * 1.5, MAX_POLL_INTERVAL)
            # A list instead of another try: each try that fails costs two writes.
            found = self._others(await self._drive(read_flags()))

    async def _pause(self, seconds: float) -> None:
        rest = asyncio.ensure_future(self._means.sleep(seconds))
        stopped = asyncio.ensure_future(self._means.stop.wait())
        await asyncio.wait({rest, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (rest, stopped):
            task.cancel()

    # -- looking ----------------------------------------------------------------------------

    async def _look(self, own: LockFlag) -> Sequence[LockFlag]:
        """The live flags of others, in a list that shows the own one.

        Raises:
            Lost: no list shows it.
            CallFailed: the tags cannot be read.
        """
        for attempt in range(LISTS):
            if attempt:
                await self._means.sleep(LIST_INTERVAL)
            seen = await self._drive(read_flags())
            if own in seen:
                return self._others(seen)
        found = self._others(seen)
        now = f"; {self.describe(found[0])}" if found else ""
        raise Lost(f"somebody has taken it away{now}")

    def _others(self, seen: Iterable[LockFlag]) -> Sequence[LockFlag]:
        """The live flags of others; the rest of dead runs is remembered."""
        others = [flag for flag in seen if flag.holder != self.holder]
        for flag in others:
            if flag not in self._rest and self._is_dead(flag):
                self._rest.append(flag)
        return [flag for flag in others if flag not in self._rest]

    def _is_dead(self, flag: LockFlag) -> bool:
        # Says nothing of the holder, who may have renewed the lock, unable to lower this flag.
        if flag.has_expired(self.now()) or flag.holder in self._dead:
            return True
        if not self.is_dead(flag.holder):
            return False
        self._dead.add(flag.holder)
        self.note("the run that holds the lock was yours, on this machine, and is dead: taken over")
        return True

    async def _alone(self, patience: float) -> None:
        """Look until no other flag is there.

        Raises:
            Beside: one stays.
            CallFailed: the lock is lost, or the tags cannot be read.
        """
        waited, pause = 0.0, LIST_INTERVAL
        while True:
            async with self._exclusive:
                assert self._current is not None
                if self._lost is not None:
                    raise self._lost
                try:
                    found = await self._look(self._current)
                except Lost as lost:
                    self._lost = self._lost or lost
                    raise
            if not found:
                return
            if waited >= patience or self._means.stop.is_set():
                self._lost = self._lost or Beside(self.describe(found[0]))
                raise self._lost
            await self._pause(pause)
            waited, pause = waited + pause, min(pause * 1.5, MAX_POLL_INTERVAL)

    # -- holding ----------------------------------------------------------------------------

    async def ahead(self, steps: Sequence[Step]) -> None:
        """Look while the last writes of a phase are under way."""
        if self._current is not None and self._lost is None:
            self._begin_look(self.patience)

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """Look before each phase and after each wait; once it is lost, every step fails unsent."""
        if self._current is None:
            return {}
        failure: CallFailed | None = None
        if self._lost is None:
            try:
                await self._looked()
            except CallFailed as unread:
                failure = unread
        failure = self._ended() or failure
        return {} if failure is None else {item.step.id: failure for item in work}

    def withheld(self, call: Call) -> str:
        """Why a write is not to be sent, or not again, since the lock has ended meanwhile.

        A write waits for the rate limit, and is repeated; the machine may have slept.
        """
        if self._current is None or not (call.writes and call.needs_lock):
            return ""
        lost = self._ended()
        return lost.summary if lost else ""

    def _ended(self) -> Lost | None:
        """Why the lock is this run's no more, by its flag and by the clock; for good."""
        if self._lost is None and self._current is not None:
            if abs(self.skew() or 0) > SKEW:
                self._lost = Lost("this machine's clock is wrong by now")
            elif not self._current.may_write(self.now()):
                self._lost = Lost("it has ended, because it could not be renewed in time")
        return self._lost

    async def _looked(self) -> None:
        """Wait for a look that was begun a moment ago, or look now.

        Not one look a phase: a step may have waited for the edge since its phase began.
        """
        known = self._latest
        if known is not None and self._means.clock() - known[0] <= LOOK_COUNTS:
            try:
                await known[1]
                return
            except CallFailed:
                if self._lost is not None:
                    raise
        # Steps that begin together share a look, also one that takes the place of a failed one.
        latest = self._latest
        if latest is None or latest is known:
            latest = self._begin_look(self.patience)
        await latest[1]

    def _begin_look(self, patience: float) -> tuple[float, asyncio.Task[None]]:
        self._latest = self._means.clock(), self._start(self._alone(patience))
        return self._latest

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.append(task)
        return task

    async def _keep_renewing(self) -> None:
        """Renew the lock before it expires, until it is lost or the task is cancelled."""
        while self._lost is None:
            await self._means.sleep(RENEWAL_POLL)
            # A failed renewal is retried at the next round. If all fail, `may_write` turns false
            # before the lease expires, and every further step fails.
            with contextlib.suppress(CallFailed):
                async with self._exclusive:
                    await self._renew()

    async def _renew(self) -> None:
        old, new = self._current, LockFlag.new(self.holder, self.now())
        assert old is not None
        if new.expires_at - old.expires_at < RENEW_AFTER or not old.may_write(self.now()):
            return
        self._raised.append(new)
        await self._drive(_raise(new))
        try:
            await self._look(old)
            await self._look(new)
        except Lost as lost:
            self._lost = lost
            return
        self._current = new
        gone = [flag for flag in self._raised if flag != new]
        await self._drive(lower(gone))
        self._raised = [new]

    # -- lowering ---------------------------------------------------------------------------

    async def release(self, *, aborted: bool = False) -> None:
        """Lower the flag, and those of dead runs; waits at most for the clean-up timeout."""
        # Before the release: a later renewal would raise a flag that nobody lowers.
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._current = None
        flags = [*self._raised, *self._rest]
        if not flags:
            return
        limit = CLEANUP_TIMEOUT_INTERRUPTED if aborted else CLEANUP_TIMEOUT
        try:
            # Not `asyncio.timeout`: in a task that was cancelled, as by a second Ctrl-C, it raises
            # CancelledError before Python 3.11.3 (CPython issue 102780).
            await asyncio.wait_for(self._drive(lower(flags)), limit)
        except (CallFailed, TimeoutError):
            until = _utc(max(flag.expires_at for flag in flags))
            self.note(
                f"the lock may still be there: it ends by itself at {until}, or by ztctl unlock"
            )

    def describe(self, flag: LockFlag) -> str:
        """Describe who holds the lock, for which stack, since when and until when (UTC)."""
        which = "this stack" if flag.holder.stack == self.holder.stack else "another stack"
        # Its holder renews it: what was seen first tells more of since when.
        since = self._since.setdefault(flag.holder, flag.raised_by)
        return f"the account is locked for {which} {describe(flag, since)}"

    async def _drive(self, flow: Flow[T]) -> T:
        return await drive(flow, self._means.api)


def read_flags() -> Flow[tuple[LockFlag, ...]]:
    """Read all flags of the account, expired ones included; one list call."""
    found = yield Call("GET", TAGS, per_page=1000, permission=PERMISSION)
    names = [_name(tag) for tag in found] if isinstance(found, list) else []
    # Each once: pages are no snapshot, and a tag can be on two of them.
    return tuple(flag for name in dict.fromkeys(names) if (flag := LockFlag.parse(name)))


def every_call() -> Flow[None]:
    """Every call of the lock, of a flag that nobody raises: raise, look, lower."""
    flag = LockFlag.new(Holder.named("stack", "nobody", lambda _: 0), 0.0)
    yield from _raise(flag)
    yield from read_flags()
    yield from lower([flag])


def lower(flags: Collection[LockFlag]) -> Flow[None]:
    """Delete flags; missing ones are ignored."""
    paths = [f"{TAGS}/{quote(flag.name, safe='')}" for flag in flags]
    if paths:
        yield tuple(
            Call("DELETE", path, permission=PERMISSION, optional=True, needs_lock=False)
            for path in paths
        )


def _raise(flag: LockFlag) -> Flow[None]:
    try:
        yield from _create(flag)
    except CallFailed as failure:
        if not failure.lost:
            raise
        try:
            yield from _create(flag)
        except CallFailed as again:
            again.lost = True
            raise


def _create(flag: LockFlag) -> Flow[None]:
    """Create a flag; one that exists is this run's own, because no other run uses its name."""
    try:
        yield Call("POST", TAGS, {"name": flag.name}, permission=PERMISSION, needs_lock=False)
    except CallFailed as failure:
        if not failure.says_exists:
            raise


def describe(flag: LockFlag, since: float | None = None) -> str:
    """Describe who holds the lock, since when and until when (UTC)."""
    began = _utc(flag.raised_by if since is None else since)
    return f"by {flag.holder.who}, since {began} or before, until {_utc(flag.expires_at)} at least"


def _name(tag: Any) -> str:
    name = tag.get("name") if isinstance(tag, Mapping) else None
    return name if isinstance(name, str) else ""


def _utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
