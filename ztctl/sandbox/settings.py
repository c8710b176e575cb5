"""Behaviour settings of a sandbox, which are not part of the account's state."""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.sandbox.latency import Latency
from ztctl.sandbox.rate_limit import RateLimit


@dataclass(frozen=True, slots=True)
class Settings:
    """Behaviour settings. The defaults are the most lenient behaviour of the real API.

    Settings belong to a process, not to the state file. Raises ValueError for numbers below 0.
    """

    awkward: bool = False
    """Whether responses use unusual but equivalent representations (`ztctl.sandbox.whims`)."""
    detached_calls: int = 0
    """How many deletions of a policy are refused with 409 after it was detached."""
    new_zone_calls: int = 0
    """How many writes with names of a new zone are refused ("domain does not belong to zone")."""
    new_policy_calls: int = 0
    """How many writes that name a new policy or group are refused ("not found"), and how many lists
    of applications as soon as an application holds it."""
    zone_access_listed: bool = False
    """Whether the account's lists hold the Access objects of its zones, too."""
    zone_access_enforced: bool = True
    """Whether the edge asks for a login where an application made below a zone stands."""
    keeps_omitted: bool = False
    """Whether a PUT of an application, policy or group keeps the members that it leaves out."""
    counts_identical: bool = False
    """Whether a PUT of an identical tunnel configuration raises its version."""
    quotas: bool = False
    """Whether limits on the number and size of objects are enforced."""
    rate_limit: RateLimit | None = None
    """None: no rate limit."""
    latency: Latency | None = None
    """None: responses are not delayed."""

    def __post_init__(self) -> None:
        if min(self.detached_calls, self.new_zone_calls, self.new_policy_calls) < 0:
            raise ValueError("the numbers of calls must be at least 0")
