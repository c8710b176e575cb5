"""Dispatch of a request: checks in a fixed order, then the handler.

The order of checks: size, path, token, account or zone, permission, Zero Trust, the handler.
Source: recorded answers (404/7000, 404/7003, 403/9109, 403/10000, 404/9999); measured by another
client: 405/10405 for a malformed id of a DNS record. The order is unrecorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ztctl.sandbox.audit import recorded
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, no_object, no_route
from ztctl.sandbox.messages import Reply, Request
from ztctl.sandbox.routing import Route, Router, malformed
from ztctl.sandbox.state import State
from ztctl.sandbox.store import Change, Store
from ztctl.sandbox.tokens import holder_of

PREFIX = "/client/v4"
LARGEST = 10 * 1024 * 1024


@dataclass(slots=True)
class Notes:
    """Side effects of a request that survive a refusal.

    `missed` and `ignored` are diagnostics for tests (nothing that Cloudflare reports): whether no
    route was found, and which fields and parameters were ignored. `lasting` are writes.
    """

    missed: bool = False
    ignored: list[str] = field(default_factory=list)
    lasting: list[Change] = field(default_factory=list)

    def keep(self, store: Store, method: str, path: str) -> None:
        """Store the notes without duplicates; needs a session."""
        for kind, key, new in self.lasting:
            if new is None:
                store.remove(kind, key)
            else:
                store.put(kind, key, new)
        # Shortened, because clients choose these texts and the state file keeps them.
        request = {"method": method[:20], "path": path[:300]}
        where = " ".join(request.values())
        if self.missed and store.get("missed", where) is None:
            store.put("missed", where, request)
        for name in dict.fromkeys(one[:200] for one in self.ignored):
            if store.get("ignored", f"{where} {name}") is None:
                store.put("ignored", f"{where} {name}", {**request, "field": name})


def dispatched(state: State, router: Router, request: Request, notes: Notes) -> Reply:
    """Check a request, call its handler and record it in the audit log; raises ApiError."""
    if len(request.body) > LARGEST:
        raise ApiError(413, 10001, "Request body is too large")
    path = request.path.removeprefix(PREFIX)
    route, parameters = _routed(router, request, path, notes)
    # The token before identifiers: whoever has none must not learn which objects exist.
    holder = holder_of(state.store, request)
    holder.check(route, _checked_place(state, request, parameters))
    _check_zero_trust(state, path)
    notes.ignored.extend(_unknown_query(route, request))
    call = Call(state, request, parameters, notes.ignored, notes.lasting)
    reply = route.handler(call)
    recorded(call, route, holder, reply)
    return reply


def _routed(
    router: Router, request: Request, path: str, notes: Notes
) -> tuple[Route, dict[str, str]]:
    try:
        if path == request.path:  # without the prefix
            raise no_route()
        return router.find(request.method, path)
    except ApiError:
        notes.missed = True
        raise


def _checked_place(state: State, request: Request, parameters: dict[str, str]) -> str:
    """The place that a request is about: "account", the name of a zone; empty: neither."""
    wrong = malformed(parameters)
    if wrong == "app_id":
        raise ApiError(400, 12045, "access.api.error.invalid_application_id: malformed id")
    if wrong == "record_id":
        raise ApiError(405, 10405, "Method not allowed for this authentication scheme")
    if wrong is not None:
        raise no_object(request.path)
    account, zone_id = parameters.get("account_id"), parameters.get("zone_id")
    foreign = account is not None and account != state.account["id"]
    zone = None if zone_id is None else state.store.get("zone", zone_id)
    if foreign or (zone_id is not None and zone is None):
        raise ApiError(403, 9109, "Unauthorized to access requested resource")
    if zone is not None:
        return str(zone["name"])
    return "" if account is None else "account"


def _check_zero_trust(state: State, path: str) -> None:
    on_access = path.split("/")[3:4] == ["access"]
    if on_access and state.store.count("organization") == 0:
        raise ApiError(404, 9999, "access.api.error.not_enabled: Access is not enabled")


def _unknown_query(route: Route, request: Request) -> list[str]:
    return [f"?{name}" for name, _ in request.query if name not in route.query]
