"""Promises about virtual networks and private routes: what is read of replies and what is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call
from ztctl.core.model.flows import Ask
from ztctl.core.model.objects import Live, Mark, Wanted
from ztctl.core.model.values import Lookup, Ref

from .replay import Fails, declare, kind, ledger, play, serve

TEAMNET = "/accounts/{account}/teamnet"
ROUTES, NETWORKS = f"{TEAMNET}/routes", f"{TEAMNET}/virtual_networks"
NETWORK = kind("virtual_network")
ROUTE = kind("private_route")
DEFAULT = {"id": "n-1", "name": "default", "is_default_network": True, "comment": "by Cloudflare"}
LAB = {"id": "n-2", "name": "lab", "is_default_network": False, "comment": "mine ztctl-prod"}
RAW = {
    "id": "r-1",
    "network": "10.0.0.0/8",
    "tunnel_id": "t-1",
    "tunnel_name": "edge.ztctl-prod",
    "tun_type": "cfd_tunnel",
    "virtual_network_id": "n-1",
    "virtual_network_name": "default",
    "comment": "the LAN ztctl-prod",
    "created_at": "2026-07-01T00:00:00Z",
    "deleted_at": None,
}


def networks(*raws: Any) -> tuple[Live, ...]:
    """Live networks as they are read."""
    return serve(NETWORK.read(Ask("prod")), lambda call: list(raws)).result


def route(**fields: Any) -> Live:
    """One live route as it is read, with two networks beside."""

    def answer(call: Call) -> Any:
        return [{**RAW, **fields}] if call.path == ROUTES else [DEFAULT, LAB]

    (found,) = serve(ROUTE.read(Ask("prod")), answer).result
    return found


def wanted(key: str = "10.0.0.0/8", **fields: Any) -> Wanted:
    """The route of the file."""
    return declare("private_route", key, tunnel="edge", **fields)


def test_networks_are_one_list_in_pages() -> None:
    """Pages of a thousand, as recorded; it holds deleted networks unless told otherwise."""
    (call,) = serve(NETWORK.read(Ask("prod")), lambda call: []).calls

    assert (call.path, call.query, call.per_page) == (NETWORKS, (("is_deleted", "false"),), 1000)


def test_routes_are_two_lists_at_once() -> None:
    """Routes are listed in pages of a thousand, with the networks to know the default one."""
    (asked,) = serve(ROUTE.read(Ask("prod")), lambda call: []).rounds

    assert [(call.path, call.per_page) for call in asked] == [(ROUTES, 1000), (NETWORKS, 1000)]
    assert all(call.query == (("is_deleted", "false"),) for call in asked)


def test_a_network_is_read_with_its_mark() -> None:
    """The last word of the comment is the mark; a network is called by its name."""
    (found,) = networks(LAB)

    assert (found.id, found.key, found.mark) == ("n-2", "lab", Mark("prod"))
    assert found.values == {"name": "lab", "comment": "mine ztctl-prod"}


@pytest.mark.parametrize("spelt", ["is_default_network", "is_default"])
def test_the_default_network_is_nobodys(spelt: str) -> None:
    """A mark on the default network counts for nothing, however a reply says that it is."""
    (found,) = networks({"id": "n-1", "name": "default", spelt: True, "comment": "ztctl-prod"})

    assert found.mark is None


def test_what_is_sent_of_a_network_is_name_and_comment() -> None:
    """Which network is the default is never written."""
    values = NETWORK.complete(declare("virtual_network", "lab"), None, ledger())

    played = play(NETWORK.create(values), LAB)

    assert played.body == {"name": "lab", "comment": "ztctl-prod"}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "10.0.0.0/8"),
        ({"network": "10.1.2.3/8"}, "10.0.0.0/8"),
        ({"network": "2001:0db8:0:0::/32"}, "2001:db8::/32"),
        ({"virtual_network_id": "n-2", "virtual_network_name": "lab"}, "10.0.0.0/8@lab"),
    ],
)
def test_a_route_is_called_by_range_and_network(fields: dict[str, Any], key: str) -> None:
    """One spelling of a range; a network stands behind it where it is not the default one."""
    found = route(**fields)

    assert (found.name, found.key) == (key, key)


def test_a_route_refers_to_its_tunnel_and_its_network() -> None:
    """Neither is deleted while the route is there."""
    assert set(ROUTE.uses(route())) == {("tunnel", "t-1"), ("virtual_network", "n-1")}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {"10.0.0.0/8@n-1"}),
        ({"virtual_network": {"live": "lab"}}, {"10.0.0.0/8@n-2"}),
        ({"virtual_network": {"id": "n-9"}}, {"10.0.0.0/8@n-9"}),
        ({"virtual_network": "new"}, set()),
    ],
    ids=["default", "live", "id", "not there yet"],
)
def test_a_route_is_its_range_in_its_network(given: dict[str, Any], found: set[str]) -> None:
    """A live route is the same thing only in the same network."""
    known = ledger(live=networks(DEFAULT, LAB))

    assert ROUTE.natural_keys(wanted(**given), known) == found
    assert ROUTE.live_keys(route()) == {"10.0.0.0/8@n-1"}


def test_a_route_says_where_it_leads_and_in_which_network() -> None:
    """All that the service takes is sent; the account's default network by its id."""
    values = ROUTE.complete(wanted(comment="the LAN"), None, ledger(live=networks(DEFAULT, LAB)))

    played = play(ROUTE.create({**values, "tunnel": "t-1"}), RAW)

    assert played.body == {
        "network": "10.0.0.0/8",
        "tunnel_id": "t-1",
        "virtual_network_id": "n-1",
        "comment": "the LAN ztctl-prod",
    }


def test_in_an_account_without_a_network_the_service_chooses() -> None:
    """Before the first tunnel there is no default network, and none is named."""
    values = ROUTE.complete(wanted(), None, ledger())

    played = play(ROUTE.create({**values, "tunnel": "t-1"}), RAW)

    assert "virtual_network_id" not in played.body


def test_a_change_of_a_route_is_a_patch() -> None:
    """A route is changed in place, by its id."""
    values = {"network": "10.0.0.0/8", "tunnel": "t-2", "comment": "ztctl-prod"}

    played = play(ROUTE.update(route(), values, "update"), {**RAW, "tunnel_id": "t-2"})

    assert played.writes == [f"PATCH {ROUTES}/r-1"]
    assert played.result.values["tunnel"] == "t-2"


def test_a_lost_route_is_looked_for_in_its_network() -> None:
    """The same range in another network is another route."""
    values = {"network": "10.0.0.0/8", "tunnel": "t-1", "virtual_network": "n-2", "comment": "c"}

    def answer(call: Call) -> Any:
        if call.path == ROUTES:
            return [RAW, {**RAW, "id": "r-2", "virtual_network_id": "n-2"}]
        return [DEFAULT, LAB]

    found = serve(ROUTE.find(values), answer).result

    assert found is not None
    assert found.id == "r-2"


def test_references_of_a_route_are_keys_or_live_names() -> None:
    """A network of the file stands by its key, one that is only live by its name."""
    declared = wanted(virtual_network="lab").values["virtual_network"]
    live = wanted(virtual_network={"live": "lab"}).values["virtual_network"]

    assert declared == Ref(Address("virtual_network", "lab"))
    assert live == Lookup("virtual_network", "lab")


@pytest.mark.parametrize("name", ["virtual_network", "private_route"])
def test_a_token_without_the_permission_reads_nothing(name: str) -> None:
    """Where the files do not use the section a 403 is an empty list."""
    assert serve(kind(name).read(Ask("prod")), lambda call: Fails(403)).result == ()
