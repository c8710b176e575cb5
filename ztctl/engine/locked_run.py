"""One run that writes: its journal, the account's lock, a plan made under it, the execution.

A yes is given to what a plan shows. Others may have written since, so that under the lock the
account is read and planned again, and the run goes on only if that shows the same. What is executed
is the plan that was made under the lock, and what its reading found counts as looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from ztctl.core.model.events import Outcome
from ztctl.core.model.kind import Kinds
from ztctl.core.model.plan import Plan
from ztctl.engine.companion import Companion, Means
from ztctl.engine.execute import execute
from ztctl.engine.journal import Journal
from ztctl.engine.lock import Lock
from ztctl.engine.recheck import Recheck


@dataclass(eq=False)
class LockedRun:
    """A run of one stack in one account.

    Attributes:
        plan_under_lock: reads and plans; raises where that is not what somebody said yes to.
        around: companions that wait for the edge and look at it.
        plan: the plan that was shown, then the one that was made under the lock.
    """

    account: str
    stack: str
    kinds: Kinds
    journal: Journal
    lock: Lock
    plan_under_lock: Callable[[], Awaitable[Plan]]
    around: tuple[Companion, ...] = ()
    plan: Plan | None = None

    async def __call__(self, means: Means) -> Outcome | None:
        """Run; ``None`` when it was stopped before there was a plan.

        Raises:
            Locked, Outdated: another run is at work, or was; nothing was changed.
            Failure, Failures, CallFailed, Problems: the run did not come to write.
        """
        aborted = False
        # Before the flag: it is by the journal that a dead run's flag is known.
        await self.journal.open(self.account, self.stack)
        try:
            return await self._run(means)
        except asyncio.CancelledError:
            aborted = True
            raise
        finally:
            await self.lock.release(aborted=aborted)
            await self.journal.abandon()

    async def _run(self, means: Means) -> Outcome | None:
        await self.lock.take(means)
        began = means.clock()
        if not means.stop.is_set():
            self.plan = await self.plan_under_lock()
            await self.lock.confirm()
        if self.plan is None:
            return None
        # Waiting for the edge comes first, so that every look is made after the wait. The lock's
        # look is the last before the request; the journal's record is written right before it.
        around = (*self.around, Recheck(began), self.lock, self.journal)
        return await execute(self.plan, self.kinds, replace(means, around=around))
