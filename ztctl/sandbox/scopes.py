"""What an account or one of its zones sees of the Access objects, which share one store.

An object that was made below a zone has an entry of the kind `zone_scope` beside it, so that the
object itself is like any other: the edge and an export know no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from ztctl.sandbox.messages import Object
from ztctl.sandbox.store import Store

KIND = "zone_scope"
SCOPED = ("app", "app_ca", "access_group", "identity_provider", "service_token")
# Indexes by which clients search; others find whatever uses an object, in every scope.
SEARCHED = ("name", "uri", "attribute")


def place(kind: str, key: str) -> str:
    """The key of the entry that says to which zone an object belongs."""
    return f"{kind}/{key}"


def seen_from(zone: str | None, store: Store, *, everything: bool) -> Store:
    """The store as a zone sees it, or the account; `everything`: the account sees all zones."""
    if zone is None and (everything or store.count(KIND) == 0):
        return store
    return _Scoped(store, zone)


class _Scoped(Store):
    """A part of another store, in which it reads and writes."""

    def __init__(self, whole: Store, zone: str | None) -> None:
        super().__init__()
        self._whole = whole
        self._zone = zone

    def is_own(self, kind: str, key: str) -> bool:
        """Whether the object was made in this scope."""
        return kind not in SCOPED or self._zone_of(kind, key) == self._zone

    def get(self, kind: str, key: str) -> Object | None:
        """One object of this scope, or of the account."""
        seen = kind not in SCOPED or self._zone_of(kind, key) in (None, self._zone)
        return self._whole.get(kind, key) if seen else None

    def all(self, kind: str) -> Sequence[Object]:
        """Every object of a kind in this scope, oldest first."""
        if kind not in SCOPED:
            return self._whole.all(kind)
        return [one for key, one in self._whole.items(kind) if self.is_own(kind, key)]

    def items(self, kind: str) -> Iterable[tuple[str, Object]]:
        """Every object of a kind in this scope, with its key."""
        return [(key, one) for key, one in self._whole.items(kind) if self.is_own(kind, key)]

    def keys(self, kind: str) -> list[str]:
        """The keys of every object of a kind in this scope."""
        return [key for key in self._whole.keys(kind) if self.is_own(kind, key)]

    def count(self, kind: str) -> int:
        """How many objects of a kind exist, in every scope: quotas are the account's."""
        return self._whole.count(kind)

    def find(self, kind: str, index: str, value: Hashable) -> Sequence[Object]:
        """The objects of this scope that an index lists; by what they use, those of all."""
        found = self._whole.find(kind, index, value)
        if kind not in SCOPED or index not in SEARCHED:
            return found
        return [one for one in found if self.is_own(kind, str(one["id"]))]

    def tally(self, kind: str, index: str, value: Hashable) -> int:
        """How many objects an index lists, in every scope."""
        return self._whole.tally(kind, index, value)

    def cached(
        self, kind: str, query: Hashable, compute: Callable[[], Sequence[Object]]
    ) -> Sequence[Object]:
        """The result of a query; its path tells the scopes apart."""
        return self._whole.cached(kind, query, compute)

    def put(self, kind: str, key: str, new: Object) -> None:
        """Create or replace one object; a new one belongs to this scope."""
        if kind in SCOPED and self._zone and self._whole.get(kind, key) is None:
            entry = {"kind": kind, "key": key, "zone_id": self._zone}
            self._whole.put(KIND, place(kind, key), entry)
        self._whole.put(kind, key, new)

    def remove(self, kind: str, key: str) -> None:
        """Delete one object."""
        if self._whole.get(KIND, place(kind, key)) is not None:
            self._whole.remove(KIND, place(kind, key))
        self._whole.remove(kind, key)

    def _zone_of(self, kind: str, key: str) -> str | None:
        entry = self._whole.get(KIND, place(kind, key))
        return str(entry["zone_id"]) if entry is not None else None
