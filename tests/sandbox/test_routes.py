"""Routes of private networks, and the tunnels that routes lead to."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api

PATH = "{A}/teamnet/routes"
HOSTS = "{A}/zerotrust/routes/hostname"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def default_network(api: Api) -> str:
    """The id of the default network."""
    return str(api.get("{A}/teamnet/virtual_networks?is_default=true").result[0]["id"])


def networks(api: Api, query: str) -> list[str]:
    """The networks of the routes that a query lists."""
    return [route["network"] for route in api.get(f"{PATH}?{query}").result]


def test_new_route_gets_its_defaults(api: Api) -> None:
    """Creating answers 200 with an empty comment and the default network, and no names."""
    tunnel = api.routed()
    answer = api.post(PATH, {"network": "10.0.0.0/24", "tunnel_id": tunnel})

    assert answer.status == 200
    assert {name: answer.result[name] for name in answer.result if name != "created_at"} == {
        "id": answer.result["id"],
        "tun_type": "cfd_tunnel",
        "network": "10.0.0.0/24",
        "tunnel_id": tunnel,
        "comment": "",
        "virtual_network_id": default_network(api),
        "deleted_at": None,
    }
    assert api.get(f"{PATH}/{answer.result['id']}").result == answer.result


def test_lists_show_names(api: Api) -> None:
    """A listed route names its tunnel, the tunnel's type and its network."""
    api.route()
    (route,) = api.get(PATH).result

    shown = route["tunnel_name"], route["tun_type"], route["virtual_network_name"]
    assert shown == ("routed", "cfd_tunnel", "default")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("10.0.0.5", "10.0.0.5/32"),
        ("fd00::1", "fd00::1/128"),
        ("fd00:0:0::/48", "fd00::/48"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_ranges_have_one_spelling(api: Api, sent: str, stored: str) -> None:
    """An address alone gets its full mask, IPv6 is compressed."""
    assert api.route(sent)["network"] == stored


@pytest.mark.parametrize("network", ["", "10.0.0.1/24", "10.0.0.0/33", "lan", 5, ["10.0.0.0/8"]])
def test_wrong_ranges_are_refused(api: Api, network: Any) -> None:
    """What is no range answers 400, on POST and PATCH."""
    made = api.route()

    body = {"network": network, "tunnel_id": made["tunnel_id"]}
    assert api.post(PATH, body).status == 400
    assert api.patch(f"{PATH}/{made['id']}", {"network": network}).status == 400


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"tunnel_id": None}, 400),
        ({"tunnel_id": "x"}, 400),
        ({"tunnel_id": UNKNOWN}, 404),
        ({"virtual_network_id": UNKNOWN}, 404),
        ({"virtual_network_id": "x"}, 400),
        ({"comment": "x" * 101}, 400),
        ({"network": None}, 400),
    ],
)
def test_wrong_routes_are_refused(api: Api, fields: dict[str, Any], status: int) -> None:
    """A route needs a living tunnel and network, and a short comment."""
    body = {"network": "10.0.0.0/24", "tunnel_id": api.routed(), **fields}

    assert api.post(PATH, body).status == status
    assert api.get(PATH).result == []


def test_route_to_a_deleted_tunnel_is_refused(api: Api) -> None:
    """A deleted tunnel answers 404/1002."""
    tunnel = api.tunnel()["id"]
    api.delete(f"{{A}}/cfd_tunnel/{tunnel}")

    body = {"network": "10.0.0.0/24", "tunnel_id": tunnel}
    assert api.post(PATH, body).error == (404, 1002)


def test_range_is_unique_within_its_network(api: Api) -> None:
    """The same range in the same network answers 409/1014; overlaps and other networks are free."""
    api.route()
    other = api.route("10.0.0.0/25")
    body = {"network": "10.0.0.0/24", "tunnel_id": other["tunnel_id"]}

    assert api.post(PATH, body).error == (409, 1014)
    assert api.patch(f"{PATH}/{other['id']}", {"network": "10.0.0.0/24"}).error == (409, 1014)
    assert api.post(PATH, {**body, "virtual_network_id": api.network()["id"]}).status == 200


def test_patch_merges(api: Api) -> None:
    """PATCH changes what it names and nothing else."""
    made = api.route(comment="lan")
    tunnel = api.tunnel()["id"]
    changed = api.patch(f"{PATH}/{made['id']}", {"tunnel_id": tunnel}).result

    assert changed == {**made, "tunnel_id": tunnel}


