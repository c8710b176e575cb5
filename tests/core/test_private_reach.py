"""Promises about private addresses: which routes lead there, and who is told to reach them."""

from __future__ import annotations

import pytest

from ztctl.core.model.objects import Live, Mark
from ztctl.core.reach.private import private_reach
from ztctl.kinds.registry import KINDS
from ztctl.kinds.tunnel import TunnelAttributes

TUNNEL = Live("tunnel", "t-1", "pool.ztctl-prod", "pool", {}, TunnelAttributes(running=True))
NETWORKS = tuple(Live("virtual_network", key, key, key, {}) for key in ("default", "lab"))


def route(network: str, inside: str = "default", tunnel: str = "t-1", **more: object) -> Live:
    """A live route."""
    values = {"network": network, "tunnel": tunnel, "virtual_network": inside}
    mark = Mark("prod") if not more else None
    return Live("private_route", f"{network} {inside}", network, network, values, mark=mark)


def leading(address: str, *routes: Live) -> list[str]:
    """The routes that lead to an address, network by network."""
    live = {"private_route": routes, "tunnel": (TUNNEL,), "virtual_network": NETWORKS}
    found = private_reach(address, live, KINDS)
    return [f"{item.network} in {item.virtual_network}" for item in found.routes]


@pytest.mark.parametrize(
    ("address", "routes", "found"),
    [
        ("10.1.2.3", ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"], ["10.1.0.0/16"]),
        ("10.1.2.3", ["10.1.0.0/16", "10.0.0.0/8"], ["10.1.0.0/16"]),
        ("10.1.0.0/16", ["10.0.0.0/8", "10.1.0.0/16"], ["10.1.0.0/16"]),
        ("10.1.0.0/16", ["10.0.0.0/8", "10.1.9.0/24"], ["10.0.0.0/8", "10.1.9.0/24"]),
        ("10.1.2.3", ["192.168.0.0/16", "fd00::/8"], []),
        ("fd00::1", ["10.0.0.0/8", "fd00::/8"], ["fd00::/8"]),
        ("::ffff:10.0.0.1", ["10.0.0.0/8"], []),
    ],
)
def test_the_longest_range_decides(address: str, routes: list[str], found: list[str]) -> None:
    """Of several ranges around an address the longest leads there; ranges inside one are told."""
    chosen = leading(address, *(route(network) for network in routes))

    assert chosen == [f"{network} in default" for network in found]


@pytest.mark.parametrize(
    ("address", "in_part"),
    [("10.1.2.3", False), ("10.1.0.0/16", False), ("10.0.0.0/8", True), ("10.1.2.3/8", True)],
)
def test_a_range_of_which_a_part_is_routed_is_told_so(address: str, in_part: bool) -> None:
    """Nobody is told that a whole range is open where a route leads to a part of it."""
    live = {"private_route": (route("10.1.0.0/16"),)}

    assert private_reach(address, live, KINDS).in_part is in_part


def test_each_virtual_network_is_its_own() -> None:
    """The longest range of one network says nothing about another network."""
    chosen = leading("10.1.2.3", route("10.1.0.0/16"), route("10.0.0.0/8", "lab"))

    assert chosen == ["10.1.0.0/16 in default", "10.0.0.0/8 in lab"]


def test_a_route_says_its_tunnel_and_its_stack() -> None:
    """A route is told with the names of what it leads through, and whose it is."""
    live = {"private_route": (route("10.0.0.0/8"),), "tunnel": (TUNNEL,)}

    (path,) = private_reach("10.0.0.1", live, KINDS).routes

    assert (path.tunnel, path.tunnel_id, path.stack) == ("pool", "t-1", "prod")


def test_a_route_of_nobody_leads_there_all_the_same() -> None:
    """A route without a mark, to a tunnel that is not known, is told with what is known of it."""
    live = {"private_route": (route("10.0.0.0/8", tunnel="t-9", unmarked=True),)}

    found = private_reach("10.0.0.1", live, KINDS)

    assert found.enter == ("every enrolled device (WARP)",)
    assert [(path.tunnel, path.stack) for path in found.routes] == [("t-9", "")]


def test_an_address_without_a_route_is_reached_by_nobody() -> None:
    """Where no route leads there is nobody to tell, and nothing beside."""
    found = private_reach("10.0.0.1", {}, KINDS, unread={"tunnel": "no permission"})

    assert (found.enter, found.routes, found.notes) == ((), (), ())
    assert found.unread == ("no permission",)


def test_a_tunnel_without_a_connector_is_a_note() -> None:
    """A route through a tunnel of which no connector runs leads nowhere just now."""
    idle = Live("tunnel", "t-1", "pool", "pool", {}, TunnelAttributes())
    live = {"private_route": (route("10.0.0.0/8"),), "tunnel": (idle,)}

    notes = private_reach("10.0.0.1", live, KINDS).notes

    assert "no connector of the tunnel pool runs" in notes
