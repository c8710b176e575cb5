"""JSON values with something else at one place."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

Place = tuple[Any, ...]


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place within a value."""
    members = value.items() if isinstance(value, dict) else ()
    for name, member in enumerate(value) if isinstance(value, list) else members:
        yield (*place, name)
        yield from places(member, (*place, name))


def spoilt(value: Any, place: Place, new: Any) -> Any:
    """A copy of the value with something else at one place; `()` is the value itself."""
    if not place:
        return new
    copied = copy.deepcopy(value)
    around(copied, place)[place[-1]] = new
    return copied


def around(value: Any, place: Place) -> Any:
    """What a place is directly in."""
    for name in place[:-1]:
        value = value[name]
    return value
