"""How many examples of a property are tried."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def examples(quick: int, **more: Any) -> settings:
    """This many in the quick run; in a thorough one, as many as the command line says."""
    default = settings.default
    assert default is not None
    return settings(max_examples=quick if default.derandomize else default.max_examples, **more)
