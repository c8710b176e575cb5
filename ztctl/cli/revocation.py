"""``--revoke``: whoever lost entry by a run has to log in again at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ztctl.core.model.address import Address
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Failed, Outcome
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Plan, StepId
from ztctl.engine.drive import drive
from ztctl.kinds.application_sessions import guards, sessions_ended

if TYPE_CHECKING:
    from ztctl.engine.drive import Api

_KIND = "access_application"


async def revoked(api: Api, plan: Plan, outcome: Outcome) -> Outcome:
    """The outcome, once the tokens of each application are revoked of which somebody lost entry.

    Only the stack's own applications, and only as far as the run did what takes entry away; what
    is refused is a failed step ``revoke``.
    """
    chosen = dict(losing(plan, outcome))
    answers = await asyncio.gather(*(_ended(api, live) for live in chosen.values()))
    done = [address for address, failure in zip(chosen, answers, strict=True) if failure is None]
    failed = [
        Failed(StepId(address, "revoke"), failure.summary, failure.hint, failure.lost)
        for address, failure in zip(chosen, answers, strict=True)
        if failure is not None
    ]
    return replace(outcome, failed=(*outcome.failed, *failed), revoked=tuple(done))


def losing(plan: Plan, outcome: Outcome) -> Iterator[tuple[Address, Live]]:
    """The stack's own living applications that guard a host to which somebody lost entry."""
    done = {step.address for step in outcome.done}
    hosts = [change.host for change in plan.access if change.lost and change.by & done]
    for address, live in sorted(outcome.live.items()):
        if address.kind == _KIND and guards(live, hosts):
            yield address, live


async def _ended(api: Api, live: Live) -> CallFailed | None:
    try:
        await drive(sessions_ended(live), api)
    except CallFailed as failure:
        return failure
    return None
