"""The lock of an apply, and planning again under the lock where other stacks affect safety."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.identity import HostPart
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import HostIndex, access_covers
from ztctl.core.model.plan import Plan
from ztctl.core.runs.locks import Holder
from ztctl.engine.companion import Companion
from ztctl.engine.lock import Lock, LockOptions
from ztctl.kinds.registry import KINDS

if TYPE_CHECKING:
    from ztctl.engine.drive import Api
    from ztctl.views.view import View


class Outdated(Failure):
    """The account is not as it was when the plan was shown; nothing was changed."""


@dataclass(frozen=True, slots=True)
class LockSettings:
    """How a run takes its lock.

    Attributes:
        wait: seconds to wait for another run to release it.
        environment: names the user.
        replan: plans again from a fresh reading; ``None`` when the account is unchanged.
    """

    wait: float
    environment: Mapping[str, str]
    replan: Callable[[], Awaitable[Plan | None]]

    def companions(self, api: Api, view: View, stop: asyncio.Event) -> tuple[Companion, ...]:
        """The lock, and the check of the plan that follows it."""
        holder = Holder.named(runner(self.environment), secrets.randbelow)
        options = LockOptions(wait=self.wait, note=view.note, stop=stop)
        lock = Lock(api, holder, options)
        return lock, ReplanUnderLock(self.replan, lock)


def runner(environment: Mapping[str, str]) -> str:
    """``ci`` where the variable CI is set, else the name of the user, empty if unknown."""
    if environment.get("CI", "").lower() not in ("", "0", "false"):
        return "ci"
    names = (environment.get(name) for name in ("USER", "LOGNAME", "USERNAME"))
    return next((name for name in names if name), "")


class ReplanUnderLock(Companion):
    """Plan again under the lock if another stack may have made the plan wrong or unsafe.

    That is so after waiting for the lock; when the plan removes protection, on which another stack
    may rely by now; and when it opens a name that only another stack's application covers, which
    may be deleted by now. Everything else that a plan depends on belongs to the stack itself, and
    is read again before it is written (`ztctl.engine.recheck`).
    """

    def __init__(self, replan: Callable[[], Awaitable[Plan | None]], lock: Lock) -> None:
        self._replan = replan
        self._lock = lock

    async def begin(self, plan: Plan) -> None:
        """Compare the plan with a new one, if it is one of these.

        Raises:
            Outdated: the new plan differs, or is refused.
        """
        removes_protection = any(step.uncovers for step in plan.steps)
        if not (self._lock.waited or removes_protection or relies_on_others(plan)):
            return
        from ztctl.engine.planfile import alike

        now = await self._replan()
        if now is not None and (now.refusals or not alike(plan, now)):
            reason = f": {now.refusals[0].reason}" if now.refusals else ""
            raise Outdated(
                f"the account is no longer as it was when the plan was made{reason}",
                "make a new plan and look at it again",
            )


def relies_on_others(plan: Plan, kinds: Kinds = KINDS) -> bool:
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
