"""One run at a time: the lock that an apply holds from before its first write to after its last.

What it costs is four writes (two tags made, two deleted), one list when it is taken and one before
each further phase; twice the writes for a plan that takes protection away, which holds the
account's lock as well. `ztctl.engine.lock_flows` says why no two runs can hold it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from ztctl.core.model.calls import CallFailed, Flow
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Phase, Plan, StepId
from ztctl.core.runs.locks import ACCOUNT, DOOR, LEASE, Holder, LockState, Obstacle, Scope, scope_of
from ztctl.engine.companion import Companion, Verdict, Work
from ztctl.engine.drive import Api, Sleep, drive
from ztctl.engine.lock_flows import HeldTags, Now, check, give_back, look, renew, take

T = TypeVar("T")
Note = Callable[[str], None]

# A flag is renewed once a third of its time has passed.
RENEWED_AFTER: Final = LEASE / 3
ROUND: Final = 60.0
# Seconds between two looks at a lock that others hold, and the most of them.
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 15.0
# What a person who leaves at once is kept waiting for, and everybody else.
CLEANUP_TIMEOUT_INTERRUPTED: Final = 3.0
PATIENCE: Final = 20.0

ZERO_TRUST_MISSING: Final = 9999
_FREE_OF_ACCESS = frozenset({Phase.TUNNEL, Phase.DNS})


class Locked(Failure):
    """Somebody else is at work; nothing was changed."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(told(obstacle), _remedy(obstacle))
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class LockOptions:
    """How a lock is taken; clock, sleep and chance by parameter.

    Attributes:
        wait: seconds to wait for others.
        note: told in a line what a person should know.
        stop: set when the run is to end; waiting ends, too.
        now: seconds since 1970.
    """

    wait: float = 0.0
    note: Note = lambda _: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    now: Now = time.time
    sleep: Sleep = asyncio.sleep


