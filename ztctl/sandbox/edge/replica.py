"""Replica of the store at the edge, which receives writes after a scripted lag.

Source: API reference of DNS batches ("propagation to the edge is not atomic") and recorded reports
of seconds between an API response and its effect. Unrecorded: the delay; so it is scripted.
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
    "zone_scope",
    "zone_setting",
)
NOTHING: Mapping[str, Object] = {}


class Replica:
    """Objects as the edge sees them: copied from the store on first use, then updated by it.

    All methods but `lag` need a session of the store.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._objects: dict[str, dict[str, Object]] = {}
        self._followers: dict[str, list[Follower]] = {}
        self._lags: dict[str, timedelta] = {}
        self._pending: list[Arrival] = []
        self._serial = 0
        self._latest: dict[tuple[str, str], int] = {}

    def lag(self, kind: str, seconds: float) -> None:
        """Delay the arrival of later writes of a kind ("*": of every kind) by `seconds`.

        The lag of a kind takes precedence over that of "*". Writes under way keep theirs. Raises
        ValueError for an unknown kind, and for negative or too many seconds.
        """
        if kind not in ("*", *KINDS, *EXPORTED.values()):
            raise ValueError(f"there is no kind {kind[:40]!r}")
        if not 0 <= seconds <= timedelta.max.total_seconds() / 1000:
            raise ValueError("a lag must be a number of seconds from 0 on")
        with self._store.session():
            self._start()
            self._lags[kind] = timedelta(seconds=seconds)

    def get(self, kind: str, key: str) -> Object | None:
        """The latest version of an object that has arrived, or None."""
        return self._objects.get(kind, NOTHING).get(key)

    def all(self, kind: str) -> Iterable[Object]:
        """Every object of a kind that has arrived, in arbitrary order."""
        return self._objects.get(kind, NOTHING).values()

    def follow(self, kind: str, follower: Follower) -> None:
        """Call a follower (key, old, new) for every present object and every later arrival."""
        self._start()
        self._followers.setdefault(kind, []).append(follower)
        for key, one in self._objects[kind].items():
            follower(key, None, one)

    def catch_up(self) -> None:
        """Deliver what is due by now. To be called before reading, as time does not notify."""
        self._start()
        if self._pending:
            self._deliver(self._clock())

    def _start(self) -> None:
        if self._objects:
            return
        for kind in KINDS:
            self._objects[kind] = dict(self._store.items(kind))
        self._store.watch(self._receive)

    def _receive(self, changes: list[Change]) -> None:
        # The clock is read only if there is a lag: a test's clock may advance when it is read.
        now = self._clock() if self._pending or any(self._lags.values()) else None
        for kind, key, new in changes:
            if kind not in self._objects:
                continue
            if now is None:
                self._apply(kind, key, new)
                continue
            self._serial += 1
            due = now + self._lags.get(kind, self._lags.get("*", timedelta()))
            heapq.heappush(self._pending, (due, self._serial, kind, key, new))
        if now is not None:
            self._deliver(now)

    def _deliver(self, now: datetime) -> None:
        while self._pending and self._pending[0][0] <= now:
            _, serial, kind, key, new = heapq.heappop(self._pending)
            # After a shortening of the lag, a newer write may arrive before an older one.
            if self._latest.get((kind, key), 0) < serial:
                self._latest[kind, key] = serial
                self._apply(kind, key, new)
        if not self._pending:
            self._latest.clear()

    def _apply(self, kind: str, key: str, new: Object | None) -> None:
        objects = self._objects[kind]
        old = objects.get(key)
        if new is None:
            objects.pop(key, None)
        else:
            objects[key] = new
        for follower in self._followers.get(kind, ()):
            follower(key, old, new)
