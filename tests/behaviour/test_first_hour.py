"""What a real account does in the first hour: it catches up late, and throttles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account
from tests.support.files import whole
from ztctl.sandbox.settings import Settings

NOT_FOUND = (
    "access.api.error.invalid_request: policy 5c3a06e9-cdce-4975-9b06-03293db87732 not found"
)


def refusal(code: int, message: str) -> dict[str, Any]:
    """The body of a failure."""
    errors = [{"code": code, "message": message}]
    return {"success": False, "errors": errors, "messages": [], "result": None}


@pytest.mark.parametrize("calls", [1, 7])
def test_a_policy_and_a_group_just_made_are_waited_for(account: Account, calls: int) -> None:
    """The first apply of a stack goes through, whatever they are named by."""
    account.sandbox.settings = Settings(new_policy_calls=calls)

    assert account.apply(whole()).is_complete
    assert account.plan(whole()).is_empty


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/access/apps$"), ("PUT", "/access/apps/"), ("GET", "/access/apps$")],
)
def test_what_never_was_is_told_after_a_bounded_time(
    account: Account, method: str, path: str
) -> None:
    """The same text fails in the end, after eight calls at most."""
    account.apply(whole())
    file = whole()
    file["applications"]["ssh.example.com"]["skip_interstitial"] = True
    file["applications"]["two.example.com"] = dict(file["applications"]["ssh.example.com"])
    plan = account.plan(file)
    account.forget_log()
    body = refusal(12130, NOT_FOUND)
    account.sandbox.faults.add(method=method, path=path, times=None, status=400, body=body)

    outcome = account.carry_out(plan)

    assert any("not found" in failed.reason for failed in outcome.failed)
    struck = [log for log in account.sandbox.log if log.method == method and log.status == 400]
    assert len(struck) == 8


def test_a_403_in_mid_run_on_what_worked_before_fails_nothing(account: Account) -> None:
    """One policy is made, and the next one refused as a valid token is when it is throttled."""
    account.apply(whole())
    file = whole()
    file["policies"]["other"] = file["policies"]["team"]
    file["policies"]["third"] = file["policies"]["team"]
    body = refusal(10000, "Authentication error")
    account.sandbox.faults.add(
        method="POST", path="/access/policies$", nth=2, status=403, body=body
    )

    assert account.apply(file).is_complete


def test_a_permission_that_is_lost_fails_after_one_more_call(account: Account) -> None:
    """What stays refused is refused twice, and told."""
    plan = account.plan(whole())
    body = refusal(10000, "Authentication error")
    account.sandbox.faults.add(
        method="POST", path="/access/apps$", times=None, status=403, body=body
    )

    outcome = account.carry_out(plan)

    assert [str(failed.step.address) for failed in outcome.failed] == [
        "access_application.ssh.example.com"
    ]
    assert len([log for log in account.sandbox.log if log.status == 403]) == 2
