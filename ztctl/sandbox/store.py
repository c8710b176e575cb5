"""State: objects by kind and key, indexes over them, one session a request.

Memory is the truth of this process; a journal, where given, makes it last and shares it.
Objects are replaced whole and never changed in place, so a rollback is the old value put back.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from ztctl.sandbox.messages import Object
from ztctl.sandbox.rows import Place, Rows, displaced, placed

Change = tuple[str, str, Object | None]
Objects = dict[str, dict[str, Object]]
Listener = Callable[[list[Change]], None]


class StateError(ValueError):
    """The state file is not a log of the sandbox; it was left as it is."""


class Journal(Protocol):
    """Where changes last: see `ztctl.sandbox.journal`."""

    def held(self) -> AbstractContextManager[None]:
        """Keep every other process out."""
        ...

    def news(self) -> tuple[bool, list[Change]]:
        """What was appended since; True first when everything known must be forgotten."""
        ...

    def append(self, changes: list[Change], living: int) -> bool:
        """Make changes last; True when the log has become long for what lives."""
        ...

    def rewrite(self, live: Iterator[Change], living: int) -> None:
        """Replace the log by one that says only what lives."""
        ...


@dataclass(frozen=True, slots=True)
class Index:
    """Finds the objects of one kind by values computed from them, by `order` and then by age."""

    kind: str
    name: str
    values: Callable[[Object], Iterable[Hashable]]
    order: Callable[[Object], Any] = lambda _: ()


# Lists every object of a kind, under one value.
_ALL = ("", None)


class Store:
    """Objects by kind and key; every lookup and write costs the same however many there are."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self._mutex = threading.Lock()
        self._objects: Objects = {}
        self._ages: dict[str, dict[str, int]] = {}
        self._age = itertools.count()
        self._indexes: dict[str, list[Index]] = {}
        self._found: dict[tuple[str, str, Hashable], list[Place]] = {}
        self._undo: list[tuple[str, str, Object | None, int | None]] = []
        self._answers: dict[str, tuple[Hashable, Sequence[Object]]] = {}
        self._listeners: list[Listener] = []

    def use(self, indexes: Iterable[Index]) -> None:
        """Declare the indexes. Must come before the first session."""
        for index in indexes:
            self._indexes.setdefault(index.kind, []).append(index)

    def watch(self, listener: Listener) -> None:
        """Tell a listener every committed change from now on, in order: (kind, key, new or None).

        Changes of other processes are told when they are seen: at the next session's start. The
        listener is called within the session, so it must neither open one nor write.
        """
        self._listeners.append(listener)

    def get(self, kind: str, key: str) -> Object | None:
        """One object, or None. The caller must not change it."""
        return self._objects.get(kind, {}).get(key)

    def all(self, kind: str) -> Sequence[Object]:
        """Every object of a kind, oldest first; only those that are looked at cost anything."""
        return self.find(kind, *_ALL)

    def items(self, kind: str) -> Iterable[tuple[str, Object]]:
        """Every object of a kind with its key, oldest first."""
        places = tuple(self._found.get((kind, *_ALL), ()))
        return [(key, self._objects[kind][key]) for _, _, key in places]

    def keys(self, kind: str) -> list[str]:
        """The keys of every object of a kind."""
        return list(self._objects.get(kind, {}))

    def count(self, kind: str) -> int:
        """How many objects of a kind exist."""
        return len(self._objects.get(kind, {}))

    def find(self, kind: str, index: str, value: Hashable) -> Sequence[Object]:
        """The objects that an index lists under a value; only those looked at cost anything."""
        return Rows(self._found.get((kind, index, value), ()), self._objects.get(kind, {}))

    def tally(self, kind: str, index: str, value: Hashable) -> int:
        """How many objects an index lists under a value."""
        return len(self._found.get((kind, index, value), ()))

    def remembered(
        self, kind: str, question: Hashable, answer: Callable[[], Sequence[Object]]
    ) -> Sequence[Object]:
        """What was answered to this question, if no object of the kind was written since.

        Only the latest question about a kind is remembered: that of a list read page by page.
        """
        known = self._answers.get(kind)
        if known is None or known[0] != question:
            known = self._answers[kind] = (question, answer())
        return known[1]

    def put(self, kind: str, key: str, new: Object) -> None:
        """Create or replace one object, within the running session."""
        self._remember(kind, key)
        self._set(kind, key, new)

    def remove(self, kind: str, key: str) -> None:
        """Forget one object, within the running session."""
        self._remember(kind, key)
        self._set(kind, key, None)

    def clear(self) -> None:
        """Forget every object, within the running session."""
        for kind, objects in self._objects.items():
            for key in list(objects):
                self.remove(kind, key)

    def rollback(self) -> None:
        """Put everything back to where the running session began."""
        for kind, key, old, age in reversed(self._undo):
            self._set(kind, key, old, age)
        self._undo = []

    @contextmanager
    def session(self) -> Iterator[None]:
        """One request: see what others wrote, then keep all of its writes or none."""
        with self._mutex, self._held():
            self._catch_up()
            try:
                yield
                self._commit()
            except BaseException:
                self.rollback()
                raise

    def _held(self) -> AbstractContextManager[None]:
        return self._journal.held() if self._journal else nullcontext()

    def _catch_up(self) -> None:
        if self._journal is None:
            return
        afresh, changes = self._journal.news()
        before = self._objects
        if afresh:
            self._objects, self._ages, self._found, self._answers = {}, {}, {}, {}
        for change in changes:
            self._set(*change)
        self._tell(_between(before, self._objects) if afresh else changes)

    def _commit(self) -> None:
        if not self._undo:
            return
        touched = dict.fromkeys((kind, key) for kind, key, _, _ in self._undo)
        changes: list[Change] = [(kind, key, self.get(kind, key)) for kind, key in touched]
        if self._journal:
            self._keep(self._journal, changes)
        self._undo = []
        self._tell(changes)

    def _keep(self, journal: Journal, changes: list[Change]) -> None:
        living = sum(len(objects) for objects in self._objects.values())
        if journal.append(changes, living):
            with suppress(OSError):  # the longer log says the same; the next write tries again
                journal.rewrite(self._everything(), living)

    def _tell(self, changes: list[Change]) -> None:
        if changes:
            for listener in self._listeners:
                listener(changes)

    def _everything(self) -> Iterator[Change]:
        for kind in self._objects:
            for _, _, key in self._found.get((kind, *_ALL), ()):
                yield kind, key, self.get(kind, key)

    def _remember(self, kind: str, key: str) -> None:
        age = self._ages.get(kind, {}).get(key)
        self._undo.append((kind, key, self.get(kind, key), age))

    def _set(self, kind: str, key: str, new: Object | None, age: int | None = None) -> None:
        self._answers.pop(kind, None)
        before = self._places(kind, key)
        objects, ages = self._objects.setdefault(kind, {}), self._ages.setdefault(kind, {})
        if new is None:
            objects.pop(key, None)
            ages.pop(key, None)
        else:
            objects[key] = new
            ages.setdefault(key, next(self._age) if age is None else age)
        after = self._places(kind, key)
        for listed, place in before.items() - after.items():
            self._unlist(listed, place)
        for listed, place in after.items() - before.items():
            placed(self._found.setdefault(listed, []), place)

    def _places(self, kind: str, key: str) -> dict[tuple[str, str, Hashable], Place]:
        """Where an object is listed, and under what place: the same until it changes."""
        one = self.get(kind, key)
        if one is None:
            return {}
        age = self._ages[kind][key]
        places: dict[tuple[str, str, Hashable], Place] = {(kind, *_ALL): ((), age, key)}
        for index in self._indexes.get(kind, ()):
            place = (index.order(one), age, key)
            places.update(((kind, index.name, value), place) for value in index.values(one))
        return places

    def _unlist(self, listed: tuple[str, str, Hashable], place: Place) -> None:
        places = self._found[listed]
        displaced(places, place)
        if not places:
            del self._found[listed]


def _between(old: Objects, new: Objects) -> list[Change]:
    """The changes that lead from one state to the other."""
    gone: list[Change] = [
        (kind, key, None) for kind in old for key in old[kind] if key not in new.get(kind, {})
    ]
    come: list[Change] = [
        (kind, key, value)
        for kind in new
        for key, value in new[kind].items()
        if value != old.get(kind, {}).get(key)
    ]
    return gone + come
