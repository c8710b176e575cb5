"""The httpx transport: bytes, latency, timeouts."""

from __future__ import annotations

import asyncio
import math

import httpx
import pytest

from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

BASE = "https://api.cloudflare.com/client/v4"


class Sleeper:
    """A clockwork that notes how long it was asked to sleep, and does not."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Note one nap; one without end raises instead."""
        self.naps.append(seconds)
        if seconds == math.inf:
            raise TimeoutError("never returns")


def send(
    transport: SandboxTransport, path: str, *, timeout: float | None = 5, method: str = "GET"
) -> httpx.Response:
    """One request through a client of its own."""
    body = {"name": "a/b"} if method == "POST" else None

    async def once() -> httpx.Response:
        headers = {"authorization": "Bearer token"}
        async with httpx.AsyncClient(
            transport=transport, base_url=BASE, headers=headers, timeout=timeout
        ) as client:
            return await client.request(method, path, json=body)

    return asyncio.run(once())


def test_httpx_gets_the_sandboxes_answer(sandbox: Sandbox) -> None:
    """Status, headers and JSON arrive through httpx."""
    response = send(SandboxTransport(sandbox), "/zones?name=example.com")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["result"][0]["name"] == "example.com"


def test_encoded_paths_arrive_encoded(sandbox: Sandbox) -> None:
    """An encoded slash in a path is part of its segment."""
    transport, tags = SandboxTransport(sandbox), f"/accounts/{sandbox.account_id}/access/tags"
    send(transport, tags, method="POST")

    assert send(transport, f"{tags}/a%2Fb").json()["result"]["name"] == "a/b"


def test_latency_is_slept(sandbox: Sandbox) -> None:
    """The latency function says for each request how long its answer takes."""
    sleeper = Sleeper()
    transport = SandboxTransport(
        sandbox, latency=lambda request: len(request.method), sleep=sleeper
    )
    send(transport, "/zones")

    assert sleeper.naps == [3]


def test_latency_beyond_the_timeout_is_a_timeout(sandbox: Sandbox) -> None:
    """A client waits no longer than its read timeout, then gets ReadTimeout."""
    sleeper = Sleeper()
    transport = SandboxTransport(sandbox, latency=lambda _: 60, sleep=sleeper)

    with pytest.raises(httpx.ReadTimeout):
        send(transport, "/zones", timeout=5)
    assert sleeper.naps == [5]


def test_patient_clients_wait_out_any_latency(sandbox: Sandbox) -> None:
    """A client without a timeout gets its answer however long that takes."""
    transport = SandboxTransport(sandbox, latency=lambda _: 60, sleep=Sleeper())

    assert send(transport, "/zones", timeout=None).status_code == 200


def test_hang_takes_no_time_with_a_timeout(sandbox: Sandbox) -> None:
    """A scripted hang ends in ReadTimeout without waiting the timeout out."""
    sandbox.faults.add(kind="hang")
    sleeper = Sleeper()

    with pytest.raises(httpx.ReadTimeout):
        send(SandboxTransport(sandbox, sleep=sleeper), "/zones")
    assert sleeper.naps == []


def test_hang_never_returns_without_a_timeout(sandbox: Sandbox) -> None:
    """A scripted hang sleeps without end for a client that has no timeout."""
    sandbox.faults.add(kind="hang")
    sleeper = Sleeper()

    with pytest.raises(TimeoutError, match="never returns"):
        send(SandboxTransport(sandbox, sleep=sleeper), "/zones", timeout=None)
    assert sleeper.naps == [math.inf]
