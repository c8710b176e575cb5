"""The questions that decide most: asked first, and quick to ask alone in a spare zone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .facts_first import PROBES
from .probes import asked
from .service import Service


@pytest.mark.parametrize("fact", PROBES)
def test_first(
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
