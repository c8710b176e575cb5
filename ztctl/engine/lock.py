"""The lock that an apply holds from before its first write until after its last.

It costs four writes (two tags created, two deleted), one list when it is taken and one before each
further phase; twice the writes for a plan that removes protection, which holds the account lock as
well. The protocol, and why it is mutually exclusive, is described in `ztctl.engine.lock_flows`.
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
from ztctl.core.runs.locks import ACCOUNT, LEASE, Holder, LockState, Obstacle, Scope, scope_of
from ztctl.engine.companion import Companion, Verdict, Work
from ztctl.engine.drive import Api, Sleep, drive
from ztctl.engine.lock_flows import HeldTags, Now, acquire, check, read_locks, release, renew

T = TypeVar("T")
Note = Callable[[str], None]

# Seconds after which a lease is renewed; the rest of its time is left for retries.
RENEW_AFTER: Final = LEASE / 3
# Seconds between two checks whether a renewal is due.
RENEWAL_POLL: Final = 60.0
# Seconds between two polls of a lock that another run holds; the interval grows up to the second.
MIN_POLL_INTERVAL: Final = 2.0
MAX_POLL_INTERVAL: Final = 15.0
# Seconds for releasing the lock at the end: after a second Ctrl-C a person waits for it.
CLEANUP_TIMEOUT_INTERRUPTED: Final = 3.0
CLEANUP_TIMEOUT: Final = 20.0

# The API's error code for an account without Zero Trust.
ZERO_TRUST_MISSING: Final = 9999
_WITHOUT_ACCESS = frozenset({Phase.TUNNEL, Phase.DNS})


class Locked(Failure):
    """Another run holds the lock; nothing was changed."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(describe(obstacle), _remedy(obstacle))
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class LockOptions:
    """How a lock is taken; clock and sleep are injected.

    Attributes:
        wait: seconds to wait for another run to release the lock.
        note: called with each message for the user, one line.
        stop: set when the run is to end; waiting for the lock ends, too.
        now: returns seconds since 1970.
        sleep: as ``asyncio.sleep``.
    """

    wait: float = 0.0
    note: Note = lambda _: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    now: Now = time.time
    sleep: Sleep = asyncio.sleep


