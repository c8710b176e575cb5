"""What of the account has reached the edge: a copy of the store, later by a scripted lag.

Source: API reference of DNS batches ("propagation to the edge is not atomic") and recorded reports
of seconds between an answer and its effect. Unrecorded: how long it takes; so it is scripted.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ztctl.sandbox.export import KINDS as EXPORTED
from ztctl.sandbox.messages import Object
from ztctl.sandbox.store import Change, Store

Follower = Callable[[str, Object | None, Object | None], None]
Arrival = tuple[datetime, int, str, str, Object | None]

KINDS = (
    "access_group",
    "app",
    "app_ca",
    "dns_record",
    "gateway_ca",
    "gateway_rule",
    "hostname_route",
    "identity_provider",
    "organization",
    "policy",
    "route",
    "service_token",
    "target",
    "tunnel",
    "tunnel_configuration",
    "virtual_network",
    "zone",
    "zone_setting",
)
NOTHING: Mapping[str, Object] = {}


class Replica:
    """Objects as the edge sees them. Built from the store when first asked, then fed by it.

    Everything but `lag` must be called within a session of the store.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._objects: dict[str, dict[str, Object]] = {}
        self._followers: dict[str, list[Follower]] = {}
        self._lags: dict[str, timedelta] = {}
        self._coming: list[Arrival] = []
        self._serial = 0
        self._latest: dict[tuple[str, str], int] = {}

    def lag(self, kind: str, seconds: float) -> None:
        """Let later writes of a kind ("*": of every kind) be seen only after so many seconds.

        A kind's own lag goes before that of "*". What is already on its way keeps its time.
        Raises ValueError for an unknown kind and for seconds that are negative or no number.
        """
        if kind not in ("*", *KINDS, *EXPORTED.values()):
            raise ValueError(f"there is no kind {kind[:40]!r}")
        if not 0 <= seconds <= timedelta.max.total_seconds() / 1000:
            raise ValueError("a lag must be a number of seconds from 0 on")
        with self._store.session():
            self._begin()
            self._lags[kind] = timedelta(seconds=seconds)

    def get(self, kind: str, key: str) -> Object | None:
        """One object as it has arrived, or None."""
        return self._objects.get(kind, NOTHING).get(key)

    def all(self, kind: str) -> Iterable[Object]:
        """Every object of a kind that has arrived, in no order that means anything."""
        return self._objects.get(kind, NOTHING).values()

    def follow(self, kind: str, follower: Follower) -> None:
        """Tell a follower (key, old, new) everything that is there and everything that arrives."""
        self._begin()
        self._followers.setdefault(kind, []).append(follower)
        for key, one in self._objects[kind].items():
            follower(key, None, one)

    def catch_up(self) -> None:
        """Take in what has arrived by now; must come before what depends on the time."""
        self._begin()
        if self._coming:
            self._arrive(self._clock())

    def _begin(self) -> None:
        if self._objects:
            return
        for kind in KINDS:
            self._objects[kind] = dict(self._store.items(kind))
        self._store.watch(self._hear)

    def _hear(self, changes: list[Change]) -> None:
        # A clock is read only where time matters: a scripted one may move by being read.
        now = self._clock() if self._coming or any(self._lags.values()) else None
        for kind, key, new in changes:
            if kind not in self._objects:
                continue
            if now is None:
                self._take(kind, key, new)
                continue
            self._serial += 1
            due = now + self._lags.get(kind, self._lags.get("*", timedelta()))
            heapq.heappush(self._coming, (due, self._serial, kind, key, new))
        if now is not None:
            self._arrive(now)

    def _arrive(self, now: datetime) -> None:
        while self._coming and self._coming[0][0] <= now:
            _, serial, kind, key, new = heapq.heappop(self._coming)
            # The lag may have been shortened meanwhile: what is newer was not to be undone.
            if self._latest.get((kind, key), 0) < serial:
                self._latest[kind, key] = serial
                self._take(kind, key, new)
        if not self._coming:
            self._latest.clear()

    def _take(self, kind: str, key: str, new: Object | None) -> None:
        objects = self._objects[kind]
        old = objects.get(key)
        if new is None:
            objects.pop(key, None)
        else:
            objects[key] = new
        for follower in self._followers.get(kind, ()):
            follower(key, old, new)
