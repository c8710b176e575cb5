"""An audit of accounts whose open doors are known finds all of them, and only those."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.account import Account
from tests.support.audited import TEAM, ByHand, audited
from tests.support.examples import examples
from ztctl.core.reach.audit_rules import AuditCode, Risk

Door = tuple[AuditCode, str]
EVERYONE: list[Any] = [{"everyone": {}}]
BYPASS = {"decision": "bypass", "include": EVERYONE}
NETWORK = {"decision": "bypass", "include": [{"ip": {"ip": "192.0.2.0/24"}}]}
ANY_LOGIN = {"decision": "allow", "include": EVERYONE}
SERVICE = {"decision": "non_identity", "include": EVERYONE}
CHECKED = {"required": True, "teamName": "acme", "audTag": ["a" * 64]}


def guarded(hand: ByHand, name: str) -> list[Door]:
    """A host behind an application for a team."""
    hand.host(name, TEAM)
    return []


def uncovered(hand: ByHand, name: str) -> list[Door]:
    """A host that nothing covers."""
    hand.host(name)
    return [(AuditCode.NO_COVER, name)]


def covered_in_part(hand: ByHand, name: str) -> list[Door]:
    """A host of which an application covers one path."""
    hand.host(name)
    hand.app(f"{name}/admin", TEAM)
    return [(AuditCode.NO_COVER, name)]


def bypassed(hand: ByHand, name: str) -> list[Door]:
    """A host whose application asks nobody."""
    hand.host(name, BYPASS)
    return [(AuditCode.BYPASS_EVERYONE, name)]


def without_credential(hand: ByHand, name: str) -> list[Door]:
    """A host whose Service Auth asks for nothing."""
    hand.host(name, SERVICE)
    return [(AuditCode.SERVICE_AUTH_EVERYONE, name)]


def public_path(hand: ByHand, name: str) -> list[Door]:
    """A host with a path that its application makes public."""
    hand.host(name)
    override = {"behavior": "public", "path_pattern": "/healthz"}
    hand.app(name, TEAM, destinations=[{"type": "public", "uri": name, "overrides": [override]}])
    return [(AuditCode.PUBLIC_PATH, name)]


def local(hand: ByHand, name: str) -> list[Door]:
    """A name of a tunnel that is configured on its server."""
    hand.tunnel(name, source="local")
    hand.record(name, name)
    return [(AuditCode.LOCAL_TUNNEL, name)]


def local_and_guarded(hand: ByHand, name: str) -> list[Door]:
    """The same behind an application, which closes it whatever the tunnel serves."""
    local(hand, name)
    hand.app(name, TEAM)
    return []


def unknown_tunnel(hand: ByHand, name: str) -> list[Door]:
    """A name of a tunnel that the account's list lacks."""
    hand.lead(name, f"{UUID(int=7)}.cfargotunnel.com")
    return [(AuditCode.UNREAD_TUNNEL, name)]


def listed_by_zone(hand: ByHand, name: str) -> list[Door]:
    """A name in front of which stands an application that only its zone lists."""
    hand.host(name)
    zone = hand.account.one("zones", name=".".join(name.split(".")[-2:]))["id"]
    body = {"type": "self_hosted", "name": name, "domain": name, "policies": [TEAM]}
    hand.account.call("POST", f"/zones/{zone}/access/apps", body)
    return [(AuditCode.ZONE_APPLICATION, name)]


def any_login(hand: ByHand, name: str) -> list[Door]:
    """A host for whoever logs in is weak, and no open door."""
    hand.host(name, ANY_LOGIN)
    return []


def some_network(hand: ByHand, name: str) -> list[Door]:
    """A Bypass for a network is weak, and no open door."""
    hand.host(name, TEAM, NETWORK)
    return []


def alias(hand: ByHand, name: str) -> list[Door]:
    """A name that leads to a tunnel by another name, of another zone, which serves nobody."""
    other = f"{name.split('.', maxsplit=1)[0]}-hop.example.org"
    hand.tunnel(name, [{"hostname": name, "service": "http://one"}])
    hand.record(other, name)
    hand.lead(name, other)
    return [(AuditCode.NO_COVER, name)]


def star(hand: ByHand, name: str) -> list[Door]:
    """A wildcard whose application covers one label only."""
    hand.host(f"*.{name}", TEAM)
    return [(AuditCode.NO_COVER, f"*.*.{name}")]


