"""httpx transport to an in-process sandbox, without a socket."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

import httpx

from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.service import Sandbox

Latency = Callable[[Request], float]
Sleep = Callable[[float], Awaitable[None]]


class SandboxTransport(httpx.AsyncBaseTransport):
    """Transport for an `httpx.AsyncClient` whose requests a sandbox answers.

    Delays (the sandbox's latency, a scripted delay, and `latency(request)` in seconds) are spent
    in `sleep`. If the client's read timeout is shorter, `httpx.ReadTimeout` is raised after it,
    with the request handled. A scripted reset raises `httpx.ReadError`. A scripted hang raises
    `httpx.ReadTimeout` without waiting, and never returns to a client without a read timeout.
    """

    def __init__(
        self, sandbox: Sandbox, *, latency: Latency | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._sandbox = sandbox
        self._latency = latency
        self._sleep = sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or raise the httpx error of a broken connection."""
        received = _received(request, await request.aread())
        response = self._sandbox.handle(received)
        seconds = response.seconds + (self._latency(received) if self._latency else 0)
        if seconds:
            await self._wait(request, seconds)
        if response.fate == "hang":
            await self._hang(request)
        if response.fate == "reset":
            raise httpx.ReadError("connection reset by the sandbox", request=request)
        return _sent(response)

    async def _wait(self, request: httpx.Request, seconds: float) -> None:
        timeout = _read_timeout(request)
        await self._sleep(min(seconds, timeout))
        if seconds > timeout:
            raise httpx.ReadTimeout("the sandbox was too slow", request=request)

    async def _hang(self, request: httpx.Request) -> None:
        # Raised at once otherwise: tests need not wait for the timeout in real time.
        if _read_timeout(request) == math.inf:
            await self._sleep(math.inf)
        raise httpx.ReadTimeout("the sandbox did not answer", request=request)


def _received(request: httpx.Request, body: bytes) -> Request:
    return Request(
        request.method,
        request.url.raw_path.partition(b"?")[0].decode("ascii"),
        tuple(request.url.params.multi_items()),
        tuple((name.lower(), value) for name, value in request.headers.multi_items()),
        body,
    )


def _sent(response: Response) -> httpx.Response:
    return httpx.Response(response.status, headers=list(response.headers), content=response.body)


def _read_timeout(request: httpx.Request) -> float:
    timeout = request.extensions.get("timeout", {}).get("read")
    return math.inf if timeout is None else float(timeout)
