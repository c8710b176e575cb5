"""Lazy sequences of stored objects in index order: reading one page costs one page."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from ztctl.sandbox.messages import Object

# (sort value, age, key). No two objects have the same age, so keys are never compared.
Place = tuple[Any, int, str]


def insert_place(places: list[Place], place: Place) -> None:
    """Insert a place in sorted order; appending is the common case."""
    if not places or places[-1] < place:
        places.append(place)
    else:
        insort(places, place)


def remove_place(places: list[Place], place: Place) -> None:
    """Remove a place from a sorted list that contains it."""
    del places[bisect_left(places, place)]


class Rows(Sequence[Object]):
    """Stored objects by their places; `len` and slices touch no other objects.

    Length and slices reflect later writes; an iteration goes over the objects of the moment in
    which it began.
    """

    def __init__(self, places: Sequence[Place], objects: Mapping[str, Object]) -> None:
        self._places = places
        self._objects = objects

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, which: int) -> Object: ...

    @overload
    def __getitem__(self, which: slice) -> list[Object]: ...

    def __getitem__(self, which: int | slice) -> Object | list[Object]:
        if isinstance(which, slice):
            return [self._objects[key] for _, _, key in self._places[which]]
        return self._objects[self._places[which][2]]

    def __iter__(self) -> Iterator[Object]:
        return iter(self[:])
