"""What no change of a plan explains: applications of others, and what the files leave unsaid."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support import by_hand
from tests.support.account import Account
from tests.support.by_hand import put
from tests.support.drifting import MALLORY, drift, drifting, told
from tests.support.files import HOST, host, short, whole
from ztctl.cli.planning import options_of, plan_source
from ztctl.core.model.drift import DriftItem, DriftSeverity

EXPOSED, WIDER, LOST, OTHER = DriftSeverity
OPEN = {"name": "p", "decision": "bypass", "include": [{"everyone": {}}]}
ANYBODY = {"name": "p", "decision": "allow", "include": [{"everyone": {}}]}
EVE = {"name": "p", "decision": "allow", "include": [{"email": {"email": "eve@example.com"}}]}
HEALTH = {"behavior": "public", "path_pattern": "/healthz"}
THEIRS, APP = "access_application.theirs", f"access_application.{HOST}"


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with two people in it."""
    return drifting(tmp_path)


def applied(account: Account, **fields: Any) -> dict[str, Any]:
    """One host in the short form, with its policy and tunnel, as the account has it."""
    file = {**host(), "hosts": {HOST: short(**fields)}}
    account.apply(file)
    return file


def theirs(account: Account, place: str, *policies: dict[str, Any], zone: str = "") -> None:
    """Somebody makes an application of his own, of the account or below a zone."""
    body = {"type": "self_hosted", "name": "theirs", "domain": place, "policies": [*policies]}
    base = f"/zones/{account.one('zones', name=zone)['id']}" if zone else "{A}"
    account.call("POST", f"{base}/access/apps", body)


def overridden(account: Account) -> None:
    """Somebody makes a path of the stack's application public."""
    place = {"type": "public", "uri": HOST, "overrides": [HEALTH]}
    put(account, "{A}/access/apps", account.one("apps"), destinations=[place])


def calls(account: Account, file: dict[str, Any], **reading: bool) -> list[str]:
    """What one reading asks for."""
    declared = account.declared(file)
    account.forget_log()

    async def read() -> None:
        async with account.client() as client:
            source = plan_source(client, declared, options_of(), account.view(), **reading)
            await source.plan()

    asyncio.run(read())
    return sorted(entry.path for entry in account.sandbox.log)


def short_of(item: DriftItem) -> tuple[str, str, str]:
    """Severity, deviation and address."""
    return item.severity, item.deviation, str(item.address)


def by(item: DriftItem) -> tuple[str, str]:
    """By whom it is, and how."""
    assert item.author is not None
    return item.author.name, item.author.context


# -- applications that only a zone lists -----------------------------------------------------


def test_a_bypass_that_only_a_zone_lists_is_told(account: Account) -> None:
    """On a path of the stack's host, where nothing else differs: with its author."""
    file = applied(account, access=False)
    theirs(account, f"{HOST}/open", OPEN, zone="example.com")

    (item,) = told(account, file)

    assert short_of(item) == (EXPOSED, "foreign", THEIRS)
    assert [it.host for it in item.exposed] == [HOST]
    assert by(item) == (MALLORY, "dash")
    assert "zone example.com" in item.detail


def test_an_application_of_a_zone_that_opens_nothing_is_no_drift(account: Account) -> None:
    """Whether it decides at all nobody knows; the host is shut with it and without it."""
    file = applied(account, access=False)
    theirs(account, f"{HOST}/eve", EVE, zone="example.com")

    assert drift(account, file) == ()


def test_it_takes_the_calls_of_the_reading_of_an_apply(account: Account) -> None:
    """One a zone more than a plan that opens nothing, asked for with the rest."""
    file = applied(account)

    assert calls(account, file, watching=True) == calls(account, file, ahead=True)


# -- applications of others on a path of the stack's host --------------------------------------


def test_an_application_on_a_path_is_one_item(account: Account) -> None:
    """Not the rule, of which only the audience differs; whom it shuts out is told."""
    file = applied(account)
    theirs(account, f"{HOST}/eve", EVE)

    (item,) = told(account, file)

    assert short_of(item) == (LOST, "foreign", THEIRS)
    assert by(item) == (MALLORY, "dash")
    assert (item.hosts, item.edits) == ((HOST,), ())
    assert f"{HOST}/eve" in item.detail
    assert list(map(str, item.with_it)) == ["tunnel.pool"]


@pytest.mark.parametrize(
    ("policy", "severity"), [(OPEN, EXPOSED), (ANYBODY, WIDER)], ids=["bypass", "any login"]
)
def test_an_application_on_a_path_that_opens_it_is_told(
    account: Account, policy: dict[str, Any], severity: DriftSeverity
) -> None:
    """Where the connector asks for no token, no rule differs; the application is named."""
    file = applied(account, access=False)
    theirs(account, f"{HOST}/open", policy)

    (item,) = told(account, file)

    assert short_of(item) == (severity, "foreign", THEIRS)
    assert [it.host for it in item.exposed] == [HOST]
    assert by(item) == (MALLORY, "dash")


