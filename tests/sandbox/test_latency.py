"""Latency: fixed or distributed, the same on every run, in front of every answer."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from statistics import fmean, median

import httpx
import pytest

from ztctl.sandbox.latency import Fixed, Latency, Lognormal, Uniform
from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings
from ztctl.sandbox.transport import SandboxTransport

REQUEST = Request("GET", "/client/v4/zones", headers=(("authorization", "Bearer token"),))


def waits(latency: Latency, calls: int = 2000) -> list[float]:
    """How long so many answers take."""
    return [latency.of(call) for call in range(calls)]


def sandbox_with(latency: Latency) -> Sandbox:
    """A sandbox whose answers take time."""
    return Sandbox.create(settings=Settings(latency=latency))


def test_fixed_is_always_the_same() -> None:
    """A fixed latency is the same for every call."""
    assert set(waits(Fixed(0.25))) == {0.25}


def test_uniform_stays_within_its_bounds() -> None:
    """A uniform latency lies between its bounds, and evenly."""
    drawn = waits(Uniform(1, 3))

    assert (min(drawn) >= 1, max(drawn) < 3) == (True, True)
    assert fmean(drawn) == pytest.approx(2, abs=0.1)


def test_lognormal_has_its_median_and_a_tail() -> None:
    """Half of the answers take less than the median, and a few take several times as long."""
    drawn = waits(Lognormal(0.1, 0.5))

    assert median(drawn) == pytest.approx(0.1, rel=0.1)
    assert 3 < max(drawn) / 0.1 < 20


@pytest.mark.parametrize("kind", [Uniform(0, 1, 7), Lognormal(1, 1, 7)])
def test_latency_repeats(kind: Latency) -> None:
    """The same seed gives the n-th call the same wait, in whatever order one asks."""
    order = random.Random(1).sample(range(100), 100)

    assert {call: kind.of(call) for call in order} == dict(enumerate(waits(kind, 100)))


@pytest.mark.parametrize(("one", "other"), [(Uniform(0, 1, 1), Uniform(0, 1, 2))])
def test_seeds_differ(one: Latency, other: Latency) -> None:
    """Another seed gives other waits."""
    assert waits(one, 10) != waits(other, 10)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Fixed(-1),
        lambda: Fixed(float("nan")),
        lambda: Uniform(2, 1),
        lambda: Uniform(0, float("inf")),
        lambda: Lognormal(-1),
        lambda: Lognormal(1, -1),
    ],
)
def test_impossible_latencies_are_refused(wrong: object) -> None:
    """What is no time raises ValueError."""
    with pytest.raises(ValueError, match=r"must be|above"):
        wrong()  # type: ignore[operator]


def test_every_answer_carries_its_wait() -> None:
    """Answers, refusals and scripted answers alike take their time, and the log tells it."""
    sandbox = sandbox_with(Uniform(1, 2, 3))
    sandbox.faults.add(nth=2, status=503)
    sandbox.faults.add(nth=3, kind="slow", seconds=10)
    seconds = [sandbox.handle(REQUEST).seconds for _ in range(3)]

    assert [entry.seconds for entry in sandbox.log] == seconds
    assert [round(one) // 10 for one in seconds] == [0, 0, 1]
    assert all(one != other for one, other in pairwise(seconds))


def test_the_transport_sleeps_it() -> None:
    """In process the latency goes through the transport's sleep."""
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def once() -> int:
        transport = SandboxTransport(sandbox_with(Fixed(1.5)), latency=lambda _: 1, sleep=nap)
        async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as http:
            return (await http.get("/client/v4/zones")).status_code

    assert asyncio.run(once()) == 401
    assert naps == [2.5]


def test_settings_may_change_meanwhile() -> None:
    """A latency that is taken away holds for no later call."""
    sandbox = sandbox_with(Fixed(1))
    before = sandbox.handle(REQUEST).seconds
    sandbox.settings = Settings()

    assert (before, sandbox.handle(REQUEST).seconds) == (1, 0)
