"""The lock of an apply as the command line takes it, and the second reading of a delicate plan."""

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
class Locking:
    """How a run takes its lock.

    Attributes:
        wait: seconds to wait for others.
        environment: tells who runs this.
        now: the plan from the account as it is then; ``None`` when it reads as it did before.
    """

    wait: float
    environment: Mapping[str, str]
    now: Callable[[], Awaitable[Plan | None]]

    def companions(self, api: Api, view: View, stop: asyncio.Event) -> tuple[Companion, ...]:
        """The lock, and what looks once more behind it."""
        holder = Holder.named(runner(self.environment), secrets.randbelow)
        manners = LockOptions(wait=self.wait, note=view.note, stop=stop)
        lock = Lock(api, holder, manners)
        return lock, StillFits(self.now, lock)


def runner(environment: Mapping[str, str]) -> str:
    """Who runs this: a service of continuous integration, or the person who is logged in."""
    if environment.get("CI", "").lower() not in ("", "0", "false"):
        return "ci"
    names = (environment.get(name) for name in ("USER", "LOGNAME", "USERNAME"))
    return next((name for name in names if name), "")


class StillFits(Companion):
    """Plans once more under the lock after waiting for it, and where others decide what is safe.

    They do where protection goes, and where a name opens that no application of the stack itself
    covers: between the plan and the lock another stack may have begun to lean on the one, or taken
    the other away. Whatever else a plan builds on is the stack's own, and looked at again kind by
    kind before it is written.
    """

    def __init__(self, now: Callable[[], Awaitable[Plan | None]], lock: Lock) -> None:
        self._now = now
        self._lock = lock

    async def begin(self, plan: Plan) -> None:
        """Read again if the plan is one of these, and plan again if the account has changed.

        Raises:
            Outdated: when the plan is not the same any more, or is refused now.
        """
        narrows = any(step.uncovers for step in plan.steps)
        if not (self._lock.waited or narrows or leans(plan)):
            return
        from ztctl.engine.planfile import alike

        now = await self._now()
        if now is not None and (now.refusals or not alike(plan, now)):
            reason = f": {now.refusals[0].reason}" if now.refusals else ""
            raise Outdated(
                f"the account is no longer as it was when the plan was made{reason}",
                "make a new plan and look at it again",
            )


def leans(plan: Plan, kinds: Kinds = KINDS) -> bool:
    """True when a name opens that no application of this stack covers."""
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
