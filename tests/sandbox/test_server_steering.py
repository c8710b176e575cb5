"""Steering a sandbox over its port, and answers that really take their time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from ztctl.sandbox.latency import Fixed
from ztctl.sandbox.rate_limit import RateLimit
from ztctl.sandbox.server import SHUTDOWN_SECONDS, address_of, served
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the port; its paths begin at the port's root."""
    headers = {"authorization": "Bearer token"}
    with served(sandbox) as url, httpx.Client(base_url=url, headers=headers, timeout=10) as client:
        client.base_url = httpx.URL(url).copy_with(path="/")
        yield client


def test_faults_from_outside_strike(http: httpx.Client) -> None:
    """A fault that was posted strikes the next call, and the log tells it."""
    http.post("/sandbox/faults", json={"method": "GET", "path": "zones", "status": 503})
    statuses = [http.get("/client/v4/zones").status_code for _ in range(2)]
    log = http.get("/sandbox/log").json()["result"]

    assert statuses == [503, 200]
    assert [entry["status"] for entry in log] == [503, 200]


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
def test_browsers_may_not_steer(http: httpx.Client, headers: dict[str, str]) -> None:
    """A rebound name and a web page are refused over the port too."""
    refused = http.post("/sandbox/reset", json={}, headers=headers)

    assert (refused.status_code, refused.json()["success"]) == (403, False)


def test_the_api_does_not_care_for_hosts(http: httpx.Client) -> None:
    """The API itself answers under any Host, as behind a proxy."""
    assert http.get("/client/v4/zones", headers={"host": "api.example"}).status_code == 200


def test_latency_is_waited_for(sandbox: Sandbox, http: httpx.Client) -> None:
    """Over the port an answer really takes its seconds."""
    sandbox.settings = Settings(latency=Fixed(0.25))
    began = time.monotonic()
    http.get("/client/v4/zones")

    assert time.monotonic() - began >= 0.25


def test_slow_answers_do_not_hold_up_others(sandbox: Sandbox, http: httpx.Client) -> None:
    """While one answer is held back for long, others come."""
    sandbox.faults.add(kind="slow", seconds=3600)
    with pytest.raises(httpx.ReadTimeout):
        http.get("/client/v4/zones", timeout=0.2)

    assert http.get("/client/v4/zones").status_code == 200


def test_slow_writes_are_done(sandbox: Sandbox, http: httpx.Client) -> None:
    """A write whose answer came too late was done."""
    sandbox.faults.add(kind="slow", seconds=3600)
    path = f"/client/v4/accounts/{sandbox.account_id}/access/tags"
    with pytest.raises(httpx.ReadTimeout):
        http.post(path, json={"name": "a"}, timeout=0.2)

    assert [tag["name"] for tag in sandbox.export()["tags"]] == ["a"]


def test_limits_are_told(sandbox: Sandbox, http: httpx.Client) -> None:
    """The headers of a rate limit arrive."""
    sandbox.settings = Settings(rate_limit=RateLimit(calls=1, body="empty"))
    answers = [http.get("/client/v4/zones") for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "300"
    assert answers[1].content == b""


def test_unsuccessful_answers_arrive(sandbox: Sandbox, http: httpx.Client) -> None:
    """`success: false` in a 200 arrives as it is."""
    sandbox.faults.add(kind="unsuccessful")
    answer = http.get("/client/v4/zones")

    assert (answer.status_code, answer.json()["success"]) == (200, False)


@pytest.mark.parametrize(
    ("host", "address"), [("0.0.0.0", "0.0.0.0"), ("[::]", "::"), ("192.0.2.1", "192.0.2.1")]
)
def test_remote_addresses_when_asked_for(host: str, address: str) -> None:
    """An address that others can reach is taken when that is asked for outright."""
    with pytest.raises(ValueError, match="this machine only"):
        address_of(host)
    assert address_of(host, allow_remote=True) == address


@pytest.mark.parametrize("host", ["example.com", "", "127.0.0.1:80", "*"])
def test_names_are_never_taken(host: str) -> None:
    """What is neither localhost nor an address is refused in any case."""
    with pytest.raises(ValueError, match="this machine only"):
        address_of(host, allow_remote=True)


@pytest.mark.parametrize("script", [{"kind": "hang"}, {"kind": "slow", "seconds": 3600}])
def test_the_end_does_not_wait_for_scripts(
    sandbox: Sandbox, script: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """A server that ends lets go of clients that are kept waiting, quietly and at once."""
    sandbox.faults.add(**script)
    with served(sandbox) as url:
        at = httpx.URL(url)
        raw = socket.create_connection((at.host, at.port or 0), timeout=10)
        raw.sendall(b"GET /client/v4/zones HTTP/1.1\r\nhost: a\r\n\r\n")
        while not sandbox.log:
            httpx.get(f"{url.removesuffix('/client/v4')}/sandbox/log", timeout=10)
        began = time.monotonic()
    with raw, suppress(ConnectionResetError):
        assert raw.recv(100) == b""

    assert time.monotonic() - began < SHUTDOWN_SECONDS
    assert capfd.readouterr().err == ""
