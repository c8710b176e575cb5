"""The sandbox: answers API requests from one account's state, without a socket."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from ztctl.sandbox.api.families import FAMILIES
from ztctl.sandbox.connectors import connected, disconnected
from ztctl.sandbox.dispatch import PREFIX, Notes, dispatched
from ztctl.sandbox.envelope import answered, refused
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.export import exported
from ztctl.sandbox.faults import Faults
from ztctl.sandbox.ids import Entropy
from ztctl.sandbox.importing import accepted, replace_all, tried
from ztctl.sandbox.messages import LogEntry, Object, Pairs, Request, Response
from ztctl.sandbox.rate_limit import Limiter, Standing
from ztctl.sandbox.routing import Router
from ztctl.sandbox.seeds import Seeds, ZoneSeed, seed_store, seeded_session, zone_seeds
from ztctl.sandbox.settings import Settings
from ztctl.sandbox.state import Clock, State
from ztctl.sandbox.store import StateError, Store
from ztctl.sandbox.tokens import Known, rate_limit_key, store_token
from ztctl.sandbox.whims import awkward as awkwardly

if TYPE_CHECKING:
    from ztctl.sandbox.edge.edge import Edge

LOG_LENGTH = 10_000
DEFAULTS = Settings()
ROUTES = tuple(route for family in FAMILIES for route in family.routes)
INDEXES = tuple(index for family in FAMILIES for index in family.indexes)


def _utc() -> datetime:
    return datetime.now(UTC)


def _dated(headers: Pairs, now: datetime) -> Pairs:
    """Headers with the date of the sandbox's clock, unless a script names another one."""
    if any(name == "date" for name, _ in headers):
        return headers
    return (*headers, ("date", format_datetime(now.astimezone(UTC), usegmt=True)))