class Lock(Companion):
    """Hold the stack's lock while a run writes; fail its steps once the lock is lost."""

    def __init__(self, api: Api, holder: Holder, options: LockOptions | None = None) -> None:
        self._api = api
        self._options = options or LockOptions()
        self._tags = HeldTags(holder)
        self._scopes: tuple[Scope, ...] = ()
        self._held = False
        self._lost: CallFailed | None = None
        self._phases_begun: set[tuple[bool, Phase]] = set()
        # A renewal replaces flags: a check at the same time would miss the old ones.
        self._exclusive = asyncio.Lock()
        self._renewer: asyncio.Task[None] | None = None
        self._announced = ""

    @property
    def waited(self) -> bool:
        """True when another run held the lock first: it may have done what was planned."""
        return bool(self._announced)

    async def begin(self, plan: Plan) -> None:
        """Take the stack's lock; a plan that removes protection takes the account lock, too.

        Raises:
            Locked: another run holds it, and the time to wait is over.
            CallFailed: the tags cannot be read or written.
        """
        if plan.is_empty:
            return
        removes_protection = any(step.uncovers for step in plan.steps)
        self._scopes = (scope_of(plan.stack), *((ACCOUNT,) if removes_protection else ()))
        try:
            self._held = await self._acquire()
        except CallFailed as failure:
            if not _writes_no_access(plan) or not _cannot_lock(failure):
                raise
            self._options.note(
                f"going on without a lock, for which there is no permission: {failure.summary}"
            )
        if self._held:
            self._renewer = asyncio.ensure_future(self._keep_renewing())

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """Check the lock before each phase; once it is lost, every step fails unsent."""
        if not self._held:
            return {}
        async with self._exclusive:
            failure = await self._check_before_write({_phase(item) for item in work})
        return {} if failure is None else {item.step.id: failure for item in work}

    async def end(self, outcome: Outcome | None) -> None:
        """Release the lock, waiting for the API at most for the clean-up timeout."""
        # Before the release: a later renewal would create a flag that nobody deletes.
        if self._renewer is not None:
            self._renewer.cancel()
            await asyncio.gather(self._renewer, return_exceptions=True)
        tags = self._tags
        if not (tags.flags or tags.mutexes):
            return
        try:
            async with asyncio.timeout(
                CLEANUP_TIMEOUT if outcome is not None else CLEANUP_TIMEOUT_INTERRUPTED
            ):
                # Once the lock is lost, the mutex tag may be another run's.
                await self._drive(release(tags, mutexes=self._lost is None))
        except (CallFailed, TimeoutError):
            until = max((flag.expires_at for flag in tags.flags), default=None)
            ending = f"ends by itself at {_utc(until)}" if until else "ends by itself in minutes"
            self._options.note(f"the lock may still be there: it {ending}, or by ztctl unlock")

    # -- taking -----------------------------------------------------------------------------

    async def _acquire(self) -> bool:
        """Take the lock, waiting for others; false when the run was stopped meanwhile.

        Raises:
            Locked: the time to wait is over.
        """
        options = self._options
        last = options.now() + options.wait
        while not options.stop.is_set():
            obstacle = await self._drive(acquire(self._tags, self._scopes, options.now))
            if obstacle is None:
                return True
            await self._wait_for_release(obstacle, last)
        return False

    async def _wait_for_release(self, obstacle: Obstacle, last: float) -> None:
        options, found, pause = self._options, obstacle, MIN_POLL_INTERVAL
        while not options.stop.is_set():
            left = last - options.now()
            if left <= 0:
                raise Locked(found)
            self._announce(found, left)
            await self._pause(min(pause, left))
            pause = min(pause * 1.5, MAX_POLL_INTERVAL)
            # A list instead of another try: each try that fails costs a write.
            seen = await self._drive(read_locks())
            still = seen.obstacle(self._scopes, self._tags.holder, options.now())
            if still is None:
                return
            found = still

    def _announce(self, obstacle: Obstacle, left: float) -> None:
        text = describe(obstacle)
        if text != self._announced:
            self._announced = text
            self._options.note(f"waiting for at most {left:.0f} s: {text}")

    async def _pause(self, seconds: float) -> None:
        rest = asyncio.ensure_future(self._options.sleep(seconds))
        stopped = asyncio.ensure_future(self._options.stop.wait())
        await asyncio.wait({rest, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (rest, stopped):
            task.cancel()

    # -- holding ----------------------------------------------------------------------------

    async def _check_before_write(self, phases: set[tuple[bool, Phase]]) -> CallFailed | None:
        """Why nothing may be written now, ``None`` when the lock is held.

        The tags are listed once per phase and direction, except before the first one: they were
        listed when the lock was taken.
        """
        if self._lost is None and not self._tags.may_write(self._options.now()):
            self._lost = _lost_failure("it has ended, because it could not be renewed in time")
        if self._lost is None and not phases <= self._phases_begun:
            failure = await self._check_tags() if self._phases_begun else None
            if failure is not None:
                return failure
            self._phases_begun |= phases
        return self._lost

    async def _check_tags(self) -> CallFailed | None:
        try:
            self._note_loss(await self._drive(check(self._tags)))
        except CallFailed as failure:
            return failure
        return self._lost

    def _note_loss(self, seen: LockState | None) -> None:
        if seen is None:
            return
        obstacle = seen.obstacle(self._scopes, self._tags.holder, self._options.now())
        now = f"; {describe(obstacle)}" if obstacle is not None and obstacle.flag else ""
        self._lost = _lost_failure(f"somebody has taken it away{now}")

    async def _keep_renewing(self) -> None:
        """Renew the lock before it expires, until it is lost or the task is cancelled."""
        while self._lost is None:
            await self._options.sleep(RENEWAL_POLL)
            async with self._exclusive:
                if self._is_due():
                    # A failed renewal is retried at the next round. If all fail, `may_write` turns
                    # false before the lease expires, and every further step fails.
                    with contextlib.suppress(CallFailed):
                        self._note_loss(
                            await self._drive(renew(self._tags, self._scopes, self._options.now))
                        )

    def _is_due(self) -> bool:
        now = self._options.now()
        left = min(flag.expires_at for flag in self._tags.current) - now
        return left < LEASE - RENEW_AFTER and self._tags.may_write(now)

    async def _drive(self, flow: Flow[T]) -> T:
        return await drive(flow, self._api, sleep=self._options.sleep)


def describe(obstacle: Obstacle) -> str:
    """Describe who holds a lock, since when and until when (UTC)."""
    since = f" since {_utc(obstacle.since)}" if obstacle.since is not None else ""
    if obstacle.flag is None:
        return f"{obstacle.scope.title} is just being locked or unlocked{since}"
    until = _utc(obstacle.flag.expires_at)
    who = obstacle.flag.holder.who
    return f"{obstacle.scope.title} is locked by {who}{since}, until {until} at least"


def _remedy(obstacle: Obstacle) -> str:
    stack = obstacle.scope.mutex.partition(".")[2] or "STACK"
    return (
        "wait for it with --lock-wait SECONDS; if that run is dead, "
        f"ztctl unlock --stack {stack} takes its lock away"
    )


def _utc(seconds: float | None) -> str:
    when = datetime.fromtimestamp(seconds or 0.0, UTC)
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _phase(work: Work) -> tuple[bool, Phase]:
    return work.step.id.verb == "delete", work.step.phase


def _writes_no_access(plan: Plan) -> bool:
    return all(step.phase in _WITHOUT_ACCESS for step in plan.steps)


def _cannot_lock(failure: CallFailed) -> bool:
    """Whether the token may not write tags, or the account has no Zero Trust, hence no tags."""
    return failure.status == 403 or failure.has_code(ZERO_TRUST_MISSING)


def _lost_failure(why: str) -> CallFailed:
    return CallFailed(
        None,
        f"the lock is no longer this run's: {why}",
        hint="nothing more is written; apply again when nobody else is at work",
    )
