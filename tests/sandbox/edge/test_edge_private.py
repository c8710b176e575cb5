"""What devices of the organisation reach."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.edge.values import PrivateVisit, Visitor

from .cases import ALLOW, ANN, BYPASS, NOBODY, STAFF, policy
from .world import World

ROUTES = "{A}/teamnet/routes"


def route(world: World, network: str, tunnel: str, **fields: Any) -> str:
    """Route a network to a tunnel."""
    return str(
        world.api.post(ROUTES, {"network": network, "tunnel_id": tunnel, **fields}).result["id"]
    )


def private(world: World, *policies: dict[str, Any], name: str = "private", **where: Any) -> str:
    """Create an application for a private destination."""
    body = {"type": "self_hosted", "name": name, "policies": policies}
    destinations = [{"type": "private", **where}]
    return world.made("{A}/access/apps", {**body, "destinations": destinations})


@pytest.fixture
def lan(world: World) -> World:
    """An account with 10.0.0.0/8 behind the tunnel `lan`."""
    route(world, "10.0.0.0/8", world.tunnel("lan"))
    return world


def test_a_routed_address_is_reached(lan: World) -> None:
    """Without an application every enrolled device reaches what is routed."""
    answer = lan.connect("10.1.2.3", 22)

    assert (answer.outcome, answer.tunnel) == ("origin", lan.ids["lan"])
    assert (answer.destination, answer.status) == ("10.1.2.3:22", 0)


def test_a_foreign_device_reaches_nothing(lan: World) -> None:
    """A device that is not enrolled has no way in."""
    answer = lan.sandbox.edge.connect_privately(PrivateVisit("10.1.2.3", visitor=Visitor()))

    assert answer.outcome == "blocked"


@pytest.mark.parametrize("address", ["192.0.2.1", "fd00::1", "host.internal", "", "10.0.0.300"])
def test_what_is_not_routed_is_not_reached(lan: World, address: str) -> None:
    """Neither an address nor a name without a route leads anywhere."""
    assert lan.connect(address).outcome == "no_record"


NEAREST = [
    ("10.1.2.3", "lan"),
    ("10.2.0.1", "near"),
    ("10.2.3.4", "host"),
    ("10.2.3.5", "near"),
]


@pytest.mark.parametrize(("address", "tunnel"), NEAREST)
def test_the_longest_prefix_counts(lan: World, address: str, tunnel: str) -> None:
    """Of the routes to an address the most specific is taken."""
    route(lan, "10.2.0.0/16", lan.tunnel("near"))
    route(lan, "10.2.3.4/32", lan.tunnel("host"))

    assert lan.connect(address).tunnel == lan.ids[tunnel]


def test_a_deleted_route_leads_nowhere(lan: World) -> None:
    """After its deletion a route gives way to the next wider one."""
    gone = route(lan, "10.2.0.0/16", lan.tunnel("near"))

    lan.api.delete(f"{ROUTES}/{gone}")

    assert lan.connect("10.2.0.1").tunnel == lan.ids["lan"]


def test_a_moved_route_leads_elsewhere(lan: World) -> None:
    """A route that is changed leads to its new network only."""
    moved = route(lan, "172.16.0.0/16", lan.tunnel("near"))

    lan.api.patch(f"{ROUTES}/{moved}", {"network": "172.17.0.0/16"})

    assert lan.connect("172.16.0.1").outcome == "no_record"
    assert lan.connect("172.17.0.1").outcome == "origin"


def test_virtual_networks_are_apart(lan: World) -> None:
    """The same address is another host in another virtual network."""
    other = lan.made("{A}/teamnet/virtual_networks", {"name": "other"})
    route(lan, "10.0.0.0/8", lan.tunnel("far"), virtual_network_id=other)

    assert lan.connect("10.0.0.1").tunnel == lan.ids["lan"]
    assert lan.connect("10.0.0.1", virtual_network=other).tunnel == lan.ids["far"]
    assert lan.connect("10.0.0.1", virtual_network="none").outcome == "no_record"


HOSTS = [
    ("wiki.internal", "exact"),
    ("WIKI.internal.", "exact"),
    ("other.internal", "star"),
    ("a.b.internal", None),
    ("internal", None),
]


@pytest.mark.parametrize(("host", "tunnel"), HOSTS)
def test_host_names_have_routes_of_their_own(world: World, host: str, tunnel: str | None) -> None:
    """An exact name goes before a star, and a star covers one label."""
    for name, wanted in (("*.internal", "star"), ("wiki.internal", "exact")):
        body = {"hostname": name, "tunnel_id": world.tunnel(wanted)}
        world.api.post("{A}/zerotrust/routes/hostname", body)

    answer = world.connect(host)

    assert answer.tunnel == (world.ids[tunnel] if tunnel else None)


DECIDES = [
    # destination, address, port, whether the application decides
    ({"cidr": "10.0.0.0/24"}, "10.0.0.9", 22, True),
    ({"cidr": "10.0.0.0/24"}, "10.0.1.9", 22, False),
    ({"cidr": "10.0.0.9"}, "10.0.0.9", 22, True),
    ({"cidr": "10.0.0.0/24", "port_range": "22"}, "10.0.0.9", 22, True),
    ({"cidr": "10.0.0.0/24", "port_range": "22"}, "10.0.0.9", 23, False),
    ({"cidr": "10.0.0.0/24", "port_range": "20-30"}, "10.0.0.9", 30, True),
    ({"cidr": "10.0.0.0/24", "l4_protocol": "tcp"}, "10.0.0.9", 22, True),
    ({"cidr": "10.0.0.0/24", "l4_protocol": "udp"}, "10.0.0.9", 22, False),
    ({"hostname": "wiki.internal"}, "10.0.0.9", 22, False),
]


@pytest.mark.parametrize(("where", "address", "port", "decides"), DECIDES)
def test_an_application_decides_at_its_destination(
    lan: World, where: dict[str, Any], address: str, port: int, decides: bool
) -> None:
    """A private destination is a network, a host, ports and a protocol."""
    app = private(lan, **where)

    answer = lan.connect(address, port)

    assert answer.application == (app if decides else None)
    assert answer.outcome == ("blocked" if decides else "origin")


def test_the_more_specific_destination_decides(lan: World) -> None:
    """The longer prefix goes before the wider one."""
    private(lan, ALLOW, name="wide", cidr="10.0.0.0/8")
    near = private(lan, BYPASS, name="near", cidr="10.0.0.0/24")

    answer = lan.connect("10.0.0.1")

    assert (answer.application, answer.outcome) == (near, "origin")


def test_a_host_name_is_decided_by_its_application(world: World) -> None:
    """A private host name is matched as the host of an application, star and all."""
    body = {"hostname": "*.internal", "tunnel_id": world.tunnel("lan")}
    world.api.post("{A}/zerotrust/routes/hostname", body)
    app = private(world, ALLOW, hostname="*.internal", port_range="22")

    assert world.connect("wiki.internal").application == app
    assert world.connect("wiki.internal", 80).application is None


def test_a_destination_of_one_virtual_network_leaves_the_others(lan: World) -> None:
    """With `vnet_id` an application decides in that network alone."""
    other = lan.made("{A}/teamnet/virtual_networks", {"name": "other"})

    private(lan, cidr="10.0.0.0/8", vnet_id=other)

    assert lan.connect("10.0.0.1").application is None


@pytest.mark.parametrize(
    ("who", "outcome"), [(NOBODY, "login"), (ANN, "origin"), ({"email": "x@y.z"}, "blocked")]
)
def test_policies_decide_privately_too(lan: World, who: dict[str, Any], outcome: str) -> None:
    """Who has not logged in is asked to, and only who may enters."""
    private(lan, policy("a", "allow", STAFF), cidr="10.0.0.0/8")

    assert lan.connect("10.0.0.1", **who).outcome == outcome


def test_a_tunnel_without_connectors_fails(lan: World) -> None:
    """A route to a tunnel that does not run reaches nothing."""
    lan.sandbox.edge.assume_connectors = False

    answer = lan.connect("10.0.0.1")

    assert (answer.outcome, answer.status) == ("tunnel_error", 0)


def test_an_address_of_six_groups_is_bracketed(world: World) -> None:
    """An IPv6 address reaches its host, and is written so that its port can be told."""
    route(world, "fd00::/8", world.tunnel("lan"))

    assert world.connect("fd00::5").destination == "[fd00::5]:22"


WEB1 = {"target_attributes": {"hostname": ["web1"]}}
WEB2 = {"target_attributes": {"hostname": ["web2"]}}
TARGETED = [
    # criterion, port, whether it decides
    ({"target_attributes": {"hostname": ["web1"]}}, 22, True),
    ({"target_attributes": {"hostname": ["WEB1", "x"]}}, 22, True),
    ({"target_attributes": {"hostname": ["web2"]}}, 22, False),
    ({"target_attributes": {"hostname": ["web1"]}}, 23, False),
    ({"include": WEB1}, 22, True),
    ({"include": [WEB2, WEB1]}, 22, True),
    ({"include": {**WEB2, "tags": {"env": ["prod"]}}}, 22, True),
    ({"include": {**WEB2, "tags": {"env": ["test"]}}}, 22, False),
    ({"include": WEB1, "require": {"tags": {"env": ["test", "prod"]}}}, 22, True),
    ({"include": WEB1, "require": {**WEB2, "tags": {"env": ["prod"]}}}, 22, False),
    ({"include": WEB1, "exclude": {**WEB2, "tags": {"env": ["prod"]}}}, 22, False),
    ({"include": WEB1, "exclude": [WEB2]}, 22, True),
]


@pytest.mark.parametrize(("criterion", "port", "decides"), TARGETED)
def test_an_infrastructure_application_decides_at_its_targets(
    lan: World, criterion: dict[str, Any], port: int, decides: bool
) -> None:
    """A target is an address in a network; an application names it by host name and port."""
    lan.api.target("web1", "10.0.0.5", tags={"env": "prod"})
    rules = {"ssh": {"usernames": ["deploy"]}}
    body = {
        "type": "infrastructure",
        "name": "servers",
        "target_criteria": [{"port": 22, "protocol": "SSH", **criterion}],
        "policies": [policy("ops", "allow", STAFF, connection_rules=rules)],
    }
    app = lan.made("{A}/access/apps", body)

    answer = lan.connect("10.0.0.5", port, email="eve@example.net")

    assert answer.application == (app if decides else None)
    assert answer.outcome == ("blocked" if decides else "origin")
    assert lan.connect("10.0.0.6", port).outcome == "origin"
