"""Virtual networks: the default one, names, deletion."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.service import Sandbox

from .api import Api

PATH = "{A}/teamnet/virtual_networks"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def default(api: Api) -> Any:
    """The default network."""
    (network,) = api.get(f"{PATH}?is_default_network=true").result
    return network


def names(api: Api, query: str) -> list[str]:
    """The names that a query lists."""
    return [network["name"] for network in api.get(f"{PATH}?{query}").result]


def test_account_has_one_default_network(api: Api) -> None:
    """A new account has one network, the default one, with the same id in every sandbox."""
    (network,) = api.get(PATH).result
    again = Api(Sandbox.create())

    assert (network["name"], network["is_default_network"]) == ("default", True)
    assert default(again)["id"] == network["id"]
    assert "total_pages" not in api.get(PATH).body["result_info"]


def test_new_network_is_not_the_default(api: Api) -> None:
    """Creating answers 200 with an empty comment; the default stays where it is."""
    answer = api.post(PATH, {"name": "staging"})

    assert (answer.status, answer.result["comment"]) == (200, "")
    assert (answer.result["is_default_network"], answer.result["deleted_at"]) == (False, None)
    assert default(api)["name"] == "default"


@pytest.mark.parametrize("said", [{"is_default_network": True}, {"is_default": True}])
def test_a_new_default_takes_over(api: Api, said: dict[str, Any]) -> None:
    """A network that is made the default takes it from the old one."""
    api.network(**said)

    assert default(api)["name"] == "staging"


def test_patch_merges(api: Api) -> None:
    """PATCH changes what it names; a network can be promoted, but the default not demoted."""
    path = f"{PATH}/{api.network(comment='a')['id']}"

    assert api.patch(path, {"name": "new"}).result["comment"] == "a"
    assert api.patch(path, {"is_default_network": True}).result["is_default_network"] is True
    assert api.patch(path, {"is_default_network": False}).status == 400
    assert default(api)["name"] == "new"


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 257}, {"name": 5}, {"name": "a", "comment": "x" * 101}],
)
def test_wrong_networks_are_refused(api: Api, body: dict[str, Any]) -> None:
    """A wrong body answers 400 and creates nothing."""
    assert api.post(PATH, body).status == 400
    assert len(api.get(PATH).result) == 1


def test_name_is_unique_among_the_living(api: Api) -> None:
    """A taken name answers 409, for PATCH too; a deleted network frees its name."""
    first, second = api.network("a"), api.network("b")

    assert api.post(PATH, {"name": "a"}).status == 409
    assert api.patch(f"{PATH}/{second['id']}", {"name": "a"}).status == 409
    api.delete(f"{PATH}/{first['id']}")
    assert api.patch(f"{PATH}/{second['id']}", {"name": "a"}).status == 200


def test_deletion_is_soft(api: Api) -> None:
    """A deleted network is listed, and not read, changed or deleted again."""
    path = f"{PATH}/{api.network()['id']}"

    assert api.delete(path).result["deleted_at"] is not None
    assert [one["deleted_at"] is None for one in api.get(PATH).result] == [True, False]
    assert api.get(path).error == (404, 1046)
    assert api.patch(path, {"name": "new"}).error == (404, 1046)
    assert api.delete(path).error == (404, 1046)
    assert api.get(f"{PATH}/{UNKNOWN}").error == (404, 1046)


def test_default_network_is_not_deleted(api: Api) -> None:
    """The default network is refused deletion, by force too."""
    path = f"{PATH}/{default(api)['id']}"

    assert [api.delete(path).error, api.delete(f"{path}?force=true").error] == [(400, 1049)] * 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["default", "a", "b"]),
        ("is_deleted=false", ["default", "a"]),
        ("is_deleted=true", ["b"]),
        ("name=a", ["a"]),
        ("is_default=false&is_deleted=false", ["a"]),
        ("is_default_network=true", ["default"]),
        (f"id={UNKNOWN}", []),
    ],
)
def test_networks_are_filtered(api: Api, query: str, found: list[str]) -> None:
    """The list holds deleted networks unless told otherwise, and filters by name and more."""
    api.network("a")
    api.delete(f"{PATH}/{api.network('b')['id']}")

    assert names(api, query) == found
    assert api.sandbox.ignored == []


@pytest.fixture
def used(api: Api) -> tuple[Api, str]:
    """A network that a route, a target and an application are in."""
    vnet = api.network()["id"]
    api.route(virtual_network_id=vnet)
    ip = {"ipv4": {"ip_addr": "10.0.0.5", "virtual_network_id": vnet}}
    api.post("{A}/infrastructure/targets", {"hostname": "a", "ip": ip})
    private = {"type": "private", "cidr": "10.0.0.5/32", "vnet_id": vnet}
    api.app(destinations=[private, {"uri": "ssh.example.com"}])
    return api, vnet


def test_used_network_is_not_deleted(used: tuple[Api, str]) -> None:
    """A network in use answers 409 and stays."""
    api, vnet = used

    assert api.delete(f"{PATH}/{vnet}").status == 409
    assert api.get(f"{PATH}/{vnet}").result["deleted_at"] is None


def test_force_deletes_routes_and_moves_the_rest(used: tuple[Api, str]) -> None:
    """With force its routes are deleted; target and application move to the default network."""
    api, vnet = used

    assert api.delete(f"{PATH}/{vnet}?force=true").status == 200
    assert api.get("{A}/teamnet/routes?is_deleted=false").result == []
    (target,) = api.get("{A}/infrastructure/targets").result
    (app,) = api.get("{A}/access/apps").result
    assert target["ip"]["ipv4"]["virtual_network_id"] == default(api)["id"]
    assert app["destinations"][0]["vnet_id"] == default(api)["id"]


def test_force_does_not_double_an_address(used: tuple[Api, str]) -> None:
    """A target that would meet another one in the default network keeps the network alive."""
    api, vnet = used
    api.target("b", "10.0.0.5")

    assert api.delete(f"{PATH}/{vnet}?force=true").status == 409
    assert len(api.get("{A}/teamnet/routes?is_deleted=false").result) == 1


def test_application_needs_a_living_network(api: Api) -> None:
    """A private destination in an unknown network answers 400/12130."""
    private = {"type": "private", "cidr": "10.0.0.5/32", "vnet_id": UNKNOWN}
    body = {"type": "self_hosted", "name": "a", "destinations": [private]}

    assert api.post("{A}/access/apps", body).error == (400, 12130)


def test_awkward_networks_say_the_same(awkward: Api) -> None:
    """In awkward mode the older name of the switch stands beside the newer one."""
    made = awkward.network()

    assert (made["is_default"], made["is_default_network"]) == (False, False)
    assert awkward.get(f"{PATH}/{made['id']}").result["name"] == "staging"
