"""State: objects by kind and key, indexes over them, one session a request.

Memory is the truth of this process; a journal, where given, makes it last and shares it.
Objects are replaced whole and never changed in place, so a rollback is the old value put back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from ztctl.sandbox.messages import Object

Change = tuple[str, str, Object | None]


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
    """Finds the objects of one kind by values computed from them."""

    kind: str
    name: str
    values: Callable[[Object], Iterable[Hashable]]


class Store:
    """Objects by kind and key; every lookup and write costs the same however many there are."""

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        self._mutex = threading.Lock()
        self._objects: dict[str, dict[str, Object]] = {}
        self._indexes: dict[str, list[Index]] = {}
        self._found: dict[tuple[str, str, Hashable], dict[str, None]] = {}
        self._undo: list[Change] = []

    def use(self, indexes: Iterable[Index]) -> None:
        """Declare the indexes. Must come before the first session."""
        for index in indexes:
            self._indexes.setdefault(index.kind, []).append(index)

    def get(self, kind: str, key: str) -> Object | None:
        """One object, or None. The caller must not change it."""
        return self._objects.get(kind, {}).get(key)

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind, oldest first."""
        return list(self._objects.get(kind, {}).values())

    def count(self, kind: str) -> int:
        """How many objects of a kind exist."""
        return len(self._objects.get(kind, {}))

    def find(self, kind: str, index: str, value: Hashable) -> list[Object]:
        """The objects that an index lists under a value."""
        objects = self._objects.get(kind, {})
        return [objects[key] for key in self._found.get((kind, index, value), ())]

    def tally(self, kind: str, index: str, value: Hashable) -> int:
        """How many objects an index lists under a value."""
        return len(self._found.get((kind, index, value), ()))

    def put(self, kind: str, key: str, new: Object) -> None:
        """Create or replace one object, within the running session."""
        self._undo.append((kind, key, self.get(kind, key)))
        self._set(kind, key, new)

    def remove(self, kind: str, key: str) -> None:
        """Forget one object, within the running session."""
        self._undo.append((kind, key, self.get(kind, key)))
        self._set(kind, key, None)

    def clear(self) -> None:
        """Forget every object, within the running session."""
        for kind, objects in self._objects.items():
            for key in list(objects):
                self.remove(kind, key)

    def rollback(self) -> None:
        """Put everything back to where the running session began."""
        for kind, key, old in reversed(self._undo):
            self._set(kind, key, old)
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
        if afresh:
            self._objects, self._found = {}, {}
        for change in changes:
            self._set(*change)

    def _commit(self) -> None:
        if self._journal and self._undo:
            touched = dict.fromkeys((kind, key) for kind, key, _ in self._undo)
            changes: list[Change] = [(kind, key, self.get(kind, key)) for kind, key in touched]
            living = sum(len(objects) for objects in self._objects.values())
            if self._journal.append(changes, living):
                self._journal.rewrite(self._everything(), living)
        self._undo = []

    def _everything(self) -> Iterator[Change]:
        for kind, objects in self._objects.items():
            for key, value in objects.items():
                yield kind, key, value

    def _set(self, kind: str, key: str, new: Object | None) -> None:
        objects = self._objects.setdefault(kind, {})
        old = objects.get(key)
        if new is None:
            objects.pop(key, None)
        else:
            objects[key] = new
        for index in self._indexes.get(kind, ()):
            self._reindex(index, key, old, new)

    def _reindex(self, index: Index, key: str, old: Object | None, new: Object | None) -> None:
        before = set(index.values(old)) if old is not None else set()
        after = set(index.values(new)) if new is not None else set()
        for value in before - after:
            self._unlist((index.kind, index.name, value), key)
        for value in after - before:
            self._found.setdefault((index.kind, index.name, value), {})[key] = None

    def _unlist(self, place: tuple[str, str, Hashable], key: str) -> None:
        keys = self._found[place]
        del keys[key]
        if not keys:
            del self._found[place]
