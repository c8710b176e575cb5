"""Infrastructure targets: fields, batches, filters, pages."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api

PATH = "{A}/infrastructure/targets"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def body(hostname: str = "web1", ipv4: str = "10.0.0.5", **fields: Any) -> dict[str, Any]:
    """A target as it is sent."""
    return {"hostname": hostname, "ip": {"ipv4": {"ip_addr": ipv4}}, **fields}


def default_network(api: Api) -> str:
    """The id of the account's default network."""
    networks = api.get("{A}/teamnet/virtual_networks?is_default=true").result
    return str(networks[0]["id"])


def names(api: Api, query: str) -> list[str]:
    """The host names that a query lists."""
    return [target["hostname"] for target in api.get(f"{PATH}?{query}").result]


def test_new_target_gets_the_default_network(api: Api) -> None:
    """Creating answers 200 with the default network filled in and no tags."""
    answer = api.post(PATH, body())
    vnet = default_network(api)

    assert answer.status == 200
    placed = {"ip_addr": "10.0.0.5", "virtual_network_id": vnet}
    assert answer.result["ip"] == {"ipv4": placed, "ipv6": None}
    assert "tags" not in answer.result
    assert {"id", "created_at", "modified_at"} < set(answer.result)
    assert api.get(f"{PATH}/{answer.result['id']}").result == answer.result


def test_target_takes_both_addresses_and_tags(api: Api) -> None:
    """A target has an IPv4 and an IPv6 address, each in its own network, and tags."""
    vnet = api.network()["id"]
    six = {"ip_addr": "FD00::0001", "virtual_network_id": vnet}
    ip = {"ipv4": {"ip_addr": "10.0.0.5"}, "ipv6": six}
    made = api.post(PATH, {"hostname": "a", "ip": ip, "tags": {"env": "prod"}}).result

    assert made["ip"]["ipv6"] == {"ip_addr": "fd00::1", "virtual_network_id": vnet}
    assert made["tags"] == {"env": "prod"}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"hostname": "a"},
        {"hostname": "a", "ip": {}},
        {"hostname": "a", "ip": "10.0.0.1"},
        {"hostname": "a", "ip": {"ipv4": {}}},
        {"hostname": "a", "ip": {"ipv4": "10.0.0.1"}},
        {"hostname": "a", "ip": {"ipv6": {"ip_addr": "10.0.0.1"}}},
        body(ipv4="fd00::1"),
        body(ipv4="10.0.0.0/24"),
        body(hostname=""),
        body(hostname="a b"),
        body(hostname="-a"),
        body(hostname="a."),
        body(hostname="a_b"),
        body(hostname="a" * 256),
        body(tags=["a"]),
        body(tags={"a": 1}),
    ],
)
def test_wrong_targets_are_refused(api: Api, sent: dict[str, Any]) -> None:
    """A wrong body answers 400 and creates nothing."""
    assert api.post(PATH, sent).status == 400
    assert api.get(PATH).result == []


@pytest.mark.parametrize("hostname", ["a", "Web-1.Example.com", "a" * 255])
def test_host_names_are_taken(api: Api, hostname: str) -> None:
    """Letters, digits, dashes and dots up to 255 make a host name."""
    assert api.post(PATH, body(hostname)).status == 200


def test_unknown_network_is_refused(api: Api) -> None:
    """A network that does not exist, or not any more, answers 404/1046."""
    gone = api.network()["id"]
    api.delete(f"{{A}}/teamnet/virtual_networks/{gone}")
    for vnet in (UNKNOWN, gone):
        ip = {"ipv4": {"ip_addr": "10.0.0.5", "virtual_network_id": vnet}}
        assert api.post(PATH, {"hostname": "a", "ip": ip}).error == (404, 1046)


def test_address_is_unique_within_its_network(api: Api) -> None:
    """The same address in the same network is refused; host names, and other networks, are free."""
    first, second = api.target(), api.target("web1", "10.0.0.6")
    ip = {"ipv4": {"ip_addr": "10.0.0.5", "virtual_network_id": api.network()["id"]}}

    assert second["hostname"] == first["hostname"]
    assert api.post(PATH, body("web2")).status == 409
    assert api.put(f"{PATH}/{second['id']}", body()).status == 409
    assert api.post(PATH, {"hostname": "web1", "ip": ip}).status == 200


def test_put_replaces_the_whole(api: Api) -> None:
    """PUT keeps id and creation and replaces the rest; its own address is no conflict."""
    old = api.target(tags={"env": "prod"})
    new = api.put(f"{PATH}/{old['id']}", body("web2")).result

    assert (new["hostname"], "tags" in new) == ("web2", False)
    assert [new[name] for name in ("id", "created_at")] == [old["id"], old["created_at"]]
    assert new["modified_at"] > old["modified_at"]


def test_deleted_target_is_gone(api: Api) -> None:
    """Deleting answers 200 with nothing; then, as for any unknown id, 404."""
    path = f"{PATH}/{api.target()['id']}"
    gone = api.delete(path)

    assert (gone.status, gone.result) == (200, None)
    assert [api.get(path).status, api.delete(path).status, api.put(path, body()).status] == [
        404
    ] * 3
    assert api.post(PATH, body()).status == 200


def test_batch_adds(api: Api) -> None:
    """PUT on the batch path adds what the array holds, in order."""
    api.target("old", "10.0.0.1")
    answer = api.put(f"{PATH}/batch", [body("a", "10.0.0.2"), body("b", "10.0.0.3")])

    assert answer.status == 200
    assert [one["hostname"] for one in answer.result] == ["a", "b"]
    assert len(api.get(PATH).result) == 3


