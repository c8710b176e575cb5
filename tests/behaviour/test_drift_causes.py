"""One item a cause: what it is, what it means, who did it; and what nobody can tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import by_hand
from tests.support.account import Account
from tests.support.by_hand import put, zone
from tests.support.drifting import MALLORY, drift, drifting, report_of, told
from tests.support.files import HOST, host, short, whole
from ztctl.core.model.drift import Deviation, DriftItem, DriftSeverity

EXPOSED, WIDER, LOST, OTHER = DriftSeverity
APP, POLICY = f"access_application.{HOST}", "access_policy.team"


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with two people in it."""
    return drifting(tmp_path)


def short_of(item: DriftItem) -> tuple[str, str, str]:
    """Severity, deviation and address."""
    return item.severity, item.deviation, str(item.address)


def open_host() -> dict[str, Any]:
    """One host whose connector asks for no token, so that the application alone guards it."""
    return {**host(), "hosts": {HOST: short(access=False)}}


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        (by_hand.delete_record, (LOST, "missing", f"dns_record.{HOST}")),
        (by_hand.delete_ca, (LOST, "missing", f"ca_key.{HOST}")),
        (by_hand.delete_tunnel, (LOST, "missing", "tunnel.pool")),
        (by_hand.delete_application, (LOST, "missing", APP)),
        (by_hand.delete_policy, (LOST, "missing", POLICY)),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_is_deleted_is_one_item_with_its_author(
    account: Account, deed: Callable[[Account], None], expected: tuple[str, str, str]
) -> None:
    """What refers to it, or is deleted with it, is no item of its own."""
    account.apply(whole())
    deed(account)

    (item,) = told(account, whole())

    assert short_of(item) == expected
    assert item.author is not None
    assert (item.author.name, item.author.context) == (MALLORY, "dash")


