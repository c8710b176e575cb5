"""What nobody has promised is not asserted but recorded: a table for whoever has an account."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from . import facts_apps, facts_dns, facts_first, facts_network, facts_rules, facts_transport
from .probes import asked
from .service import Service

PARTS = tuple(
    part.PROBES for part in (facts_apps, facts_dns, facts_network, facts_rules, facts_transport)
)
PROBES = {fact: probe for part in PARTS for fact, probe in part.items()}


@pytest.mark.parametrize("fact", sorted(PROBES))
def test_recorded(
    fact: str,
    sandbox_service: Service,
    real_service: Service | None,
    record: Callable[[str, str, str], None],
) -> None:
    """The question is answered, and what was made for it can be deleted."""
    expected = PROBES[fact](sandbox_service)
    answered = asked(PROBES[fact], real_service) if real_service else "nobody has asked yet"
    record(fact, expected, answered)

    assert expected
    assert not expected.startswith("5")


def test_no_fact_is_asked_for_twice() -> None:
    """Every recorded fact is asked for in one place."""
    assert len(PROBES) == sum(map(len, PARTS))
    assert PROBES.keys().isdisjoint(facts_first.PROBES)
