"""The lock that an apply holds from before its first write until after its last.

It costs four writes (two tags created, two deleted), one list when it is taken and one before each
further phase; twice the writes for a plan that removes protection, which holds the account lock as
well. The protocol, and why it is mutually exclusive, is described in `ztctl.engine.lock_flows`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from ztctl.core.model.calls import CallFailed, Flow
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.events import Outcome
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import HostIndex, access_covers
from ztctl.core.model.plan import Phase, Plan, StepId
from ztctl.core.runs.locks import ACCOUNT, LEASE, Holder, LockState, Obstacle, scope_of
from ztctl.engine.companion import Companion, Means, Verdict, Work
from ztctl.engine.drive import drive
from ztctl.engine.lock_flows import HeldTags, Now, acquire, check, read_locks, release, renew
from ztctl.engine.planfile import alike

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


class Outdated(Failure):
    """The account is not as it was when the plan was shown; nothing was changed."""


@dataclass(eq=False)
class Lock(Companion):
    """Hold the stack's lock while a run writes; fail its steps once the lock is lost.

    Attributes:
        wait: seconds to wait for another run to release the lock; ends when the run is stopped.
        note: called with each message for the user, one line.
        now: returns seconds since 1970.
    """

    holder: Holder
    wait: float = 0.0
    note: Note = lambda _: None
    now: Now = time.time

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Take the stack's lock; a plan that removes protection takes the account lock, too.

        Raises:
            Locked: another run holds it, and the time to wait is over.
            CallFailed: the tags cannot be read or written.
        """
        self._means = means
        self._tags = HeldTags(self.holder)
        self._scopes = (scope_of(plan.stack), *((ACCOUNT,) if _removes_protection(plan) else ()))
        self._held = False
        self._lost: CallFailed | None = None
        self._phases_begun: set[tuple[bool, Phase]] = set()
        # A renewal replaces flags: a check at the same time would miss the old ones.
        self._exclusive = asyncio.Lock()
        self._renewer: asyncio.Task[None] | None = None
        # Not empty when another run held the lock first: it may have done what was planned.
        self.waited_for = ""
        if plan.is_empty:
            return
        try:
            self._held = await self._acquire()
        except CallFailed as failure:
            if not _writes_no_access(plan) or not _cannot_lock(failure):
                raise
            self.note(
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
        limit = CLEANUP_TIMEOUT if outcome is not None else CLEANUP_TIMEOUT_INTERRUPTED
        # Once the lock is lost, the mutex tag may be another run's.
        releasing = self._drive(release(tags, mutexes=self._lost is None))
        try:
            # Not `asyncio.timeout`: in a task that was cancelled, as by a second Ctrl-C, it raises
            # CancelledError before Python 3.11.3 (CPython issue 102780).
            await asyncio.wait_for(releasing, limit)
        except (CallFailed, TimeoutError):
            until = max((flag.expires_at for flag in tags.flags), default=None)
            ending = f"ends by itself at {_utc(until)}" if until else "ends by itself in minutes"
            self.note(f"the lock may still be there: it {ending}, or by ztctl unlock")

    # -- taking -----------------------------------------------------------------------------

    async def _acquire(self) -> bool:
        """Take the lock, waiting for others; false when the run was stopped meanwhile.

        Raises:
            Locked: the time to wait is over.
        """
        last = self.now() + self.wait
        while not self._means.stop.is_set():
            obstacle = await self._drive(acquire(self._tags, self._scopes, self.now))
            if obstacle is None:
                return True
            await self._wait_for_release(obstacle, last)
        return False

    async def _wait_for_release(self, found: Obstacle | None, last: float) -> None:
        pause = MIN_POLL_INTERVAL
        while found is not None and not self._means.stop.is_set():
            left = last - self.now()
            if left <= 0:
                raise Locked(found)
            self._announce(describe(found), left)
            await self._pause(min(pause, left))
            pause = min(pause * 1.5, MAX_POLL_INTERVAL)
            # A list instead of another try: each try that fails costs a write.
            found = self._obstacle(await self._drive(read_locks()))

    def _obstacle(self, seen: LockState) -> Obstacle | None:
        return seen.obstacle(self._scopes, self.holder, self.now())

    def _announce(self, text: str, left: float) -> None:
        if text != self.waited_for:
            self.waited_for = text
            self.note(f"waiting for at most {left:.0f} s: {text}")

    async def _pause(self, seconds: float) -> None:
        rest = asyncio.ensure_future(self._means.sleep(seconds))
        stopped = asyncio.ensure_future(self._means.stop.wait())
        await asyncio.wait({rest, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (rest, stopped):
            task.cancel()

    # -- holding ----------------------------------------------------------------------------

    async def _check_before_write(self, phases: set[tuple[bool, Phase]]) -> CallFailed | None:
        """Why nothing may be written now, ``None`` when the lock is held.

        The tags are listed once per phase and direction, except before the first one: they were
        listed when the lock was taken.
        """
        if self._lost is None and not self._tags.may_write(self.now()):
            self._lost = _lost_failure("it has ended, because it could not be renewed in time")
        if self._lost is None and not phases <= self._phases_begun:
            try:
                if self._phases_begun:
                    self._note_loss(await self._drive(check(self._tags)))
            except CallFailed as failure:
                return failure
            self._phases_begun |= phases
        return self._lost

    def _note_loss(self, seen: LockState | None) -> None:
        if seen is None:
            return
        obstacle = self._obstacle(seen)
        now = f"; {describe(obstacle)}" if obstacle is not None and obstacle.flag else ""
        self._lost = _lost_failure(f"somebody has taken it away{now}")

    async def _keep_renewing(self) -> None:
        """Renew the lock before it expires, until it is lost or the task is cancelled."""
        while self._lost is None:
            await self._means.sleep(RENEWAL_POLL)
            async with self._exclusive:
                if self._is_due():
                    # A failed renewal is retried at the next round. If all fail, `may_write` turns
                    # false before the lease expires, and every further step fails.
                    with contextlib.suppress(CallFailed):
                        self._note_loss(
                            await self._drive(renew(self._tags, self._scopes, self.now))
                        )

    def _is_due(self) -> bool:
        now = self.now()
        left = min(flag.expires_at for flag in self._tags.current) - now
        return left < LEASE - RENEW_AFTER and self._tags.may_write(now)

    async def _drive(self, flow: Flow[T]) -> T:
        return await drive(flow, self._means.api, sleep=self._means.sleep)


@dataclass(eq=False)
class ReplanUnderLock(Companion):
    """Plan again under the lock if another stack may have made the plan wrong or unsafe.

    That is so after waiting for the lock; when the plan removes protection, on which another stack
    may rely by now; and when it opens a name that only another stack's application covers, which
    may be deleted by now. Everything else that a plan depends on belongs to the stack itself, and
    is read again before it is written (`ztctl.engine.recheck`).

    Attributes:
        replan: plans again from a fresh reading; ``None`` when the account is unchanged.
    """

    replan: Callable[[], Awaitable[Plan | None]]
    lock: Lock

    async def begin(self, plan: Plan, kinds: Kinds, means: Means) -> None:
        """Compare the plan with a new one, if it is one of these.

        Raises:
            Outdated: the new plan differs, or is refused.
        """
        may_be_wrong = self.lock.waited_for or _removes_protection(plan)
        if not (may_be_wrong or relies_on_others(plan, kinds)):
            return
        now = await self.replan()
        if now is not None and (now.refusals or not alike(plan, now)):
            reason = f": {now.refusals[0].reason}" if now.refusals else ""
            raise Outdated(
                f"the account is no longer as it was when the plan was made{reason}",
                "make a new plan and look at it again",
            )


def relies_on_others(plan: Plan, kinds: Kinds) -> bool:
    """Whether the plan opens a name that no application of this stack covers."""
    covered: set[str] = {name for step in plan.steps for name in step.covers}
    for address, live in plan.live.items():
        if kinds[address.kind].host_part is HostPart.APPLICATION:
            covered |= kinds[address.kind].hosts(live.key, live.values)
    opened = (name for step in plan.steps for name in step.opens)
    index = HostIndex((name, [name]) for name in covered)
    return any(
        not any(access_covers(pattern, name) for pattern in index.meeting([name]))
        for name in opened
    )


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


def _removes_protection(plan: Plan) -> bool:
    return any(step.uncovers for step in plan.steps)


def _writes_no_access(plan: Plan) -> bool:
    return all(step.phase in _WITHOUT_ACCESS for step in plan.steps)


def _cannot_lock(failure: CallFailed) -> bool:
    """Whether the token may not write tags, or the account has no Zero Trust, hence no tags."""
    return failure.is_forbidden or failure.has_code(ZERO_TRUST_MISSING)


def _lost_failure(why: str) -> CallFailed:
    return CallFailed(
        None,
        f"the lock is no longer this run's: {why}",
        hint="nothing more is written; apply again when nobody else is at work",
    )
