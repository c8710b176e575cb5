"""Approvals given by ``--allow-*`` and ``--adopt`` on the command line."""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.core.model.address import Address


@dataclass(frozen=True, slots=True)
class Allowances:
    """The approvals of one run; the sets hold addresses or host names, or ``all``."""

    adopt: frozenset[str] = frozenset()
    deletions: bool = False
    no_policy: frozenset[str] = frozenset()
    ca_deletion: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    interruption: frozenset[str] = frozenset()
    disconnect: frozenset[str] = frozenset()
    exposure: frozenset[str] = frozenset()


def allowed(address: Address, given: frozenset[str]) -> bool:
    """True if the values of a flag contain this address or ``all``."""
    return "all" in given or str(address) in given
