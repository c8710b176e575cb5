"""Simulated response latency: fixed, uniform or lognormal; reproducible.

The latency of a call is a function of the seed and the call's number: the n-th call to a sandbox
takes as long in every run, whichever thread makes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ztctl.sandbox.ids import derived

LONGEST = 86_400.0


@dataclass(frozen=True, slots=True)
class Fixed:
    """A constant latency. Raises ValueError unless 0 <= seconds <= a day."""

    seconds: float

    def __post_init__(self) -> None:
        _check("seconds", self.seconds)

    def of(self, call: int) -> float:
        """The latency of the call with this number, in seconds."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform distribution from `low` to `high` seconds. Raises ValueError for invalid bounds."""

    low: float
    high: float
    seed: int = 0

    def __post_init__(self) -> None:
        _check("low", self.low)
        _check("high", self.high)
        if self.low > self.high:
            raise ValueError("low is above high")

    def of(self, call: int) -> float:
        """The latency of the call with this number, in seconds."""
        return self.low + (self.high - self.low) * _uniform_pair(self.seed, call)[0]


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Lognormal distribution with a `median` in seconds, cut off at a day.

    Latencies of real services are distributed like this. With a `sigma` of 0.5 one call in a
    hundred takes more than three times the median. Raises ValueError for values out of range.
    """

    median: float
    sigma: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        _check("median", self.median)
        if not 0 <= self.sigma <= 10:
            raise ValueError("sigma must be from 0 to 10")

    def of(self, call: int) -> float:
        """The latency of the call with this number, in seconds."""
        first, second = _uniform_pair(self.seed, call)
        normal = math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)
        return min(self.median * math.exp(self.sigma * normal), LONGEST)


Latency = Fixed | Uniform | Lognormal


def _check(name: str, seconds: float) -> None:
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"{name} must be from 0 to {LONGEST:.0f} seconds")


def _uniform_pair(seed: int, call: int) -> tuple[float, float]:
    """Two pseudo-random numbers in [0, 1) for a call (53 bits, as a float holds)."""
    raw = derived(f"latency {seed} {call}")
    first, second = (int.from_bytes(raw[at : at + 8], "big") >> 11 for at in (0, 8))
    return first / 2**53, second / 2**53
