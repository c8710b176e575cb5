"""A zone below another one answers for all its names, whatever the other zone has of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.account import Account
from tests.support.audited import TEAM, ByHand, auditor, read
from ztctl.core.reach.audit_rules import Risk
from ztctl.core.reach.who import reach
from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.seeds import ZoneSeed

PARENT, CHILD = "example.com", "dev.example.com"
BYPASS = {"decision": "bypass", "include": [{"everyone": {}}]}
NAME = f"a.{CHILD}"


@pytest.fixture
def hand(tmp_path: Path) -> ByHand:
    """An account with both zones, and a tunnel that serves every name of the child."""
    hand = ByHand(Account(tmp_path, zones=(ZoneSeed(PARENT), ZoneSeed(CHILD))))
    hand.account.sandbox.edge.assume_connectors = True
    hand.tunnel("pool", [{"hostname": f"*.{CHILD}", "service": "http://one"}])
    return hand


def in_parent(hand: ByHand, name: str, **fields: object) -> None:
    """Put a record into the zone above, as it was there before the child was a zone."""
    zone = hand.account.one("zones", name=PARENT)["id"]
    hand.account.call("POST", f"/zones/{zone}/dns_records", {"name": name, **fields})


def is_open(hand: ByHand, name: str) -> tuple[bool, bool, bool]:
    """Whether a name is open: at the edge, to an audit, to who."""
    reached = hand.account.sandbox.edge.visit(Visit(name)).outcome == "origin"
    whole = read(hand.account)
    told = reach(name, whole.live, whole.facts)
    return reached, auditor(hand.account).named(name).risk is Risk.OPEN, bool(told.open)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (NAME, {"type": "A", "content": "192.0.2.1", "proxied": False}),
        (NAME, {"type": "TXT", "content": '"x"'}),
        (f"x.{NAME}", {"type": "TXT", "content": '"x"'}),
    ],
    ids=["address", "text", "text below"],
)
def test_a_record_left_above_a_child_zone_closes_nothing(
    hand: ByHand, name: str, fields: dict[str, object]
) -> None:
    """The wildcard of the child answers, and the name is open."""
    hand.record(f"*.{CHILD}", "pool")
    hand.app(f"*.{CHILD}", TEAM)
    hand.app(NAME, BYPASS)
    in_parent(hand, name, **fields)

    assert is_open(hand, NAME) == (True, True, True)


def test_a_wildcard_above_a_child_zone_opens_nothing_in_it(hand: ByHand) -> None:
    """Nor does a record for a name of the child, which is no alarm then."""
    hand.record(f"*.{PARENT}", "pool")
    target = hand.account.one("tunnels", name="pool")["id"]
    in_parent(hand, NAME, type="CNAME", content=f"{target}.cfargotunnel.com", proxied=True)

    told = [is_open(hand, name) for name in (NAME, f"b.{CHILD}", CHILD)]

    assert told == [(False, False, False)] * 3