class Sandbox:
    """A local Cloudflare API with one account.

    `faults` scripts failures, `log` holds the latest requests. `clock` must return aware
    datetimes. `entropy(n)` returns n bytes, from which every id, key and secret is derived; a
    seeded one makes runs reproducible.
    """

    def __init__(
        self,
        store: Store,
        seeds: Seeds,
        *,
        clock: Clock = _utc,
        entropy: Entropy = os.urandom,
        settings: Settings = DEFAULTS,
    ) -> None:
        self.faults = Faults()
        self.log: deque[LogEntry] = deque(maxlen=LOG_LENGTH)
        self._state = State(store, clock, entropy, settings)
        self._edge: Edge | None = None
        self._seeds = seeds
        self._router = Router(ROUTES)
        self._numbers = itertools.count(1)
        self._limiter = Limiter()
        store.use(INDEXES)
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
        settings: Settings = DEFAULTS,
    ) -> Sandbox:
        """Create a sandbox over a store: seed an empty store, add missing zones to any.

        Without `zero_trust` every Access path answers 404/9999. `awkward` is a shorthand for the
        setting of that name.
        """
        seeds = Seeds(account_name, zone_seeds(zones), zero_trust)
        chosen = replace(settings, awkward=awkward or settings.awkward)
        return cls(store or Store(), seeds, clock=clock, entropy=entropy, settings=chosen)

    @property
    def edge(self) -> Edge:
        """The simulated edge (`ztctl.sandbox.edge.edge.Edge`), created on first use."""
        from ztctl.sandbox.edge.edge import Edge

        if self._edge is None:
            self._edge = Edge(self._state)
        return self._edge

    @property
    def settings(self) -> Settings:
        """Behaviour settings. Replacing them takes effect from the next request on."""
        return self._state.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        with self._session():
            self._state.settings = settings

    @property
    def account_id(self) -> str:
        """The id of the one account."""
        with self._session():
            return str(self._state.account["id"])

    @property
    def ignored(self) -> list[tuple[str, str, str]]:
        """Ignored body fields and query parameters (`?x`): (method, path, field), each once."""
        with self._session():
            return [(n["method"], n["path"], n["field"]) for n in self._noted("ignored")]

    @property
    def missed(self) -> list[tuple[str, str]]:
        """Requests that are not emulated: (method, path), each once."""
        with self._session():
            return [(n["method"], n["path"]) for n in self._noted("missed")]

    def unsupported(self) -> Object:
        """`missed` and `ignored` as JSON values."""
        return {
            "missed": [{"method": method, "path": path} for method, path in self.missed],
            "ignored": [
                {"method": method, "path": path, "field": name}
                for method, path, name in self.ignored
            ],
        }

    def handle(self, request: Request) -> Response:
        """Answer one request; no content of a request makes this raise.

        The answer is 500 if the state file cannot be read or written.
        """
        # `next` on a count is atomic, so threads get different numbers without a lock.
        now, number = self._state.clock(), next(self._numbers)
        path = request.path.removeprefix(PREFIX)
        fault = self.faults.striking(request.method, path)
        handled = None
        if fault is None or fault.lets_through:
            handled = self._handled(request, path, now, f"{number:016x}")
        response = fault.fate_of(handled) if fault else handled or Response(0)
        latency = self._state.settings.latency
        seconds = response.seconds + (latency.of(number) if latency else 0)
        response = replace(response, headers=_dated(response.headers, now), seconds=seconds)
        self._keep(request, path, now, response)
        return response

    def define_token(self, token: str, permissions: Iterable[str] | None, **known: Any) -> None:
        """Define an API token. Once one is defined, undefined tokens are rejected.

        `permissions` are permission groups with their access level ("DNS Write", "Zone Read"),
        where one is limited behind its place ("example.com/DNS Write", "account/Zero Trust Read");
        None for all. `known` are the fields of `ztctl.sandbox.tokens.Known`: whether the account
        owns it, its name and its owner's e-mail, whether it stands for the dashboard, its end.
        """
        with self._session():
            store_token(self._state.store, token, permissions, Known(**known))

    def connect(self, tunnel_id: str, file: Object | None = None) -> str:
        """Simulate one more running connector of a tunnel and return its id.

        `file` is the configuration on the connector's server, in the form of the API: what a
        locally managed tunnel serves. Raises KeyError for an unknown or deleted tunnel.
        """
        with self._session():
            return connected(self._state, tunnel_id, file)

    def disconnect(self, tunnel_id: str, connector: str | None = None) -> None:
        """Stop one connector of a tunnel, or all. Raises KeyError as `connect` does."""
        with self._session():
            disconnected(self._state, tunnel_id, connector)

    def reset(self) -> None:
        """Delete all state, tokens included, and seed it again."""
        with self._session(zones=True):
            self._state.store.clear()
            seed_store(self._state, self._seeds)

    def export(self) -> Object:
        """The account as JSON values, by kind of object, without secrets."""
        with self._session():
            return exported(self._state.store)

    def import_(self, account: Object) -> None:
        """Replace the account by an exported one: see `ztctl.sandbox.importing`.

        Raises `ztctl.sandbox.reading.Unreadable` (a ValueError) that lists every problem of the
        document; the state is unchanged then.
        """
        kept = accepted(account, self._state.entropy)
        # The trial must not draw from `entropy`: a seeded one would then yield other ids.
        trial = State(Store(), self._state.clock, os.urandom)
        trial.store.use(INDEXES)
        tried(kept, trial, ROUTES)
        with self._session():
            replace_all(self._state.store, kept)

    @contextmanager
    def session(self) -> Iterator[State]:
        """Direct access to the state, as one transaction: an exception undoes all writes.

        The store's lock is held meanwhile and is not reentrant: calling the sandbox within the
        block is a deadlock.
        """
        with self._session():
            yield self._state

    def _session(self, *, zones: bool = False) -> AbstractContextManager[None]:
        return seeded_session(self._state, self._seeds, zones=zones)

    def _noted(self, kind: str) -> Sequence[Object]:
        return self._state.store.all(kind)

    def _handled(self, request: Request, path: str, now: datetime, ray: str) -> Response:
        try:
            with self._session():
                standing = self._standing(request, now)
                if standing is None:
                    return self._answered(request, path, ray)
                response = (
                    standing.refusal(ray)
                    if standing.exceeded
                    else self._answered(request, path, ray)
                )
                return replace(response, headers=(*response.headers, *standing.headers(now)))
        except (OSError, StateError) as error:
            return refused(
                ApiError(500, 10001, f"the sandbox's state is out of reach: {error}"), ray
            )

    def _answered(self, request: Request, path: str, ray: str) -> Response:
        notes = Notes()
        try:
            reply = dispatched(self._state, self._router, request, notes)
        except ApiError as error:
            # Before `notes.keep`: notes of a refused request are kept, its other writes are not.
            self._state.store.rollback()
            response = refused(error, ray)
        else:
            response = answered(awkwardly(reply) if self._state.awkward else reply, ray)
        notes.keep(self._state.store, request.method, path)
        return response

    def _standing(self, request: Request, now: datetime) -> Standing | None:
        limit = self._state.settings.rate_limit
        key = rate_limit_key(self._state.store, request) if limit else ""
        return self._limiter.counted(limit, key, now)

    def _keep(self, request: Request, path: str, now: datetime, response: Response) -> None:
        method, query, body = request.method, request.query, request.body
        entry = LogEntry(method, path, query, body, response.status, now, response.seconds)
        self.log.append(entry)
