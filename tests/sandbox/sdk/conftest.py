"""A client of the official SDK for each spelling, held to what its test declares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox

from .harness import Sdk, declared_by, driven, opened


@pytest.fixture(scope="session", params=[False, True], ids=["plain", "awkward"])
def port(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    """A served sandbox and its client: ports and TLS settings are what costs time here."""
    zones = ("example.com", ZoneSeed("example.net", plan="pro"))
    with opened(Sandbox.create(zones=zones, awkward=request.param)) as one:
        yield one


@pytest.fixture
def sdk(request: pytest.FixtureRequest, port: Sdk) -> Iterator[Sdk]:
    """An empty account; its test drives what it declares, and asks for nothing in vain."""
    sandbox = port.sandbox
    sandbox.reset()
    sandbox.faults.clear()
    sandbox.log.clear()
    yield port
    assert declared_by(request.function) - driven(sandbox) == frozenset()
    assert (sandbox.ignored, sandbox.missed) == ([], [])
    assert [entry for entry in sandbox.log if entry.status >= 500] == []
