"""``--revoke``: end the sessions of applications to which the run took access away."""

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
from ztctl.kinds.application_sessions import sessions_ended, stands_before

if TYPE_CHECKING:
    from ztctl.engine.drive import Api


async def revoke_sessions(api: Api, plan: Plan, outcome: Outcome) -> Outcome:
    """Revoke the tokens of each application to which a user or group lost access.

    Only the stack's own applications, and only if the run completed the steps that took the access
    away.

    Returns:
        The outcome with the revoked applications; a failed call is a failed step ``revoke``.
    """
    apps = dict(applications_with_loss(plan, outcome))
    results = await asyncio.gather(*(_revoke(api, *app) for app in apps.items()))
    failed = [failure for failure in results if failure is not None]
    kept = {failure.step.address for failure in failed}
    revoked = tuple(address for address in apps if address not in kept)
    return replace(outcome, failed=(*outcome.failed, *failed), revoked=revoked)


def applications_with_loss(plan: Plan, outcome: Outcome) -> Iterator[tuple[Address, Live]]:
    """The stack's own existing applications that protect a host to which access was lost."""
    done = {step.address for step in outcome.done}
    hosts = [change.host for change in plan.access if change.lost and change.by & done]
    for address, live in sorted(outcome.live.items()):
        if stands_before(live, hosts):
            yield address, live


async def _revoke(api: Api, address: Address, live: Live) -> Failed | None:
    try:
        await drive(sessions_ended(live), api)
    except CallFailed as failure:
        step = StepId(address, "revoke")
        return Failed(step, failure.summary, failure.hint, failure.lost)
    return None
