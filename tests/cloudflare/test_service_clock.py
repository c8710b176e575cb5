"""This machine's clock beside the service's, as the dates of replies show it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ztctl.cloudflare.client import Client
from ztctl.cloudflare.errors import Unavailable
from ztctl.cloudflare.service_clock import ServiceClock
from ztctl.core.model.calls import Call
from ztctl.core.model.values import Secret
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
DATE = "Wed, 01 Jul 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("sent", "received", "skew"),
    [(0, 0, 0), (0.9, 0.9, 0), (-30, 40, 0), (90, 95, 89), (-95, -90, -90), (1200, 1201, 1199)],
)  # fmt: skip
def test_how_far_a_clock_is_off(sent: float, received: float, skew: float) -> None:
    """A date is right within its second, and anywhere between request and reply."""
    clock = ServiceClock(lambda: NOON.timestamp() + received)

    clock.observe({"date": DATE}, NOON.timestamp() + sent)

    assert clock.skew == pytest.approx(skew)


@pytest.mark.parametrize("date", [None, "", "noon", "Wed, 99 Jul 2026 12:00:00 GMT", "0" * 5000])
def test_a_date_that_makes_no_sense_tells_nothing(date: str | None) -> None:
    """What was known before stays known."""
    clock = ServiceClock(NOON.timestamp)

    clock.observe({} if date is None else {"date": date}, NOON.timestamp())

    assert clock.skew is None


def test_a_client_compares_the_clocks() -> None:
    """With each reply of the service."""
    sandbox = Sandbox.create(clock=lambda: NOON)

    async def work() -> float | None:
        async with Client(
            Secret("sandbox"),
            transport=SandboxTransport(sandbox),
            wall=(NOON - timedelta(minutes=20)).timestamp,
        ) as client:
            await client.send(Call("GET", "/zones"))
            return client.service_clock.skew

    assert asyncio.run(work()) == -1200


def test_a_failure_dates_nothing() -> None:
    """A proxy on the way has a clock of its own."""
    sandbox = Sandbox.create(clock=lambda: NOON)
    other = {"date": "Wed, 01 Jul 2026 15:00:00 GMT"}
    sandbox.faults.add(status=502, headers=other)

    async def work() -> tuple[float | None, float | None]:
        async with Client(
            Secret("sandbox"), transport=SandboxTransport(sandbox), wall=NOON.timestamp
        ) as client:
            with pytest.raises(Unavailable):
                await client.send(Call("POST", "/accounts", {}))
            before = client.service_clock.skew
            await client.send(Call("GET", "/zones"))
            return before, client.service_clock.skew

    assert asyncio.run(work()) == (None, 0)