def test_an_application_takes_its_followers_along(account: Account) -> None:
    """The rule that asks for its tokens and its CA stand in its item."""
    account.apply(whole())
    by_hand.delete_application(account)

    (item,) = drift(account, whole())

    assert set(map(str, item.with_it)) == {"tunnel.pool", f"ca_key.{HOST}"}


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (by_hand.no_check, "the connector asks for no token any more"),
        (by_hand.another_service, "moved from ssh://localhost:22"),
        (by_hand.a_longer_session, "session 8h → 720h"),
        (by_hand.a_member_more, "eve@example.com"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_makes_it_wider_is_told_in_words(
    account: Account, deed: Callable[[Account], None], said: str
) -> None:
    """More people, another origin, a longer session, and one guard of two that is gone."""
    account.apply(whole())
    deed(account)

    (item,) = drift(account, whole())

    (change,) = item.access
    assert (item.severity, change.host) == (WIDER, HOST)
    assert said in " ".join(f"{way.who} {way.change}" for way in change.gained)


def test_a_deleted_guard_exposes_its_host(account: Account) -> None:
    """Without an application, and without a connector's check, everybody enters."""
    account.apply(open_host())
    by_hand.delete_application(account)

    (item,) = drift(account, open_host())

    assert short_of(item) == (EXPOSED, "missing", APP)
    assert [it.host for it in item.exposed] == [HOST]


def test_two_deeds_that_open_together_are_both_told(account: Account) -> None:
    """Neither alone opens the host, and either one put back closes it."""
    account.apply(whole())
    by_hand.delete_application(account)
    by_hand.no_check(account)

    items = drift(account, whole())

    assert {short_of(it)[::2] for it in items} == {(EXPOSED, APP), (EXPOSED, "tunnel.pool")}
    assert {it.host for item in items for it in item.exposed} == {HOST}


def test_a_third_deed_is_not_blamed(account: Account) -> None:
    """A policy for more people is wider, and not what opened the host."""
    account.apply(whole())
    by_hand.delete_application(account)
    by_hand.no_check(account)
    by_hand.a_longer_session(account)

    items = drift(account, whole())

    assert (WIDER, "changed", POLICY) in set(map(short_of, items))


def test_the_worst_comes_first(account: Account) -> None:
    """Exposed, wider, lost, other."""
    file = open_host()
    file["hosts"]["db.example.com"] = short()
    file["dns"] = {"raw.example.com": {"tunnel": "pool", "comment": "x"}}
    account.apply(file)
    app = account.one("apps", name=HOST)
    account.call("DELETE", f"{{A}}/access/apps/{app['id']}")
    record = account.one("dns_records", name="db.example.com")
    account.call("DELETE", f"{zone(account)}/{record['id']}")
    raw = account.one("dns_records", name="raw.example.com")
    account.call("PATCH", f"{zone(account)}/{raw['id']}", {"comment": "y ztctl-prod"})
    by_hand.a_longer_session(account)

    assert [item.severity for item in drift(account, file)] == [EXPOSED, WIDER, LOST, OTHER]


def test_an_object_that_nobody_declares_is_told(account: Account) -> None:
    """It carries the stack's mark, so that an apply would delete it."""
    account.apply(whole())
    rules = [{"email": {"email": "eve@example.com"}}]
    body = {"name": "more.ztctl-prod", "decision": "allow", "include": rules}
    account.call("POST", "{A}/access/policies", body)

    (item,) = told(account, whole())

    assert short_of(item) == (OTHER, "undeclared", "access_policy.more")
    assert item.author is not None
    assert item.author.name == MALLORY


@pytest.mark.parametrize("section", ["groups", "policies", "tunnels"])
def test_a_renamed_object_is_told(account: Account, section: str) -> None:
    """The mark stands in the name: without it the stack's object is missing."""
    account.apply(whole())
    path = {"groups": "access/groups", "policies": "access/policies", "tunnels": "cfd_tunnel"}
    found = account.one(section)
    if section == "tunnels":
        account.call("PATCH", f"{{A}}/cfd_tunnel/{found['id']}", {"name": "renamed"})
    else:
        put(account, f"{{A}}/{path[section]}", found, name="renamed")

    items = drift(account, whole())

    assert Deviation.MISSING in {item.deviation for item in items}


def test_a_lost_mark_is_told(account: Account) -> None:
    """An application without its tag would have to be adopted."""
    account.apply(whole())
    put(account, "{A}/access/apps", account.one("apps"), tags=[])

    (item,) = drift(account, whole())

    assert short_of(item) == (OTHER, "unmarked", APP)


def test_the_mark_of_another_stack_is_told(account: Account) -> None:
    """No apply would touch the object, which is said; nobody compares it, so that it is wider."""
    account.apply(whole())
    account.call("POST", "{A}/access/tags", {"name": "ztctl-other"})
    put(account, "{A}/access/apps", account.one("apps"), tags=["ztctl-other"])

    refused = [it for it in drift(account, whole()) if it.deviation is Deviation.REFUSED]

    assert [short_of(it) for it in refused] == [(WIDER, "refused", APP)]
    assert "other" in refused[0].detail


def test_a_renamed_network_is_told_with_its_route(account: Account) -> None:
    """The route is found nowhere any more, and the network of its name is missing."""
    file = {
        "tunnels": {"pool": {}},
        "virtual_networks": {"lab": {}},
        "private_routes": {"10.0.0.0/8": {"tunnel": "pool", "virtual_network": "lab"}},
    }
    account.apply(file)
    network = account.one("virtual_networks", name="lab")
    path = f"{{A}}/teamnet/virtual_networks/{network['id']}"
    account.call("PATCH", path, {"name": "renamed"})

    items = drift(account, file)

    assert items
    assert {item.severity for item in items} <= {WIDER, LOST, OTHER}


def test_a_route_of_another_range_loses_one_and_opens_one(account: Account) -> None:
    """Devices reach other addresses than the files say."""
    file = {
        "tunnels": {"pool": {}},
        "private_routes": {"10.0.0.0/8": {"tunnel": "pool"}},
    }
    account.apply(file)
    route = account.one("routes")
    account.call("PATCH", f"{{A}}/teamnet/routes/{route['id']}", {"network": "10.0.0.0/7"})

    items = drift(account, file)

    assert WIDER in {item.severity for item in items}
    assert LOST in {item.severity for item in items}


def test_a_host_that_the_files_leave_open_is_told_without_a_difference(account: Account) -> None:
    """Somebody else's policy, to which the files only refer, lets everybody in."""
    rules = [{"email": {"email": "ann@example.com"}}]
    body = {"name": "Company", "decision": "allow", "include": rules}
    policy = account.call("POST", "{A}/access/policies", body)
    file = open_host()
    file["hosts"][HOST]["policies"] = [{"live": "Company"}]
    account.apply(file)
    everybody: Any = [{"everyone": {}}]
    put(account, "{A}/access/policies", policy, decision="bypass", include=everybody)

    (item,) = drift(account, file)

    assert short_of(item) == (EXPOSED, "open", "None")
    assert item.hosts == (HOST,)


def test_without_the_permission_nobody_is_named(account: Account) -> None:
    """Everything else is told, and so is why."""
    account.apply(whole())
    by_hand.a_longer_session(account)
    held = [
        "Access: Apps and Policies Read",
        "Access: Organizations, Identity Providers, and Groups Read",
        "Cloudflare Tunnel Read",
        "Zone Read",
        "DNS Read",
    ]
    account.sandbox.define_token("sandbox", held)

    report = report_of(account, whole(), authors=True)

    assert [short_of(it) for it in report.items] == [(WIDER, "changed", POLICY)]
    assert report.items[0].author is None
    assert "Account Settings" in report.authors


def test_people_who_may_have_deleted_it_are_all_named(account: Account) -> None:
    """Of two records that are missing nobody knows which one somebody deleted."""
    file = {**host(), "hosts": {HOST: short(), "db.example.com": short()}}
    account.apply(file)
    first, second = (
        account.one("dns_records", name=name)["id"] for name in (HOST, "db.example.com")
    )
    account.call("DELETE", f"{zone(account)}/{first}")
    account.sandbox.define_token("somebody", None, email="eve@example.com", dashboard=True)
    account.call("DELETE", f"{zone(account)}/{second}")

    names = {item.author.name for item in told(account, file) if item.author}

    assert names == {f"eve@example.com or {MALLORY}"}


def test_no_more_calls_than_a_plan_and_five_pages(account: Account) -> None:
    """A page of the log where something differs, and five at most."""
    account.apply(whole())
    account.forget_log()
    report_of(account, whole(), authors=True)
    plan = len(account.sandbox.log)
    by_hand.a_longer_session(account)
    account.forget_log()

    report_of(account, whole(), authors=True)

    paths = [entry.path for entry in account.sandbox.log]
    pages = [path for path in paths if path.endswith("/logs/audit")]
    assert (len(paths) - len(pages), len(pages)) == (plan, 1)


def test_a_long_log_is_read_for_five_pages(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nobody is named, and the report is complete all the same."""
    account.apply(whole())
    by_hand.a_longer_session(account)
    for number in range(14):
        account.call("POST", "{A}/access/tags", {"name": f"tag{number}"})
    monkeypatch.setattr("ztctl.engine.audit_log.PER_PAGE", 2)
    account.forget_log()

    (item,) = told(account, whole())

    assert item.author is None
    assert sum(it.path.endswith("/logs/audit") for it in account.sandbox.log) == 5
