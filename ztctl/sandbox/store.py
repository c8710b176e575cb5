"""In-memory object store with indexes, transactions and an optional persistent journal.

Every request is one transaction (`Store.session`). Reads are served from memory; a journal, if
given, persists committed changes and brings in those of other processes. Objects are replaced
whole and never mutated, so a rollback only has to restore references.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from ztctl.sandbox.messages import Object
from ztctl.sandbox.rows import Place, Rows, insert_place, remove_place

Change = tuple[str, str, Object | None]
Objects = dict[str, dict[str, Object]]
Listener = Callable[[list[Change]], None]


class StateError(ValueError):
    """The state file is not a valid log of the sandbox. It has not been modified."""


class Journal(Protocol):
    """Persistent log of changes: see `ztctl.sandbox.journal`."""

    def held(self) -> AbstractContextManager[None]:
        """Hold the lock that excludes other processes."""
        ...

    def unread(self) -> tuple[bool, list[Change]]:
        """Changes appended since the last call; True if they replace everything read before."""
        ...

    def append(self, changes: list[Change], live: int) -> bool:
        """Persist changes; True if the log is worth rewriting for `live` objects."""
        ...

    def rewrite(self, objects: Iterator[Change], live: int) -> None:
        """Compact the log to the existing objects, of which there are `live`."""
        ...


@dataclass(frozen=True, slots=True)
class Index:
    """Index of the objects of one kind by computed values.

    The objects under one value are sorted by `order`, then by age.
    """

    kind: str
    name: str
    values: Callable[[Object], Iterable[Hashable]]
    order: Callable[[Object], Any] = lambda _: ()


# Name and value of the implicit index that lists every object of a kind.
_ALL = ("", None)


class Store:
    """Objects by kind and key; the cost of a lookup or write does not depend on their number."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self._mutex = threading.Lock()
        self._objects: Objects = {}
        self._ages: dict[str, dict[str, int]] = {}
        self._age = itertools.count()
        self._indexes: dict[str, list[Index]] = {}
        self._found: dict[tuple[str, str, Hashable], list[Place]] = {}
        self._undo: list[tuple[str, str, Object | None, int | None]] = []
        self._cache: dict[str, tuple[Hashable, Sequence[Object]]] = {}
        self._listeners: list[Listener] = []

    def use(self, indexes: Iterable[Index]) -> None:
        """Declare indexes; must be called before the first session."""
        for index in indexes:
            self._indexes.setdefault(index.kind, []).append(index)

    def watch(self, listener: Listener) -> None:
        """Call a listener with every later commit: a list of (kind, key, new value or None).

        Changes of other processes arrive at the start of the next session. The listener runs
        within a session, so it must neither open one nor write.
        """
        self._listeners.append(listener)

    def get(self, kind: str, key: str) -> Object | None:
        """One object, or None. The caller must not mutate it."""
        return self._objects.get(kind, {}).get(key)

    def is_own(self, kind: str, key: str) -> bool:
        """Whether an object belongs to the scope that the store stands for: here all do."""
        return True

    def all(self, kind: str) -> Sequence[Object]:
        """Every object of a kind, oldest first, as a lazy sequence."""
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
        """The objects that an index lists under a value, as a lazy sequence."""
        return Rows(self._found.get((kind, index, value), ()), self._objects.get(kind, {}))

    def tally(self, kind: str, index: str, value: Hashable) -> int:
        """How many objects an index lists under a value."""
        return len(self._found.get((kind, index, value), ()))

    def cached(
        self, kind: str, query: Hashable, compute: Callable[[], Sequence[Object]]
    ) -> Sequence[Object]:
        """The result of a query, recomputed after any write to the kind.

        Only the latest query of a kind is cached: enough for a list that is read page by page.
        """
        known = self._cache.get(kind)
        if known is None or known[0] != query:
            known = self._cache[kind] = (query, compute())
        return known[1]

    def put(self, kind: str, key: str, new: Object) -> None:
        """Create or replace one object; needs a session."""
        self._record_undo(kind, key)
        self._set(kind, key, new)

    def remove(self, kind: str, key: str) -> None:
        """Delete one object; needs a session."""
        self._record_undo(kind, key)
        self._set(kind, key, None)

    def clear(self) -> None:
        """Delete every object; needs a session."""
        for kind, objects in self._objects.items():
            for key in list(objects):
                self.remove(kind, key)

    def rollback(self) -> None:
        """Undo all writes of the running session."""
        for kind, key, old, age in reversed(self._undo):
            self._set(kind, key, old, age)
        self._undo = []

    @contextmanager
    def session(self) -> Iterator[None]:
        """One transaction: read what other processes wrote, then commit all writes or none."""
        # Threads wait for the mutex, processes for the journal's lock.
        with self._mutex, self._held():
            self._catch_up()
            try:
                yield
                self._commit()
            # BaseException: a cancellation or Ctrl-C must not leave half of a request either.
            except BaseException:
                self.rollback()
                raise

    def _held(self) -> AbstractContextManager[None]:
        return self._journal.held() if self._journal else nullcontext()

    def _catch_up(self) -> None:
        if self._journal is None:
            return
        replaced, changes = self._journal.unread()
        before = self._objects
        if replaced:
            self._objects, self._ages, self._found, self._cache = {}, {}, {}, {}
        for change in changes:
            self._set(*change)
        self._notify(_difference(before, self._objects) if replaced else changes)

    def _commit(self) -> None:
        if not self._undo:
            return
        # Each object once, with its last value, however often it was written.
        touched = dict.fromkeys((kind, key) for kind, key, _, _ in self._undo)
        changes: list[Change] = [(kind, key, self.get(kind, key)) for kind, key in touched]
        if self._journal:
            self._persist(self._journal, changes)
        # Only now: if the journal cannot be written, the session is rolled back.
        self._undo = []
        self._notify(changes)

    def _persist(self, journal: Journal, changes: list[Change]) -> None:
        live = sum(len(objects) for objects in self._objects.values())
        if journal.append(changes, live):
            with suppress(OSError):  # the long log is valid, too; the next write tries again
                journal.rewrite(self._everything(), live)

    def _notify(self, changes: list[Change]) -> None:
        if changes:
            for listener in self._listeners:
                listener(changes)

    def _everything(self) -> Iterator[Change]:
        for kind in self._objects:
            for _, _, key in self._found.get((kind, *_ALL), ()):
                yield kind, key, self.get(kind, key)

    def _record_undo(self, kind: str, key: str) -> None:
        age = self._ages.get(kind, {}).get(key)
        self._undo.append((kind, key, self.get(kind, key), age))

    def _set(self, kind: str, key: str, new: Object | None, age: int | None = None) -> None:
        self._cache.pop(kind, None)
        # Only index entries that differ are moved: most writes change few indexed values.
        before = self._places(kind, key)
        objects, ages = self._objects.setdefault(kind, {}), self._ages.setdefault(kind, {})
        if new is None:
            objects.pop(key, None)
            ages.pop(key, None)
        else:
            objects[key] = new
            # A rollback passes the old age, so that lists keep their order.
            ages.setdefault(key, next(self._age) if age is None else age)
        after = self._places(kind, key)
        for listed, place in before.items() - after.items():
            self._unlist(listed, place)
        for listed, place in after.items() - before.items():
            insert_place(self._found.setdefault(listed, []), place)

    def _places(self, kind: str, key: str) -> dict[tuple[str, str, Hashable], Place]:
        """The index entries of an object: (kind, index, value) to its place in that list."""
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
        remove_place(places, place)
        if not places:
            del self._found[listed]


def _difference(old: Objects, new: Objects) -> list[Change]:
    """The changes from one state to the other; removals first."""
    removed: list[Change] = [
        (kind, key, None) for kind in old for key in old[kind] if key not in new.get(kind, {})
    ]
    written: list[Change] = [
        (kind, key, value)
        for kind in new
        for key, value in new[kind].items()
        if value != old.get(kind, {}).get(key)
    ]
    return removed + written
