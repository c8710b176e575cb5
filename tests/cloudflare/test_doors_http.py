"""Promises about a knock at a host: nothing of the person's goes with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from ztctl.cloudflare.probe_client import ProbeClient

Answer = Callable[[httpx.Request], httpx.Response]


def knocked(answer: Answer, *hosts: str) -> list[tuple[int | None, str, str]]:
    """What is heard at each host, one after the other."""

    async def ask() -> list[tuple[int | None, str, str]]:
        async with ProbeClient(httpx.MockTransport(answer)) as probe:
            return [await probe.head(host) for host in hosts]

    return asyncio.run(ask())


def test_a_redirect_is_told_and_not_followed() -> None:
    """One HEAD of the host's first page, and what it said."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url}")
        return httpx.Response(302, headers={"location": "https://elsewhere.example/"})

    heard = knocked(answer, "ssh.example.com")

    assert heard == [(302, "https://elsewhere.example/", "")]
    assert seen == ["HEAD https://ssh.example.com/"]


def test_no_credential_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a token nor a cookie, also not one that a host has set before."""
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "canary")
    sent: list[set[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(set(request.headers))
        return httpx.Response(403, headers={"set-cookie": "a=b; Domain=example.com"})

    knocked(answer, "a.example.com", "a.example.com")

    assert all(not names & {"authorization", "cookie"} for names in sent)


def test_a_host_that_does_not_answer_is_told_as_words() -> None:
    """A broken connection is no answer, and its text cannot move a cursor."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no such host\x1b[2J", request=request)

    assert knocked(answer, "ssh.example.com") == [(None, "", "no such host\\x1b[2J")]


def test_a_name_that_makes_no_url_is_no_answer() -> None:
    """What is no host name is told and not raised."""
    ((status, _, trouble),) = knocked(lambda _: httpx.Response(200), "bad host:x")

    assert status is None
    assert trouble != ""
