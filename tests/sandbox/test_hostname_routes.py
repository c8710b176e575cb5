"""Routes of private host names."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api

HOSTS = "{A}/zerotrust/routes/hostname"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_new_host_route_names_its_tunnel(api: Api) -> None:
    """Creating answers 200 with the tunnel's name and an empty comment."""
    answer = api.post(HOSTS, {"hostname": "db.internal", "tunnel_id": api.routed()})

    assert answer.status == 200
    assert (answer.result["tunnel_name"], answer.result["comment"]) == ("routed", "")
    assert api.get(f"{HOSTS}/{answer.result['id']}").result == answer.result


@pytest.mark.parametrize("hostname", ["db", "*.db.internal", "DB.internal", "a" * 63 + ".x"])
def test_host_names_are_taken(api: Api, hostname: str) -> None:
    """A host name with a leading star, in any case, is taken and kept as it is."""
    assert api.hostname_route(hostname)["hostname"] == hostname


@pytest.mark.parametrize(
    "fields",
    [
        *({"hostname": ""}, {"hostname": "a..b"}, {"hostname": "a.*.b"}, {"hostname": "a b"}),
        *({"hostname": "x." * 200}, {"hostname": 5}, {"hostname": None}, {"tunnel_id": None}),
        *({"tunnel_id": UNKNOWN}, {"comment": "x" * 101}, {"hostname": "https://a.internal"}),
    ],
)
def test_wrong_host_routes_are_refused(api: Api, fields: dict[str, Any]) -> None:
    """A wrong body is refused and creates nothing."""
    body = {"hostname": "db.internal", "tunnel_id": api.routed(), **fields}

    assert api.post(HOSTS, body).status in (400, 404)
    assert api.get(HOSTS).result == []


def test_host_name_is_routed_once(api: Api) -> None:
    """A routed host name answers 409, whatever its case, until its route is deleted."""
    first, second = api.hostname_route(), api.hostname_route("other.internal")
    path = f"{HOSTS}/{second['id']}"

    assert api.patch(path, {"hostname": "DB.internal"}).status == 409
    api.delete(f"{HOSTS}/{first['id']}")
    assert api.patch(path, {"hostname": "DB.internal"}).result["hostname"] == "DB.internal"


def test_deleted_host_routes_are_listed_when_asked_for(api: Api) -> None:
    """Unlike other lists, this one leaves the deleted out unless asked."""
    path = f"{HOSTS}/{api.hostname_route()['id']}"

    assert api.delete(path).result["deleted_at"] is not None
    assert api.get(HOSTS).result == []
    assert len(api.get(f"{HOSTS}?is_deleted=true").result) == 1
    assert [api.delete(path).status, api.patch(path, {"comment": "a"}).status] == [404, 404]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("hostname=INTERNAL", {"db.internal", "web.internal"}),
        ("hostname=db", {"db.internal"}),
        ("comment=lan", {"web.internal"}),
        (f"tunnel_id={UNKNOWN}", set()),
        (f"id={UNKNOWN}", set()),
        ("existed_at=2020-01-01T00:00:00Z", set()),
    ],
)
def test_host_routes_are_filtered(api: Api, query: str, found: set[str]) -> None:
    """Every filter of the list does what it says."""
    api.hostname_route()
    api.hostname_route("web.internal", comment="lan")

    assert {one["hostname"] for one in api.get(f"{HOSTS}?{query}").result} == found
    assert api.sandbox.ignored == []
