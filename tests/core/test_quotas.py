"""Promises about the limits of an account: said ahead, and never in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.making import EMPTY_ACCOUNT, files, host, plan, zone
from ztctl.core.model.diagnostics import Severity
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Plan
from ztctl.kinds.registry import KINDS
from ztctl.kinds.zone import ZoneAttributes


def others(kind: str, count: int, container: Live | None = None) -> tuple[Live, ...]:
    """Objects of a kind that belong to nobody."""
    return tuple(
        Live(kind, f"{kind}-{n}", f"other-{n}", f"other-{n}", {}, container=container)
        for n in range(count)
    )


def told(found: Plan) -> list[str]:
    """The warnings of a plan that are about limits."""
    return [item.summary for item in found.warnings if " of " in item.summary]


@pytest.mark.parametrize("kind", ["access_application", "access_policy", "tunnel"])
def test_the_last_that_has_room_is_no_warning(kind: str) -> None:
    """Filling an account to its limit is nothing to speak of."""
    account = {**EMPTY_ACCOUNT, kind: others(kind, KINDS[kind].limit - 1)}

    assert told(plan(files(host()), account)) == []


def test_one_too_many_is_said_ahead() -> None:
    """The first object without room is named, with its number and the limit."""
    account = {**EMPTY_ACCOUNT, "access_application": others("access_application", 500)}

    found = plan(files(host()), account)

    assert told(found) == [
        "access_application.ssh.example.com would be Access application 501 of 500"
    ]
    assert found.refusals == ()


def test_several_too_many_are_one_warning() -> None:
    """Many objects without room are told together."""
    account = {**EMPTY_ACCOUNT, "tunnel": others("tunnel", 999)}
    tunnels: dict[str, Any] = {name: {} for name in ("a", "b", "c")}

    found = plan(files({"tunnels": tunnels}), account)

    assert told(found) == ["tunnel.b would be tunnel 1,001 to 1,002 of 1,000"]


def test_an_account_beyond_its_limit_goes_on_counting() -> None:
    """An account that was given more is told the number, not stopped."""
    account = {**EMPTY_ACCOUNT, "access_policy": others("access_policy", 600)}

    found = plan(files(host()), account)

    assert told(found) == ["access_policy.team would be Access policy 601 of 500"]
    assert [item.severity for item in found.warnings] == [Severity.WARNING]


def test_what_makes_nothing_is_not_warned() -> None:
    """A plan without a creation of the kind says nothing, however full the account is."""
    account = {**EMPTY_ACCOUNT, "tunnel": others("tunnel", 2000)}

    policies = {"team": {"decision": "deny", "include": [{"everyone": True}]}}

    assert told(plan(files({"policies": policies}), account)) == []


@pytest.mark.parametrize(("there", "expected"), [(199, []), (200, ["201"])])
def test_records_count_by_zone(there: int, expected: list[str]) -> None:
    """A zone's records are counted against the limit of its plan, those of others not."""
    full = replace(zone("example.com"), attributes=ZoneAttributes(records=200))
    records = others("dns_record", there, full) + others("dns_record", 500, zone("x"))
    account = {**EMPTY_ACCOUNT, "zone": (full,), "dns_record": records}

    found = plan(files(host()), account)

    assert told(found) == [
        f"the zone example.com would have at least {number} of 200 records" for number in expected
    ]
