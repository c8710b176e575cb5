"""What looks like a door and is none: it must not be refused, and no stranger gets in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene
from tests.support.account import refused
from tests.support.files import HOST, whole

File = dict[str, Any]
EVERYONE: list[File] = [{"everyone": True}]
NOBODYS = "00000000-0000-4000-8000-000000000000.cfargotunnel.com"


def entered_by(decision: str, **rules: Any) -> File:
    """The whole file with one other policy at its application, the connector checking nothing."""
    file = whole()
    file["policies"]["chosen"] = {"decision": decision, "include": EVERYONE, **rules}
    file["applications"][HOST] = {"policies": ["chosen"]}
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    return file


CLOSED: dict[str, File] = {
    "deny everyone": entered_by("deny"),
    "allow everyone of a group": entered_by("allow", require=[{"group": "people"}]),
    "allow everyone of a country": entered_by("allow", require=[{"country": ["PT", "US"]}]),
    "bypass for the office": entered_by("bypass", include=[{"ip": "192.0.2.0/24"}]),
    "bypass for private addresses": entered_by("bypass", include=[{"ip": "10.0.0.0/8"}]),
    "service auth for any token": entered_by(
        "non_identity", include=[{"any_valid_service_token": True}]
    ),
    "service auth for a certificate": entered_by("non_identity", require=[{"certificate": True}]),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_policy_that_asks_somebody(scene: Scene, name: str) -> None:
    """Not refused: a Deny is never a door, and the others ask for what not everybody has (I1)."""
    scene.account.apply(CLOSED[name])

    assert scene.visit(HOST).outcome in ("login", "blocked")


def test_a_policy_that_wants_an_approval(scene: Scene) -> None:
    """Not refused: nobody comes in before somebody who may say so has said yes."""
    groups = [{"approvals_needed": 1, "email_addresses": ["boss@example.com"]}]
    file = entered_by("allow", approval_required=True, approval_groups=groups)

    assert refused(scene.account.plan(file)) == []


def test_public_sites_elsewhere_in_the_account(scene: Scene) -> None:
    """Not refused: what leads to no tunnel is not ours to guard, and a door found open no reason.

    A page, an address, a dead tunnel, and somebody's host that was open before.
    """
    scene.record("www.example.com", "acme.pages.dev")
    scene.record("example.com", "192.0.2.1", type="A")
    scene.record("dead.example.com", NOBODYS)
    rule = {"hostname": "demo.example.com", "service": "http://demo"}
    scene.record("demo.example.com", f"{scene.tunnel('Demo', rule)}.cfargotunnel.com")

    scene.account.apply(whole())

    assert scene.visit(HOST).outcome == "login"
    assert scene.visit("demo.example.com").outcome == "origin"


def unmatched() -> File:
    """A host with an application on a path only, the connector checking nothing."""
    file = whole()
    file["applications"] = {f"{HOST}/admin": {"policies": ["team"]}}
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    del file["ca_keys"]
    return file


def test_an_account_that_denies_what_no_application_covers(scene: Scene) -> None:
    """Not refused: the account itself refuses what no application decides (I1)."""
    scene.organise(deny_unmatched_requests=True)

    scene.account.apply(unmatched())

    assert scene.visit(HOST).outcome == "blocked"


def test_a_zone_that_is_exempt_from_that(scene: Scene) -> None:
    """Refused: in an exempted zone nothing is denied."""
    zones = ["example.com"]
    scene.organise(deny_unmatched_requests=True, deny_unmatched_requests_exempted_zone_names=zones)

    scene.refused_as_open(unmatched(), HOST)

    assert scene.opened(unmatched(), HOST).outcome == "origin"


@pytest.mark.parametrize("proxied", [True, False])
def test_a_name_that_leads_nobody_in(scene: Scene, proxied: bool) -> None:
    """Not refused: a CNAME without proxy, or to a tunnel of another account, is no door (I1)."""
    scene.account.apply(whole())
    tunnel = scene.account.one("tunnels")["id"]
    content = NOBODYS if proxied else f"{tunnel}.cfargotunnel.com"
    scene.record("side.example.com", content, proxied=proxied)
    file = whole()
    file["tunnels"]["pool"]["ingress"] = [{"service": "ssh://localhost:22", "access": False}]

    plan = scene.account.plan(file)

    assert refused(plan) == []
    scene.account.carry_out(plan)
    assert scene.visit("side.example.com").outcome in ("not_proxied", "tunnel_error")


def test_a_record_without_proxy_needs_no_application(scene: Scene) -> None:
    """Not refused: without proxy the name resolves to an address that nobody can route to."""
    file = whole()
    for section in ("applications", "ca_keys"):
        del file[section]
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    file["dns"][HOST]["proxied"] = False

    scene.account.apply(file)

    assert scene.visit(HOST).outcome == "not_proxied"


def test_a_host_that_is_stated_to_be_open(scene: Scene) -> None:
    """Not refused: the file states it, with a reason."""
    file = {
        "tunnels": {"pool": {}},
        "hosts": {
            HOST: {"tunnel": "pool", "service": "http://web", "public": {"reason": "a demo"}}
        },
    }

    scene.account.apply(file)

    assert scene.visit(HOST).outcome == "origin"