def open_star(hand: ByHand, name: str) -> list[Door]:
    """A wildcard that nothing covers, one name of which is guarded."""
    hand.host(f"*.{name}")
    hand.app(f"safe.{name}", TEAM)
    return [(AuditCode.NO_COVER, f"*.{name}")]


def elsewhere(hand: ByHand, name: str) -> list[Door]:
    """A site that no tunnel serves is none of an audit's."""
    hand.lead(name, "elsewhere.example.net")
    return []


def unserved(hand: ByHand, name: str) -> list[Door]:
    """A name that its tunnel answers by a status."""
    hand.tunnel(name)
    hand.record(name, name)
    return []


def past_cloudflare(hand: ByHand, name: str) -> list[Door]:
    """A record that is not proxied leads nobody to a tunnel."""
    hand.tunnel(name, [{"hostname": name, "service": "http://one"}])
    hand.record(name, name, proxied=False)
    return []


def checked(hand: ByHand, name: str) -> list[Door]:
    """A host without an application, whose connector asks for a token of another."""
    access = {"originRequest": {"access": CHECKED}}
    hand.tunnel(name, [{"hostname": name, "service": "http://one", **access}])
    hand.record(name, name)
    return []


def unreadable(hand: ByHand, name: str) -> list[Door]:
    """A name whose record has a target that is no text: it may lead to any tunnel."""
    hand.lead(name, "elsewhere.example.net")
    record = hand.account.one("dns_records", name=name)
    with hand.account.sandbox.session() as state:
        state.store.put("dns_record", record["id"], {**record, "content": {"a": 1}})
    return [(AuditCode.UNREAD_ZONE, name)]


def unreadable_and_guarded(hand: ByHand, name: str) -> list[Door]:
    """The same behind an application, which closes it wherever it leads."""
    unreadable(hand, name)
    hand.app(name, TEAM)
    return []


RECIPES: tuple[Callable[[ByHand, str], list[Door]], ...] = (
    guarded, uncovered, covered_in_part, bypassed, without_credential, public_path, local,
    local_and_guarded, unknown_tunnel, listed_by_zone, any_login, some_network, alias, star,
    open_star, elsewhere, unserved, past_cloudflare, checked, unreadable, unreadable_and_guarded,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nothing is written; an account wants one."""
    return tmp_path_factory.mktemp("doors")


def doors(account: Account) -> set[Door]:
    """What an audit finds open, or cannot tell."""
    found = audited(account).all_findings
    return {(it.code, it.subject) for it in found if it.risk in (Risk.OPEN, Risk.UNSEEN)}


@examples(40)
@given(
    chosen=st.lists(
        st.tuples(st.sampled_from(RECIPES), st.sampled_from(["example.com", "example.org"])),
        max_size=8,
    )
)
def test_all_open_doors_are_found_and_no_others(
    folder: Path, chosen: list[tuple[Callable[[ByHand, str], list[Door]], str]]
) -> None:
    """Whatever stands side by side in an account, each door is told by its rule and its name."""
    account = Account(folder)
    hand = ByHand(account)
    known = {
        door
        for place, (recipe, zone) in enumerate(chosen)
        for door in recipe(hand, f"h{place}.{zone}")
    }

    assert doors(account) == known


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda it: str(it.__name__))
def test_each_kind_of_door_is_found_by_itself(
    recipe: Callable[[ByHand, str], list[Door]], tmp_path: Path
) -> None:
    """Each way to be open, and each that only looks like one."""
    account = Account(tmp_path)

    known = recipe(ByHand(account), "one.example.com")

    assert doors(account) == set(known)


def test_a_refused_list_of_records_is_told_once(tmp_path: Path) -> None:
    """With its zone, and not at each of its names, which are told to be unseen."""
    account = Account(tmp_path)
    hand = ByHand(account)
    names = [f"h{place}.example.com" for place in range(3)]
    for name in names:
        hand.host(name)
        # By an application in the same zone it is known that there is such a name.
        hand.app(f"{name}/admin", TEAM)
    path = "/zones/[^/]+/dns_records"
    account.sandbox.faults.add(kind="status", status=403, method="GET", path=path, times=None)

    found = [it for it in audited(account).all_findings if it.risk is Risk.UNSEEN]

    refused = [it.subject for it in found if "403" in " ".join(it.reasons)]
    assert {*names, "example.com", "example.org"} == {it.subject for it in found}
    assert sorted(refused) == ["example.com", "example.org"]
