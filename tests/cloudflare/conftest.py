"""A foreign server that answers by script, and a time that passes only when somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from ztctl.cloudflare.client import Client
from ztctl.core.model.calls import Call
from ztctl.core.model.values import Secret

TOKEN = "canary-token-0123456789"


@dataclass
class Time:
    """A clock that stands still; sleeping moves it and is written down."""

    now: float = 5000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        """Seconds since nothing in particular."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Server:
    """Answers each request with the next line of its script, or by a function."""

    def __init__(self, script: tuple[Any, ...], time: Time) -> None:
        self.script = list(script)
        self.time = time
        self.requests: list[httpx.Request] = []
        self.waits: list[tuple[float, str]] = []
        self.count = 0

    @property
    def seen(self) -> list[str]:
        """Method and path of every request."""
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def ask(self, *calls: Call, **options: Any) -> Any:
        """Send the calls one after the other and give the last result."""
        return asyncio.run(self.talk(*calls, **options))

    async def talk(self, *calls: Call, **options: Any) -> Any:
        """Do the same inside a loop that runs."""
        result = None
        async with self.client(**options) as client:
            try:
                for call in calls:
                    result = await client.send(call)
            finally:
                self.count = client.count
        return result

    def client(self, **options: Any) -> Client:
        """Make a client that reaches this server and lives in this time."""
        given = {
            "account": "acc",
            "transport": httpx.MockTransport(self._answer),
            "sleep": self.time.sleep,
            "clock": self.time.clock,
            "jitter": lambda: 0.0,
            "on_wait": lambda seconds, reason: self.waits.append((seconds, reason)),
        }
        return Client(Secret(TOKEN), **{**given, **options})

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        self.requests.append(request)
        line = self.script[0] if callable(self.script[0]) else self.script.pop(0)
        return _response(line(request) if callable(line) else line)


def _response(line: Any) -> httpx.Response:
    if isinstance(line, Exception):
        raise line
    if isinstance(line, dict):
        return httpx.Response(200, json=line)
    if isinstance(line, tuple):
        return httpx.Response(line[0], json=line[1])
    assert isinstance(line, httpx.Response)
    return line


@pytest.fixture
def time() -> Time:
    """A time of its own for each test."""
    return Time()


@pytest.fixture
def serve(time: Time) -> Callable[..., Server]:
    """Give a server for a script: a dict is a 200, (status, dict) an answer, an error none."""
    return lambda *script: Server(script, time)


@pytest.fixture
def token() -> str:
    """The token that must never be seen."""
    return TOKEN
