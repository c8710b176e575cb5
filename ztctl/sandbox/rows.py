"""Objects in order, so that a page of a long list costs no more than a page."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from ztctl.sandbox.messages import Object

# What an object is sorted by, its age (which no two objects share), its key.
Place = tuple[Any, int, str]


def placed(places: list[Place], place: Place) -> None:
    """Put a place where it belongs; a new object's is mostly the last."""
    if not places or places[-1] < place:
        places.append(place)
    else:
        insort(places, place)


def displaced(places: list[Place], place: Place) -> None:
    """Take a place away that is there."""
    del places[bisect_left(places, place)]


class Rows(Sequence[Object]):
    """Stored objects by their places: to be counted and cut without looking at the others.

    Length and slices are those of the moment; an iteration goes over the objects of the moment
    in which it began, whatever is written meanwhile.
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
