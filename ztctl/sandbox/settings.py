"""How a sandbox behaves, apart from what its account holds."""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.sandbox.latency import Latency
from ztctl.sandbox.rate_limit import RateLimit


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be switched. The defaults are the service's, as kindly as it ever is.

    They are one process's own: two processes on one state file may differ. Raises ValueError
    for numbers below 0.
    """

    awkward: bool = False
    """Every freedom in spelling that the service is known to take (`ztctl.sandbox.whims`)."""
    detached_calls: int = 0
    """A policy's deletion still answers 409 that many calls after it was detached."""
    new_zone_calls: int = 0
    """A new zone's names are refused ("domain does not belong to zone") that many writes long."""
    quotas: bool = False
    """Whether the limits of the account's plan are enforced."""
    rate_limit: RateLimit | None = None
    """None: calls are not limited."""
    latency: Latency | None = None
    """None: answers come at once."""

    def __post_init__(self) -> None:
        if min(self.detached_calls, self.new_zone_calls) < 0:
            raise ValueError("detached_calls and new_zone_calls must be at least 0")
