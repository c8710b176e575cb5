"""Promises about a plan that machines review: the rules and recipes that are published do it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jq
import pytest

from tests.support.account import Account
from tests.support.files import HOST, host
from tests.support.rego import evaluated
from ztctl.core.model.plan import Plan
from ztctl.views.jsonplan import plan_document

ROOT = Path(__file__).parents[2]
RULES = ROOT / "examples" / "policies"
PAGE = ROOT / "docs" / "guides" / "review.md"
REASON = "the status page, for everybody"


def document(plan: Plan) -> Any:
    """A plan as `--format json` writes it."""
    return json.loads(json.dumps(plan_document(plan, str, "1")))


def denied(plan: Plan, package: str) -> list[str]:
    """What a package of rules has against a plan, sorted."""
    found = evaluated(f"data.ztctl.{package}.deny", RULES.glob("*.rego"), document(plan))
    return sorted(found)


def open_to_all(reason: str) -> dict[str, Any]:
    """A host that everybody reaches, as its file states."""
    site = {"tunnel": "pool", "service": "http://localhost:80", "public": {"reason": reason}}
    return {"tunnels": {"pool": {}}, "hosts": {HOST: site}}


BARE = f"{HOST} is opened to everybody (EVERYONE, no application stands in front) without a reason"


@pytest.mark.parametrize(("reason", "found"), [(REASON, []), ("demo", [BARE])])
def test_nothing_is_opened_without_a_reason(
    reason: str, found: list[str], account: Account
) -> None:
    """One that says something, by a rule that each team makes its own."""
    assert denied(account.plan(open_to_all(reason)), "public") == found


def test_what_is_open_and_stays_so_is_denied(account: Account) -> None:
    """A plan about something else passes no review as long as a host of the stack is open."""
    account.apply(open_to_all(REASON))
    rule = {"hostname": HOST, "service": "http://localhost:80"}
    unsaid = {"tunnels": {"pool": {"ingress": [rule]}}, "dns": {HOST: {"tunnel": "pool"}}}

    (found,) = denied(account.plan(unsaid), "public")

    assert found.startswith(f"{HOST} is open, and stays so: ")


@pytest.mark.parametrize(
    ("session", "longest"), [("8h", True), ("30m", True), ("8h1m", False), (None, False)]
)
def test_no_session_is_longer_than_eight_hours(
    session: str | None, longest: bool, account: Account
) -> None:
    """The one in force counts; where none is stated, the service gives 24 hours."""
    file = host()
    if session is not None:
        file["policies"]["team"]["session_duration"] = session

    assert (denied(account.plan(file), "sessions") == []) is longest


def recipes() -> list[str]:
    """The programs for jq on the page."""
    return re.findall(r"```jq\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_a_recipe_tells_who_gains(account: Account) -> None:
    """The first of the page, on the plan of one new host."""
    found = jq.compile(recipes()[0]).input(document(account.plan(host()))).all()

    assert found == [f"{HOST}: ann@example.com"]


def test_a_recipe_tells_whether_anything_goes(account: Account) -> None:
    """The second of the page: nothing does from nothing, and the host does that is taken out."""
    program = jq.compile(recipes()[1])
    new = account.plan(host())
    account.apply(host())
    gone = account.plan({})

    assert [program.input(document(plan)).first() for plan in (new, gone)] == [False, True]
