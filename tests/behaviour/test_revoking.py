"""Who loses entry is logged out: ``--revoke``, and what comes of it where the service refuses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from io import StringIO

from tests.support.account import Account, at_once
from tests.support.files import HOST, host
from ztctl.cli.revocation import revoke_sessions
from ztctl.cloudflare.client import Client
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Secret
from ztctl.core.runs.journal import Ending, ending_of
from ztctl.engine.execute import execute
from ztctl.kinds.registry import KINDS
from ztctl.sandbox.transport import SandboxTransport
from ztctl.views.factory import make_view

REFUSAL = {
    "success": False,
    "errors": [{"code": 10000, "message": "Authentication error"}],
    "messages": [],
    "result": None,
}
WAIT = (5.0, "the service refuses what it allowed before; trying once more")


@dataclass
class Narrowed:
    """A run by which somebody loses entry, and then the sessions; each wait is noted."""

    plan: Plan
    applied: Outcome
    revoked: Outcome
    waits: list[object]


def narrowed(account: Account) -> Narrowed:
    """Let in somebody else, and end the sessions of who was in, as one run."""
    file = host()
    file["policies"]["team"]["include"] = [{"email": "bob@example.com"}]
    plan = account.plan(file)
    waits: list[object] = []

    async def run() -> Narrowed:
        async with Client(
            Secret("sandbox"),
            account=account.sandbox.account_id,
            transport=SandboxTransport(account.sandbox, sleep=at_once),
            quota=None,
            sleep=at_once,
            on_wait=lambda seconds, why: waits.append((seconds, why)),
        ) as client:
            applied = await execute(plan, KINDS, account.means(client))
            return Narrowed(plan, applied, await revoke_sessions(client, plan, applied), waits)

    return asyncio.run(run())


def told(plan: Plan, outcome: Outcome) -> str:
    """What the person reads at the end."""
    shown = StringIO()
    view = make_view(
        "text", stdout=shown, stderr=StringIO(), color=False, quiet=False, terminal=False,
        redact=str, version="0",
    )  # fmt: skip
    view.outcome(plan, outcome)
    return shown.getvalue()


def refusing(account: Account, times: int | None) -> None:
    """Let the service refuse to end sessions, so often or always."""
    account.sandbox.faults.add(
        method="POST", path="/revoke_tokens", status=403, times=times, body=REFUSAL
    )


def test_a_refused_revocation_names_the_permission(account: Account) -> None:
    """What was applied stays applied; the failure says what the token lacks, after a second try."""
    account.apply(host())
    refusing(account, times=None)

    run = narrowed(account)

    assert run.applied.is_complete
    assert ending_of(run.revoked) is Ending.PARTIAL
    assert f"access_application.{HOST} (revoke)" in told(run.plan, run.revoked)
    assert "Access: Apps and Policies · Edit" in told(run.plan, run.revoked)
    assert run.waits == [WAIT]


def test_a_revocation_that_was_throttled_once_is_done(account: Account) -> None:
    """One refusal of what could be done before is no lack of permission."""
    account.apply(host())
    refusing(account, times=1)

    run = narrowed(account)

    assert run.revoked.is_complete
    assert [str(address) for address in run.revoked.revoked] == [f"access_application.{HOST}"]
    assert run.waits == [WAIT]
