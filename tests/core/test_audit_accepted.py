"""Names that somebody has accepted as open, and what takes an acceptance back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.account import Account
from tests.support.audited import DAYS, TEAM, ByHand, audited, auditor
from ztctl.core.reach.acceptance import Acceptance
from ztctl.core.reach.audit import AuditReport
from ztctl.core.reach.audit_rules import Risk

HOST = "www.example.com"
Change = Callable[[ByHand], object]


@pytest.fixture
def hand(tmp_path: Path) -> ByHand:
    """An account with a site for everybody, and an application on a path of it."""
    hand = ByHand(Account(tmp_path))
    hand.host(HOST, service="http://web")
    hand.app(f"{HOST}/admin", TEAM)
    hand.tunnel("other")
    return hand


def accepting(report: AuditReport, until: str = "2026-07-02") -> list[Acceptance]:
    """What ``--write-accept`` writes of a report, with a reason."""
    return [Acceptance(it.host, "a public site", until, it.seen) for it in report.names]


def test_an_accepted_name_is_no_open_door(hand: ByHand) -> None:
    """It is listed as accepted, up to its last day; what is weak of it is still told."""
    before = audited(hand.account)

    report = audited(hand.account, accepting(before))

    assert (before.is_exposed, report.is_exposed) == (True, False)
    assert [it.host for it in report.accepted] == [HOST]
    assert {it.risk for it in report.all_findings} == {Risk.WEAK}


def test_it_is_open_again_when_the_day_is_over(hand: ByHand) -> None:
    """The reason is told, so that somebody can think again."""
    accepted = accepting(audited(hand.account), "2026-07-01")

    (name,) = audited(hand.account, accepted).names

    assert name.risk is Risk.OPEN
    assert name.ended == "was accepted until 2026-07-01: a public site"


def another_service(hand: ByHand) -> None:
    """The tunnel leads the name to another service."""
    hand.rules(HOST, [{"hostname": HOST, "service": "http://other"}])


def another_tunnel(hand: ByHand) -> None:
    """The record leads to a tunnel that serves the name in the same way."""
    hand.rules("other", [{"hostname": HOST, "service": "http://web"}])
    record = hand.account.one("dns_records", name=HOST)
    content = f"{hand.account.one('tunnels', name='other')['id']}.cfargotunnel.com"
    zone = hand.account.one("zones", name="example.com")["id"]
    path = f"/zones/{zone}/dns_records/{record['id']}"
    hand.account.call("PATCH", path, {"content": content})


def no_guard_on_the_path(hand: ByHand) -> None:
    """The application in front of a path goes."""
    app = hand.account.one("apps", name=f"{HOST}/admin")["id"]
    hand.account.call("DELETE", f"{{A}}/access/apps/{app}")


def another_door(hand: ByHand) -> None:
    """The application in front of the path lets everybody in."""
    place = f"{HOST}/admin"
    app = hand.account.one("apps", name=place)["id"]
    bypass = {"name": "all", "decision": "bypass", "include": [{"everyone": {}}]}
    body = {"type": "self_hosted", "name": place, "domain": place, "policies": [bypass]}
    hand.account.call("PUT", f"{{A}}/access/apps/{app}", body)


CHANGES: list[tuple[Change, str]] = [
    (another_service, "service"),
    (another_tunnel, "tunnel"),
    (no_guard_on_the_path, "cover"),
    (another_door, "cover"),
]


@pytest.mark.parametrize(("change", "what"), CHANGES, ids=lambda it: getattr(it, "__name__", it))
def test_it_is_open_again_when_something_changed(hand: ByHand, change: Change, what: str) -> None:
    """Another tunnel, service or cover, and the report says which it was."""
    accepted = accepting(audited(hand.account))
    change(hand)

    report = audited(hand.account, accepted)

    (name,) = report.of(Risk.OPEN)
    assert name.ended.startswith(f"was accepted as it was then: its {what} was ")


def test_it_stays_accepted_when_something_else_changed(hand: ByHand) -> None:
    """A further name on the same tunnel is no reason."""
    accepted = accepting(audited(hand.account))
    rules = [{"hostname": it, "service": "http://web"} for it in (HOST, "new.example.com")]
    hand.rules(HOST, rules)

    assert not audited(hand.account, accepted).is_exposed


def test_an_acceptance_of_a_closed_name_is_told(hand: ByHand) -> None:
    """It can be taken out of the file."""
    accepted = accepting(audited(hand.account))
    hand.app(HOST, TEAM)

    report = audited(hand.account, [*accepted, replace(accepted[0], host="gone.example.com")])

    assert (report.is_exposed, len(report.accepted)) == (False, 0)
    assert [it.host for it in report.idle] == [HOST, "gone.example.com"]


def test_what_is_below_an_accepted_wildcard_is_accepted_with_it(tmp_path: Path) -> None:
    """One name of many is told as the pattern is, and one with a way of its own is not."""
    account = Account(tmp_path)
    hand = ByHand(account)
    hand.host("*.example.com", service="http://web")
    accepted = accepting(audited(account))
    hand.host("own.example.com", service="http://own")

    looking = auditor(account)
    told = [looking.named(f"{it}.example.com", accepted).may_be_open for it in ("any", "own")]

    assert told == [False, True]


def test_one_name_and_the_report_agree_on_what_is_accepted(tmp_path: Path) -> None:
    """Of several patterns that stand for a name, the one that the report means counts."""
    account = Account(tmp_path)
    hand = ByHand(account)
    hand.host("*.example.com", service="http://web")
    hand.app("*.example.com/admin", TEAM)
    hand.app("db-*.example.com/admin", TEAM)
    accepted = accepting(audited(account))
    names = ("one.example.com", "one.two.example.com", "db-1.example.com")

    looking = auditor(account)
    told = [looking.named(it, accepted).may_be_open for it in names]
    deep = [it for it in accepted if it.host.startswith("*.*.")]
    left = [looking.named(it, deep).may_be_open for it in names]

    assert {it.host for it in accepted} == {"*.example.com", "*.*.example.com", "db-*.example.com"}
    assert (told, left) == ([False] * 3, [True, False, True])


def test_days_are_compared_as_dates(hand: ByHand) -> None:
    """The last day itself still counts, on which the audit is made."""
    accepted = accepting(audited(hand.account), DAYS.today)

    assert not audited(hand.account, accepted).is_exposed