class Lock(Companion):
    """Holds the stack's lock while a run writes; stops the run when it is no longer its own."""

    def __init__(self, api: Api, holder: Holder, manners: LockOptions | None = None) -> None:
        self._api = api
        self._manners = manners or LockOptions()
        self._grip = HeldTags(holder)
        self._scopes: tuple[Scope, ...] = ()
        self._held = False
        self._lost: CallFailed | None = None
        self._entered: set[tuple[bool, Phase]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self._told = ""

    @property
    def waited(self) -> bool:
        """True when somebody else had the lock before: what was planned may be done by now."""
        return bool(self._told)

    async def begin(self, plan: Plan) -> None:
        """Take the lock; a plan that takes protection away takes the account's, too.

        Raises:
            Locked: somebody else has it, and the time to wait is over.
            CallFailed: it cannot be told.
        """
        if plan.is_empty:
            return
        narrows = any(step.uncovers for step in plan.steps)
        self._scopes = (scope_of(plan.stack), *((ACCOUNT,) if narrows else ()))
        try:
            self._held = await self._taken()
        except CallFailed as failure:
            if not _without_access(plan) or not _cannot_lock(failure):
                raise
            self._manners.note(
                f"going on without a lock, for which there is no permission: {failure.summary}"
            )
        if self._held:
            self._keeper = asyncio.ensure_future(self._keep())

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """Look at the lock before each phase; once it is lost, every step fails unsent."""
        if not self._held:
            return {}
        async with self._one_at_a_time:
            failure = await self._checked({_phase(item) for item in work})
        return {} if failure is None else {item.step.id: failure for item in work}

    async def end(self, outcome: Outcome | None) -> None:
        """Give the lock back, as far as the service can be reached in a few seconds."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        grip = self._grip
        if not (grip.flags or grip.doors):
            return
        try:
            async with asyncio.timeout(
                PATIENCE if outcome is not None else CLEANUP_TIMEOUT_INTERRUPTED
            ):
                # A lock that others have by now is theirs, door and all.
                await self._drive(give_back(grip, doors=self._lost is None))
        except (CallFailed, TimeoutError):
            until = max((flag.until for flag in grip.flags), default=None)
            ending = f"ends by itself at {_clock(until)}" if until else "ends by itself in minutes"
            self._manners.note(f"the lock may still be there: it {ending}, or by ztctl unlock")

    # -- taking -----------------------------------------------------------------------------

    async def _taken(self) -> bool:
        """Whether the lock was taken; false when a person stopped the run while it waited.

        Raises:
            Locked: when the time to wait is over.
        """
        manners = self._manners
        last = manners.now() + manners.wait
        while not manners.stop.is_set():
            obstacle = await self._drive(take(self._grip, self._scopes, manners.now))
            if obstacle is None:
                return True
            await self._wait(obstacle, last)
        return False

    async def _wait(self, obstacle: Obstacle, last: float) -> None:
        manners, found, pause = self._manners, obstacle, FIRST_PAUSE
        while not manners.stop.is_set():
            left = last - manners.now()
            if left <= 0:
                raise Locked(found)
            self._tell(found, left)
            await self._pause(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
            seen = await self._drive(look())
            still = seen.obstacle(self._scopes, self._grip.holder, manners.now())
            if still is None:
                return
            found = still

    def _tell(self, obstacle: Obstacle, left: float) -> None:
        words = told(obstacle)
        if words != self._told:
            self._told = words
            self._manners.note(f"waiting for at most {left:.0f} s: {words}")

    async def _pause(self, seconds: float) -> None:
        rest = asyncio.ensure_future(self._manners.sleep(seconds))
        stopped = asyncio.ensure_future(self._manners.stop.wait())
        await asyncio.wait({rest, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (rest, stopped):
            task.cancel()

    # -- holding ----------------------------------------------------------------------------

    async def _checked(self, phases: set[tuple[bool, Phase]]) -> CallFailed | None:
        """Why nothing may be written now, ``None`` when it may."""
        if self._lost is None and not self._grip.may_write(self._manners.now()):
            self._lost = _lost("it has ended, because it could not be renewed in time")
        if self._lost is None and not phases <= self._entered:
            # Before the first phase the lock has just been looked at, when it was taken.
            failure = await self._look() if self._entered else None
            if failure is not None:
                return failure
            self._entered |= phases
        return self._lost

    async def _look(self) -> CallFailed | None:
        try:
            self._judge(await self._drive(check(self._grip)))
        except CallFailed as failure:
            return failure
        return self._lost

    def _judge(self, seen: LockState | None) -> None:
        if seen is None:
            return
        obstacle = seen.obstacle(self._scopes, self._grip.holder, self._manners.now())
        now = f"; {told(obstacle)}" if obstacle is not None and obstacle.flag else ""
        self._lost = _lost(f"somebody has taken it away{now}")

    async def _keep(self) -> None:
        """Renew the lock before it ends, until the run is over."""
        while self._lost is None:
            await self._manners.sleep(ROUND)
            async with self._one_at_a_time:
                if self._is_due():
                    # What fails is tried again; in the end the lock is lost, and the run stops.
                    with contextlib.suppress(CallFailed):
                        self._judge(
                            await self._drive(renew(self._grip, self._scopes, self._manners.now))
                        )

    def _is_due(self) -> bool:
        now = self._manners.now()
        left = min(flag.until for flag in self._grip.until) - now
        return left < LEASE - RENEWED_AFTER and self._grip.may_write(now)

    async def _drive(self, flow: Flow[T]) -> T:
        return await drive(flow, self._api, sleep=self._manners.sleep)


def told(obstacle: Obstacle) -> str:
    """Who holds a lock since when and until when, in words."""
    since = f" since {_clock(obstacle.since)}" if obstacle.since is not None else ""
    if obstacle.flag is None:
        return f"{obstacle.scope.title} is just being locked or unlocked{since}"
    until = _clock(obstacle.flag.until)
    who = obstacle.flag.holder.who
    return f"{obstacle.scope.title} is locked by {who}{since}, until {until} at least"


def _remedy(obstacle: Obstacle) -> str:
    stack = obstacle.scope.door.removeprefix(f"{DOOR}.") if "." in obstacle.scope.door else "STACK"
    return (
        "wait for it with --lock-wait SECONDS; if that run is dead, "
        f"ztctl unlock --stack {stack} takes its lock away"
    )


def _clock(seconds: float | None) -> str:
    when = datetime.fromtimestamp(seconds or 0.0, UTC)
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _phase(work: Work) -> tuple[bool, Phase]:
    return work.step.id.verb == "delete", work.step.phase


def _without_access(plan: Plan) -> bool:
    return all(step.phase in _FREE_OF_ACCESS for step in plan.steps)


def _cannot_lock(failure: CallFailed) -> bool:
    """The token may not write tags, or the account has no Zero Trust, and so no tags."""
    return failure.status == 403 or failure.has_code(ZERO_TRUST_MISSING)


def _lost(why: str) -> CallFailed:
    return CallFailed(
        None,
        f"the lock is no longer this run's: {why}",
        hint="nothing more is written; apply again when nobody else is at work",
    )