def test_an_application_beside_the_one_that_opens_is_not_blamed(account: Account) -> None:
    """It stands on another path of the same host, and lets one person in."""
    file = applied(account, access=False)
    theirs(account, f"{HOST}/eve", EVE)
    theirs(account, f"{HOST}/open", OPEN)

    (item,) = drift(account, file)

    assert (item.severity, item.detail) == (EXPOSED, f"{HOST}/open")


def test_what_the_files_state_to_be_public_is_no_drift(account: Account) -> None:
    """Somebody else's application opens the very path that the files say is open."""
    file = applied(account, access=False, public={"reason": "health checks", "paths": ["/healthz"]})
    theirs(account, f"{HOST}/healthz", OPEN)

    assert drift(account, file) == ()


def test_once_an_apply_knows_it_it_is_no_drift(account: Account) -> None:
    """It has been read, and its tokens count."""
    file = applied(account)
    theirs(account, f"{HOST}/eve", EVE)

    account.apply(file)

    assert drift(account, file) == ()


def test_what_else_differs_of_a_rule_is_an_item_of_its_own(account: Account) -> None:
    """Without the audience, which the application explains."""
    account.apply(whole())
    by_hand.another_service(account)
    theirs(account, f"{HOST}/eve", EVE)

    items = drift(account, whole())

    assert [short_of(it) for it in items] == [
        (WIDER, "changed", "tunnel.pool"),
        (LOST, "foreign", THEIRS),
    ]
    assert [edit.path for edit in items[0].edits] == ["ingress[0].service"]
    assert items[1].with_it == ()


def test_two_applications_on_paths_are_two_items(account: Account) -> None:
    """One rule differs by both, and is told with one of them."""
    file = applied(account)
    theirs(account, f"{HOST}/eve", EVE)
    theirs(account, f"{HOST}/bob", EVE)

    items = drift(account, file)

    assert [(it.severity, it.deviation) for it in items] == [(LOST, "foreign")] * 2
    assert len({it.identity for it in items}) == 2
    assert sorted(map(len, (it.with_it for it in items))) == [0, 1]


# -- what the files leave unsaid ---------------------------------------------------------------


def test_an_override_that_shuts_people_out_is_told(account: Account) -> None:
    """Access issues no token there, and the connector takes nobody without one."""
    file = applied(account)
    overridden(account)

    (item,) = told(account, file)

    assert short_of(item) == (LOST, "unstated", APP)
    assert by(item) == (MALLORY, "dash")
    assert item.hosts == (HOST,)
    assert "/healthz" in str([edit.before for edit in item.edits])
    assert any("/healthz" in way.origin for it in item.access for way in it.lost)
    assert item.where is not None


def test_an_override_that_opens_a_path_is_told_with_its_author(account: Account) -> None:
    """Where the connector asks for no token everybody enters there."""
    file = applied(account, access=False)
    overridden(account)

    (item,) = told(account, file)

    assert short_of(item) == (EXPOSED, "unstated", APP)
    assert by(item) == (MALLORY, "dash")
    assert [it.host for it in item.exposed] == [HOST]


def test_an_override_of_what_is_stated_to_be_public_is_no_drift(account: Account) -> None:
    """The files say that the path is open, and so it is."""
    file = applied(account, access=False, public={"reason": "health checks", "paths": ["/healthz"]})
    overridden(account)

    assert drift(account, file) == ()


def test_an_override_beside_another_change_is_told_beside_it(account: Account) -> None:
    """Two causes of one application, of which an apply puts back one."""
    file = applied(account)
    overridden(account)
    put(account, "{A}/access/apps", account.one("apps"), app_launcher_visible=True)

    items = drift(account, file)

    assert [short_of(it) for it in items] == [(LOST, "unstated", APP), (OTHER, "changed", APP)]


def test_a_second_factor_that_somebody_waived_is_told(account: Account) -> None:
    """The files leave it to the organisation, and it is asked for no more."""
    account.apply(whole())
    organization = account.call("GET", "{A}/access/organizations")
    factor = {"allowed_authenticators": ["totp"]}
    account.call("PUT", "{A}/access/organizations", {**organization, "mfa_config": factor})
    waived = {"mfa_disabled": True}
    put(account, "{A}/access/policies", account.one("policies"), mfa_config=waived)

    items = drift(account, whole())

    assert [short_of(it) for it in items] == [(WIDER, "unstated", "access_policy.team")]


def test_what_decides_nothing_may_be_unsaid(account: Account) -> None:
    """A field that the file does not state is left alone."""
    account.apply(whole())
    put(account, "{A}/access/apps", account.one("apps"), logo_url="https://example.com/logo.png")

    assert drift(account, whole()) == ()
