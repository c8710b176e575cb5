"""The replies of real accounts, as they came, are read by ztctl."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.support.recorded.exchanges import EXCHANGES, Exchange
from ztctl.cloudflare.client import Client
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.flows import Ask
from ztctl.core.model.objects import Live
from ztctl.core.model.values import Secret
from ztctl.engine.read import Reader
from ztctl.kinds.registry import KINDS

from .replay import ZONE

Json = Any
OURS = "t.ztctl-prod"
ACCOUNT = "0123456789abcdef0123456789abcdef"
# Lists of the account by the kind that reads them.
LISTS = {
    "access/apps": "access_application",
    "access/policies": "access_policy",
    "access/groups": "access_group",
    "access/tags": "access_tag",
    "access/service_tokens": "service_token",
    "cfd_tunnel": "tunnel",
    "teamnet/routes": "private_route",
    "teamnet/virtual_networks": "virtual_network",
    "/zones": "zone",
}
EMPTY: Json = {"success": True, "errors": [], "messages": [], "result": []}


def path_of(exchange: Exchange) -> str:
    """The path of an exchange in the account of these tests."""
    below = exchange.below
    return below if below.startswith("/") else f"/accounts/{ACCOUNT}/{below}"


def transport(bodies: Mapping[str, Json], status: int = 200) -> httpx.MockTransport:
    """A service that answers these bodies by path, and an empty list to everything else."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/client/v4")
        if path in bodies:
            return httpx.Response(status, json=bodies[path])
        return httpx.Response(200, json=EMPTY)

    return httpx.MockTransport(answer)


async def at_once(seconds: float) -> None:
    """Sleep without sleeping."""


def client(bodies: Mapping[str, Json], status: int = 200) -> Client:
    """A client of that service."""
    given = transport(bodies, status)
    return Client(Secret("t"), account=ACCOUNT, transport=given, sleep=at_once)


def sent(exchange: Exchange) -> Json:
    """What the client makes of a recorded reply."""
    call = Call(exchange.method, path_of(exchange), exchange.request)

    async def talk() -> Json:
        async with client({path_of(exchange): exchange.response}, exchange.status or 403) as api:
            return await api.send(call)

    return asyncio.run(talk())


def read(kind: str, bodies: Mapping[str, Json]) -> tuple[Live, ...]:
    """The objects of a kind in an account that answers so."""
    hosts = frozenset({"docs.example.org", "example.com", "www.example.com"})

    async def talk() -> tuple[Live, ...]:
        async with client(bodies) as api:
            reader = Reader(KINDS, Ask("prod", hosts=hosts), api)
            return await reader.live_of(kind)

    return asyncio.run(talk())


SUCCESSES = [one for one in EXCHANGES if one.response["success"]]
FAILURES = [one for one in EXCHANGES if not one.response["success"]]


@pytest.mark.parametrize("exchange", SUCCESSES, ids=str)
def test_the_envelope_is_understood(exchange: Exchange) -> None:
    """A recorded success gives its result, whatever else stands in the envelope."""
    assert sent(exchange) == exchange.result


@pytest.mark.parametrize("exchange", FAILURES, ids=str)
def test_a_recorded_refusal_is_understood(exchange: Exchange) -> None:
    """A recorded refusal is a failure with its code and its own words."""
    with pytest.raises(CallFailed) as failed:
        sent(exchange)

    (error,) = exchange.response["errors"]
    assert failed.value.has_code(error["code"])
    assert error["message"].strip() in {one.message.strip() for one in failed.value.errors}


@pytest.mark.parametrize(
    "exchange",
    [one for one in SUCCESSES if one.method == "GET" and one.below in LISTS],
    ids=str,
)
def test_a_recorded_list_is_read(exchange: Exchange) -> None:
    """Each object of a recorded list is read as an object of its kind, but for pending zones."""
    live = read(LISTS[exchange.below], {path_of(exchange): exchange.response})

    usable = [one for one in exchange.result if one.get("status") != "pending"]
    assert {one.id for one in live} == {one.get("id", one.get("name")) for one in usable}


@pytest.mark.parametrize(
    "exchange",
    [
        one
        for one in SUCCESSES
        if one.below.startswith("access/apps/")
        and one.method == "GET"
        and isinstance(one.result, Mapping)
    ],
    ids=str,
)
def test_a_recorded_application_is_read(exchange: Exchange) -> None:
    """An application that was recorded alone is read out of a list, too."""
    path = f"/accounts/{ACCOUNT}/access/apps"
    (live,) = read("access_application", {path: {**EMPTY, "result": [exchange.result]}})

    assert (live.id, live.name) == (exchange.result["id"], exchange.result["name"])


@pytest.mark.parametrize(
    "exchange",
    [one for one in SUCCESSES if one.kind == "tunnel_configuration"],
    ids=str,
)
def test_a_recorded_configuration_is_read(exchange: Exchange) -> None:
    """A configuration, never written or of 2023, is read with its tunnel."""
    key = exchange.result["tunnel_id"]
    tunnels = f"/accounts/{ACCOUNT}/cfd_tunnel"
    tunnel = {"id": key, "name": OURS, "config_src": "cloudflare", "deleted_at": None}
    (live,) = read(
        "tunnel",
        {
            tunnels: {**EMPTY, "result": [tunnel]},
            f"{tunnels}/{key}/configurations": exchange.response,
        },
    )

    rules = (exchange.result["config"] or {"ingress": []})["ingress"]
    assert len(live.values.get("ingress", ())) in (len(rules), len(rules) - 1)


@pytest.mark.parametrize(
    "exchange",
    [one for one in SUCCESSES if one.kind == "dns_record" and isinstance(one.result, list)],
    ids=str,
)
def test_recorded_records_are_read(exchange: Exchange) -> None:
    """The records of a zone are read, of whatever year and type."""
    zone = {**ZONE, "id": exchange.path.split("/")[2]}
    # Without the counts, which the authors of one recording have edited.
    records = {**EMPTY, "result": exchange.result}
    bodies = {"/zones": {**EMPTY, "result": [zone]}, exchange.path: records}
    live = read("dns_record", bodies)

    assert {one.id for one in live} <= {one["id"] for one in exchange.result}
