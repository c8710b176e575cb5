"""The yes that a person gave on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.core.model.address import Address


@dataclass(frozen=True, slots=True)
class Allowances:
    """The yes that was given on the command line; an address flag may say ``all``."""

    adopt: bool = False
    deletions: bool = False
    no_policy: frozenset[str] = frozenset()
    ca_deletion: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    interruption: frozenset[str] = frozenset()
    disconnect: frozenset[str] = frozenset()
    exposure: frozenset[str] = frozenset()


def allowed(address: Address, given: frozenset[str]) -> bool:
    """True when a flag names this address, or everything."""
    return "all" in given or str(address) in given