def test_deletion_is_soft(api: Api) -> None:
    """A deleted route frees its range, is read with deleted_at, and answers 404/1015 to writes."""
    path = f"{PATH}/{api.route()['id']}"

    assert api.delete(path).result["deleted_at"] is not None
    assert api.get(path).result["deleted_at"] is not None
    assert api.delete(path).error == (404, 1015)
    assert api.patch(path, {"comment": "a"}).error == (404, 1015)
    assert api.get(f"{PATH}/{UNKNOWN}").error == (404, 1015)
    assert api.route()["network"] == "10.0.0.0/24"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["10.0.0.0/8", "10.1.0.0/16", "fd00::/48", "192.168.0.0/24"]),
        ("is_deleted=false", ["10.0.0.0/8", "10.1.0.0/16", "fd00::/48"]),
        ("is_deleted=true", ["192.168.0.0/24"]),
        ("comment=lan", ["10.1.0.0/16"]),
        ("network_subset=10.0.0.0/8", ["10.0.0.0/8", "10.1.0.0/16"]),
        ("network_superset=10.1.2.0/24", ["10.0.0.0/8", "10.1.0.0/16"]),
        ("network_superset=fd00::1", ["fd00::/48"]),
        ("tun_types=cfd_tunnel,warp_connector&is_deleted=true", ["192.168.0.0/24"]),
        ("tun_types=magic", []),
        ("existed_at=2020-01-01T00:00:00Z", []),
        ("existed_at=2030-01-01T00:00:00Z", ["10.0.0.0/8", "10.1.0.0/16", "fd00::/48"]),
        (f"tunnel_id={UNKNOWN}", []),
        (f"route_id={UNKNOWN}", []),
        (f"virtual_network_id={UNKNOWN}", []),
    ],
)
def test_routes_are_filtered(api: Api, query: str, found: list[str]) -> None:
    """The list holds deleted routes unless told otherwise; every filter does what it says."""
    api.route("10.0.0.0/8")
    api.route("10.1.0.0/16", comment="lan")
    api.route("fd00::/48")
    api.delete(f"{PATH}/{api.route('192.168.0.0/24')['id']}")

    assert networks(api, query) == found
    assert api.sandbox.ignored == []


def test_routes_are_found_by_what_they_belong_to(api: Api) -> None:
    """Route, tunnel and network ids find their routes."""
    vnet = api.network()["id"]
    made = api.route("10.0.0.0/8", virtual_network_id=vnet, tunnel_id=api.tunnel()["id"])
    api.route("10.1.0.0/16")

    for query in (
        f"route_id={made['id']}",
        f"tunnel_id={made['tunnel_id']}",
        f"virtual_network_id={vnet}",
    ):
        assert networks(api, query) == ["10.0.0.0/8"]


@pytest.mark.parametrize(
    "query",
    ["network_subset=x", "tun_types=carrier", "existed_at=now", "is_deleted=no", "per_page=1001"],
)
def test_wrong_queries_are_refused(api: Api, query: str) -> None:
    """A filter that makes no sense answers 400."""
    assert api.get(f"{PATH}?{query}").status == 400


@pytest.mark.parametrize(
    ("address", "found"), [("10.1.2.3", "10.1.0.0/16"), ("10.2.0.1", "10.0.0.0/8")]
)
def test_best_match_is_the_narrowest(api: Api, address: str, found: str) -> None:
    """An address is routed by the narrowest living range of its network, with names."""
    api.route("10.0.0.0/8")
    api.route("10.1.0.0/16")
    api.delete(f"{PATH}/{api.route('10.2.0.0/16')['id']}")
    best = api.get(f"{PATH}/ip/{address}").result

    assert (best["network"], best["tunnel_name"]) == (found, "routed")


def test_best_match_stays_in_its_network(api: Api) -> None:
    """A network may be named; nothing that matches is a success without a route."""
    vnet = api.network()["id"]
    api.route("fd00::/48", virtual_network_id=vnet)
    here = api.get(f"{PATH}/ip/fd00::1?virtual_network_id={vnet}")
    nowhere = api.get(f"{PATH}/ip/fd00::1")

    assert here.result["network"] == "fd00::/48"
    assert (nowhere.status, nowhere.result) == (200, None)
    assert api.get(f"{PATH}/ip/here").status == 400
    assert api.get(f"{PATH}/ip/10.0.0.1?virtual_network_id={UNKNOWN}").error == (404, 1046)


def test_ranges_in_the_path_still_work(api: Api) -> None:
    """The deprecated paths create, change and delete the route of a range."""
    path = f"{PATH}/network/10.0.0.0%2F24"
    made = api.post(path, {"tunnel_id": api.routed(), "comment": "old"})

    assert (made.status, made.result["network"]) == (200, "10.0.0.0/24")
    assert api.patch(path, {"comment": "new"}).result["comment"] == "new"
    assert api.patch(path).result["comment"] == "new"
    assert api.delete(f"{path}?tunnel_id={UNKNOWN}").error == (404, 1015)
    assert api.delete(path).result["deleted_at"] is not None
    assert api.delete(path).error == (404, 1015)
    assert api.delete(f"{PATH}/network/lan").status == 400


@pytest.mark.parametrize("routed", ["route", "hostname_route"])
def test_tunnel_with_routes_is_not_deleted(api: Api, routed: str) -> None:
    """A tunnel with a route of either kind answers 400 until the route is gone."""
    path = f"{{A}}/cfd_tunnel/{api.routed()}"
    made = getattr(api, routed)()

    assert api.delete(path).status == 400
    assert api.get(path).result["deleted_at"] is None
    api.delete(f"{PATH if routed == 'route' else HOSTS}/{made['id']}")
    assert api.delete(path).status == 200


def test_cascade_deletes_the_routes(api: Api) -> None:
    """Deletion of a tunnel with cascade deletes its routes of both kinds."""
    api.route()
    api.hostname_route()

    assert api.delete(f"{{A}}/cfd_tunnel/{api.routed()}?cascade=true").status == 200
    assert api.get(f"{PATH}?is_deleted=false").result == []
    assert api.get(HOSTS).result == []


def test_awkward_routes_mean_the_same(awkward: Api) -> None:
    """In awkward mode an empty comment is left out; range, tunnel and network stay."""
    made = awkward.route()
    shown = awkward.get(f"{PATH}/{made['id']}").result

    assert "comment" not in shown
    assert (shown["network"], shown["tunnel_id"]) == ("10.0.0.0/24", awkward.routed())
    assert shown["virtual_network_id"] == default_network(awkward)