@pytest.mark.parametrize("second", [body("b", "nowhere"), body("b", "10.0.0.2"), {}, 5])
def test_batch_is_whole_or_not_at_all(api: Api, second: Any) -> None:
    """One wrong element refuses the batch, points at itself, and nothing is added."""
    answer = api.put(f"{PATH}/batch", [body("a", "10.0.0.2"), second])

    assert answer.status in (400, 409)
    assert answer.body["errors"][0]["source"] == {"pointer": "/1"}
    assert api.get(PATH).result == []


@pytest.mark.parametrize("sent", [{}, {"targets": []}, "x", None])
def test_batch_needs_an_array(api: Api, sent: Any) -> None:
    """Anything but an array answers 400."""
    assert api.put(f"{PATH}/batch", sent).status == 400


@pytest.mark.parametrize(("method", "path"), [("POST", "batch_delete"), ("DELETE", "batch")])
def test_many_are_deleted_at_once(api: Api, method: str, path: str) -> None:
    """Both forms of the batch deletion delete what they name, and nothing else."""
    keys = [api.target("web", f"10.0.0.{number}")["id"] for number in range(3)]
    gone = api.call(method, f"{PATH}/{path}", {"target_ids": keys[:2]})

    assert (gone.status, gone.result) == (200, None)
    assert [one["id"] for one in api.get(PATH).result] == keys[2:]


def test_batch_deletion_of_an_unknown_target_deletes_nothing(api: Api) -> None:
    """An unknown id answers 404 and leaves the others; a wrong body answers 400."""
    key = api.target()["id"]

    assert api.post(f"{PATH}/batch_delete", {"target_ids": [key, UNKNOWN]}).status == 404
    assert api.post(f"{PATH}/batch_delete", {"target_ids": ["x"]}).status == 400
    assert api.post(f"{PATH}/batch_delete", {}).status == 400
    assert len(api.get(PATH).result) == 1


@pytest.fixture
def three(api: Api) -> Api:
    """An account with three targets; b's address is in another network too."""
    vnet = api.network()["id"]
    api.target("Web-A", "10.0.0.5", tags={"env": "prod", "tier": "1"})
    four = {"ip_addr": "10.0.0.9", "virtual_network_id": vnet}
    ip = {"ipv4": four, "ipv6": {"ip_addr": "fd00::9"}}
    api.post(PATH, {"hostname": "web-b", "ip": ip, "tags": {"env": "prod"}})
    api.target("db", "192.168.1.1", tags={"env": "test", "tier": "2"})
    return api


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Web-A", "web-b", "db"]),
        ("hostname=web-a", ["Web-A"]),
        ("hostname=web", []),
        ("hostname_contains=WEB", ["Web-A", "web-b"]),
        ("ip_v4=10.0.0.9", ["web-b"]),
        ("ip_v6=fd00:0::9", ["web-b"]),
        ("ips=10.0.0.5&ips=192.168.1.1", ["Web-A", "db"]),
        ("ip_like=10.0.*", ["Web-A", "web-b"]),
        ("ip_like=*.1", ["db"]),
        ("ip_like=10.0.0", []),
        ("ipv4_start=10.0.0.5&ipv4_end=10.0.0.8", ["Web-A"]),
        ("ipv6_start=fd00::&ipv6_end=fd00::ff", ["web-b"]),
        ("tag=env:prod", ["Web-A", "web-b"]),
        ("tag=env:prod&tag=tier:1", ["Web-A"]),
        ("created_after=2030-01-01T00:00:00Z", []),
        ("created_before=2030-01-01T00:00:00Z", ["Web-A", "web-b", "db"]),
        ("modified_after=2026-01-01T00:00:00Z", ["Web-A", "web-b", "db"]),
        ("modified_before=2026-01-01T00:00:00Z", []),
        ("order=hostname", ["db", "Web-A", "web-b"]),
        ("order=created_at&direction=desc", ["db", "web-b", "Web-A"]),
        ("order=tag:tier&direction=desc", ["db", "Web-A", "web-b"]),
        (f"target_ids={UNKNOWN}", []),
    ],
)
def test_targets_are_filtered_and_ordered(three: Api, query: str, found: list[str]) -> None:
    """Every filter and order of the list does what it says."""
    assert names(three, query) == found
    assert three.sandbox.ignored == []


def test_targets_are_found_by_id_and_network(three: Api) -> None:
    """target_ids may be repeated; a network finds the targets with an address in it."""
    everything = three.get(PATH).result
    keys = "&".join(f"target_ids={one['id']}" for one in everything[1:])
    vnet = everything[1]["ip"]["ipv4"]["virtual_network_id"]

    assert names(three, keys) == ["web-b", "db"]
    assert names(three, f"virtual_network_id={vnet}") == ["web-b"]


@pytest.mark.parametrize(
    "query",
    [
        *("ip_v4=fd00::9", "ip_v6=10.0.0.1", "ips=x", "ipv4_start=10.0.0.1", "ipv6_end=fd00::1"),
        *("tag=env", "tag=:prod", "tag=env:", "created_after=soon", "order=ip", "direction=up"),
        *("per_page=1001", "per_page=0", "page=0"),
    ],
)
def test_wrong_queries_are_refused(three: Api, query: str) -> None:
    """A filter that makes no sense answers 400."""
    assert three.get(f"{PATH}?{query}").status == 400


def test_a_page_holds_a_thousand(api: Api) -> None:
    """Without per_page a page holds 1,000 targets, and the next one the rest."""
    made = [body("web", f"10.{number // 256}.{number % 256}.1") for number in range(1001)]
    api.put(f"{PATH}/batch", made)
    first, second = api.get(PATH), api.get(f"{PATH}?page=2")

    assert [len(first.result), len(second.result)] == [1000, 1]
    assert first.body["result_info"]["total_count"] == 1001
