"""Calls are paced before the limit is hit, and not one second earlier."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.cloudflare.budget import Budget, parse_limits, reserve


class Pace:
    """A budget in a time of its own, and what it told."""

    def __init__(self, time: Any, quota: int | None = 1200) -> None:
        self.time = time
        self.told: list[tuple[float, str]] = []
        self.budget = Budget(
            clock=time.clock,
            sleep=time.sleep,
            on_wait=lambda seconds, reason: self.told.append((seconds, reason)),
            quota=quota,
        )

    def run(self, calls: int, headers: Mapping[str, str] | None = None, every: float = 0.1) -> None:
        """Make calls one after the other, each answered with these headers."""
        asyncio.run(self._run(calls, headers or {}, every))

    async def _run(self, calls: int, headers: Mapping[str, str], every: float) -> None:
        for _ in range(calls):
            await self.budget.acquire()
            self.time.now += every
            self.budget.release()
            self.budget.observe(headers)


def said(remaining: int, seconds: int) -> dict[str, str]:
    """Make the headers of the day."""
    return {
        "ratelimit": f'"default";r={remaining};t={seconds}',
        "ratelimit-policy": '"default";q=1200;w=300',
    }


@pytest.fixture
def pace(time: Any) -> Pace:
    """A budget with the documented quota."""
    return Pace(time)


def test_an_ordinary_run_never_waits(pace: Pace) -> None:
    """A thousand calls go out without a pause."""
    pace.run(1000)

    assert pace.time.slept == []


def test_without_headers_our_own_count_keeps_the_limit(pace: Pace) -> None:
    """The call that would break the limit waits until the first one is five minutes old."""
    start = pace.time.now

    pace.run(1200 - reserve(1200) + 1)

    assert sum(pace.time.slept) == pytest.approx(300 - 117.6)
    assert pace.time.now - start >= 300


def test_no_five_minutes_ever_hold_more_calls_than_the_limit(pace: Pace) -> None:
    """However long the run, no window of five minutes holds more than 1,200 calls."""
    sent: list[float] = []
    for _ in range(3000):
        pace.run(1, every=0.01)
        sent.append(pace.time.now)

    assert all(late - early > 299 for early, late in zip(sent, sent[1200:], strict=False))


def test_no_second_holds_more_than_two_hundred_calls(pace: Pace) -> None:
    """The limit of one address is kept, too."""
    pace.run(401, every=0.0)

    assert pace.time.slept == [1.0, 1.0]


def test_what_the_service_says_makes_it_stricter(pace: Pace) -> None:
    """When others used the quota up, the next call waits for the service's own window."""
    pace.run(2, said(remaining=3, seconds=120), every=0.0)

    assert pace.time.slept == [120.0]
    assert pace.told == [(120.0, "Cloudflare's rate limit")]


@pytest.mark.parametrize(
    ("left", "policy"),
    [('"default";r=1199;t=1', "q=1200;w=300"), ('"default";r=90000;t=10', "q=100000;w=300")],
    ids=["as recorded", "generous"],
)
def test_no_header_switches_our_own_count_off(pace: Pace, left: str, policy: str) -> None:
    """A service that always tells the same rest is not believed: 1,300 calls take five minutes."""
    start = pace.time.now

    pace.run(1300, {"ratelimit": left, "ratelimit-policy": f'"default";{policy}'}, every=0.04)

    assert pace.time.now - start > 300


def test_a_past_window_is_forgotten(pace: Pace) -> None:
    """What was left in the last window says nothing about this one."""
    pace.run(1, said(remaining=0, seconds=60), every=0.0)
    pace.time.now += 61

    pace.run(1)

    assert pace.time.slept == []


def test_the_earlier_headers_are_read(pace: Pace) -> None:
    """``x-ratelimit-*`` still serves where the new names are missing."""
    old = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "30"}

    pace.run(2, old, every=0.0)

    assert pace.time.slept == [30.0]


def test_the_tightest_of_several_limits_decides(pace: Pace) -> None:
    """One header may state several limits; none of them is broken."""
    both = {"ratelimit": '"default";r=900;t=9, "dns";t=20;r=0'}

    pace.run(2, both, every=0.0)

    assert pace.time.slept == [20.0]


def test_no_header_makes_anybody_wait_longer_than_a_window(pace: Pace) -> None:
    """A nonsense reset is cut to five minutes."""
    pace.run(2, said(remaining=0, seconds=999999999), every=0.0)

    assert pace.time.slept == [300.0]


def test_calls_under_way_count(time: Any) -> None:
    """What the service says is left is shared with the calls that it has not seen yet."""
    pace = Pace(time)

    async def thirty_at_once() -> None:
        for _ in range(30):
            await pace.budget.acquire()
        pace.budget.release()
        pace.budget.observe(said(remaining=50, seconds=60))
        await pace.budget.acquire()

    asyncio.run(thirty_at_once())

    assert time.slept == [60.0]


def test_a_hold_stops_everybody_once(pace: Pace) -> None:
    """After a 429 all waiting calls wait for the same moment, and it is told once."""
    pace.budget.block(12.0)

    async def five() -> None:
        await asyncio.gather(*(pace.budget.acquire() for _ in range(5)))

    asyncio.run(five())

    assert pace.told == [(12.0, "Cloudflare's rate limit")]


def test_without_a_quota_nothing_is_paced_but_a_hold_is_kept(time: Any) -> None:
    """The sandbox has no limit to keep, unless it answers 429."""
    pace = Pace(time, quota=None)

    pace.run(3000, said(remaining=0, seconds=100), every=0.0)
    pace.budget.block(5.0)
    pace.run(1)

    assert time.slept == [5.0]


@given(st.dictionaries(st.sampled_from(("ratelimit", "ratelimit-policy")), st.text()))
def test_no_header_breaks_the_reading(headers: dict[str, str]) -> None:
    """Whatever the header says, what is read are counts."""
    for _, quota, remaining, seconds in parse_limits(headers):
        assert min(quota, remaining, seconds) >= 0


@pytest.mark.parametrize(
    "text", ['"default"', '"default";r=1', '"default";r=x;t=1', ";;;", '"a;r=1;t=2', "r=1;t=2,,"]
)
def test_half_a_header_is_no_header(text: str) -> None:
    """A limit without its numbers is not guessed at."""
    assert [item for item in parse_limits({"ratelimit": text}) if item[0] == "default"] == []
