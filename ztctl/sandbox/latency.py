"""How long answers take: fixed or distributed, and the same again on every run.

The wait of a call depends on the seed and on the call's number alone, never on chance: the n-th
call to a sandbox waits as long in every run, whichever thread brings it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ztctl.sandbox.ids import derived

LONGEST = 86_400.0


@dataclass(frozen=True, slots=True)
class Fixed:
    """Every answer takes so many seconds. Raises ValueError unless 0 <= seconds <= a day."""

    seconds: float

    def __post_init__(self) -> None:
        _check("seconds", self.seconds)

    def of(self, call: int) -> float:
        """The seconds that the answer to a call takes."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Uniform:
    """From `low` to `high` seconds, each as likely. Raises ValueError for other bounds."""

    low: float
    high: float
    seed: int = 0

    def __post_init__(self) -> None:
        _check("low", self.low)
        _check("high", self.high)
        if self.low > self.high:
            raise ValueError("low is above high")

    def of(self, call: int) -> float:
        """The seconds that the answer to a call takes."""
        return self.low + (self.high - self.low) * _chances(self.seed, call)[0]


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Half of the answers take at most `median` seconds; `sigma` is how long the tail is.

    This is the shape of real services: with a sigma of 0.5 one answer in a hundred takes more
    than three times the median. No answer takes longer than a day. Raises ValueError for a
    median or sigma that no such shape has.
    """

    median: float
    sigma: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        _check("median", self.median)
        if not 0 <= self.sigma <= 10:
            raise ValueError("sigma must be from 0 to 10")

    def of(self, call: int) -> float:
        """The seconds that the answer to a call takes."""
        first, second = _chances(self.seed, call)
        normal = math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)
        return min(self.median * math.exp(self.sigma * normal), LONGEST)


Latency = Fixed | Uniform | Lognormal


def _check(name: str, seconds: float) -> None:
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"{name} must be from 0 to {LONGEST:.0f} seconds")


def _chances(seed: int, call: int) -> tuple[float, float]:
    """Two numbers from 0 to 1 (never 1 itself) that belong to a call."""
    raw = derived(f"latency {seed} {call}")
    first, second = (int.from_bytes(raw[at : at + 8], "big") >> 11 for at in (0, 8))
    return first / 2**53, second / 2**53
