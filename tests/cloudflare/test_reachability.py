"""The way to the API, step by leg: what fails is told by its own name, and no byte is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from ztctl.cloudflare.reachability import Leg, way_to
from ztctl.core.model.diagnostics import Failure
from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of whoever runs the tests."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sandbox() -> Sandbox:
    """An account to be served."""
    return Sandbox.create()


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """A server on a loopback port, without TLS."""
    with served(sandbox) as url:
        yield url


def legs(url: str) -> list[Leg]:
    """All legs of the way to a URL."""

    async def run() -> list[Leg]:
        return [leg async for leg in way_to(url)]

    return asyncio.run(run())


def test_a_way_that_is_open(url: str, sandbox: Sandbox) -> None:
    """A server that answers is found open, and hears nothing."""
    found = legs(url)

    assert [(leg.name, leg.failed) for leg in found] == [("connection", False)]
    assert [*sandbox.log] == []


def test_a_name_that_does_not_exist() -> None:
    """The DNS is blamed, and nothing is connected to."""
    (found,) = legs("https://nowhere.invalid/client/v4")

    assert (found.name, found.failed) == ("DNS", True)
    assert found.found.startswith("nowhere.invalid: ")


def test_a_port_where_nobody_listens() -> None:
    """The connection is blamed."""
    (found,) = legs("https://127.0.0.1:1/client/v4")

    assert (found.name, found.failed) == ("connection", True)


def test_a_server_without_tls(url: str) -> None:
    """TLS is blamed, after a connection that works."""
    found = legs(url.replace("http://", "https://"))

    assert [(leg.name, leg.failed) for leg in found] == [("connection", False), ("TLS", True)]


def test_a_proxy_is_not_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a proxy nothing is tried, and of it nothing is told that may hold a password."""
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:canary@proxy.example:8080")

    (found,) = legs("https://api.example.com/client/v4")

    assert (found.name, found.failed) == ("proxy", False)
    assert "canary" not in found.found


def test_a_url_that_cannot_be_used() -> None:
    """It is refused before anything is looked up."""
    with pytest.raises(Failure):
        legs("http://api.example.com/client/v4")
