"""The sandbox itself: requests in, responses out, no socket."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from ztctl.sandbox.api.families import FAMILIES
from ztctl.sandbox.connectors import connected
from ztctl.sandbox.dispatch import PREFIX, Notes, dispatched
from ztctl.sandbox.envelope import answered, refused
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.export import exported
from ztctl.sandbox.faults import Faults
from ztctl.sandbox.ids import Entropy
from ztctl.sandbox.messages import LogEntry, Object, Request, Response
from ztctl.sandbox.routing import Router
from ztctl.sandbox.seeds import Seeds, ZoneSeed, plant, seeded_session, zone_seeds
from ztctl.sandbox.state import Clock, State
from ztctl.sandbox.store import Store
from ztctl.sandbox.tokens import store_token
from ztctl.sandbox.whims import awkward as awkwardly

REMEMBERED = 10_000


def _utc() -> datetime:
    return datetime.now(UTC)


class Sandbox:
    """A local Cloudflare API with one account.

    `faults` scripts failures, `log` holds the latest requests. `clock` must give aware times;
    `entropy(n)` n bytes, from which every id, key and secret is made: a seeded one repeats them.
    """

    def __init__(
        self,
        store: Store,
        seeds: Seeds,
        *,
        clock: Clock = _utc,
        entropy: Entropy = os.urandom,
        awkward: bool = False,
    ) -> None:
        self.faults = Faults()
        self.log: deque[LogEntry] = deque(maxlen=REMEMBERED)
        self._state = State(store, clock, entropy, awkward)
        self._seeds = seeds
        self._router = Router(route for family in FAMILIES for route in family.routes)
        self._requests = 0
        store.use(index for family in FAMILIES for index in family.indexes)
        with self._session(zones=True):
            pass

    @classmethod
    def create(
        cls,
        store: Store | None = None,
        *,
        account_name: str = "Acme",
        zones: Iterable[str | ZoneSeed] = ("example.com",),
        zero_trust: bool = True,
        clock: Clock = _utc,
        entropy: Entropy = os.urandom,
        awkward: bool = False,
    ) -> Sandbox:
        """A sandbox over a store, seeded if the store is empty; missing zones are added.

        Without `zero_trust` every Access path answers 404/9999.
        """
        seeds = Seeds(account_name, zone_seeds(zones), zero_trust)
        return cls(store or Store(), seeds, clock=clock, entropy=entropy, awkward=awkward)

    @property
    def account_id(self) -> str:
        """The id of the one account."""
        with self._session():
            return str(self._state.account["id"])

    @property
    def ignored(self) -> list[tuple[str, str, str]]:
        """What clients sent in vain: (method, path, field), each once; `?x` is a parameter."""
        with self._session():
            return [(n["method"], n["path"], n["field"]) for n in self._noted("ignored")]

    @property
    def missed(self) -> list[tuple[str, str]]:
        """The requests that found no route: (method, path), each once."""
        with self._session():
            return [(n["method"], n["path"]) for n in self._noted("missed")]

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for what the request holds."""
        path = request.path.removeprefix(PREFIX)
        fault = self.faults.striking(request.method, path)
        if fault is None:
            response = self._handled(request, path)
        elif fault.lets_through:
            response = fault.fate_of(self._handled(request, path))
        else:
            response = fault.fate_of(None)
        entry = LogEntry(request.method, path, request.query, request.body, response.status)
        self.log.append(entry)
        return response

    def define_token(
        self, token: str, permissions: Iterable[str], *, account_owned: bool = False
    ) -> None:
        """Define an API token; from the first one on, no other is taken.

        `permissions` are group names with their form, as in "DNS Write" or "Zone Read".
        """
        with self._session():
            store_token(self._state.store, token, permissions, account_owned=account_owned)

    def connect(self, tunnel_id: str) -> None:
        """Simulate one more running connector of a tunnel; raises KeyError for an unknown one."""
        with self._session():
            connected(self._state, tunnel_id)

    def reset(self) -> None:
        """Forget everything, tokens too, and seed anew."""
        with self._session(zones=True):
            self._state.store.clear()
            plant(self._state, self._seeds)

    def export(self) -> Object:
        """The whole account as plain JSON-able values, by kind; secrets are left out."""
        with self._session():
            return exported(self._state.store)

    def _session(self, *, zones: bool = False) -> AbstractContextManager[None]:
        return seeded_session(self._state, self._seeds, zones=zones)

    def _noted(self, kind: str) -> list[Object]:
        return self._state.store.all(kind)

    def _handled(self, request: Request, path: str) -> Response:
        self._requests += 1
        ray = f"{self._requests:016x}"
        with self._session():
            notes = Notes()
            try:
                reply = dispatched(self._state, self._router, request, notes)
            except ApiError as error:
                self._state.store.rollback()
                response = refused(error, ray)
            else:
                response = answered(awkwardly(reply) if self._state.awkward else reply, ray)
            notes.keep(self._state.store, request.method, path)
            return response
