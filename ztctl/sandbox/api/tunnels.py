"""Cloudflare tunnels (cfd_tunnel), their tokens and connections.

Source: Cloudflare OpenAPI description, July 2026; cloudflared's API client (token format, soft
deletion, `cascade`). Recorded: 409/1013, 400/1022, 404/1002, 404/1054; a new tunnel is inactive
since it was made; a deleted one has no `config_src`; no `conns_active_at` without a connection.
Announced: connections are no part of a tunnel since October 2026. Terraform provider's tests:
secrets of less than the documented 32 bytes. Unrecorded: that a second deletion and a token of a
deleted tunnel answer 404, that a tunnel with routes is deleted only with `cascade`, and the code of
that refusal. Connectors are simulated (`ztctl.sandbox.connectors`). Not emulated: tunnels of other
types; migration of a local tunnel.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from ztctl.sandbox.api.lookups import cached, found
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.api.tunnel_filters import FILTERS, listed
from ztctl.sandbox.call import Call
from ztctl.sandbox.connectors import disconnected, shown_connectors
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, FieldError, Shape, choice, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import TUNNELS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/cfd_tunnel"
ONE = PATH + "/{tunnel_id}"
SIZES = Sizes(1000, total=False)
UNKNOWN = Refusal(404, 1002, "Tunnel not found")
CONNECTED = (
    "This tunnel has active connections. Please stop all cloudflared replicas, or wait a few "
    "minutes for connections to close, then try again."
)
TAKEN = Refusal(
    409,
    1013,
    "You already have a tunnel with this name. Delete the existing tunnel, or choose a different "
    "name for your new tunnel",
)
NO_TOKEN = Refusal(404, 1054, "Tunnel token not found")
SECRETS = ("secret", "connectors")
ROUTES = ("route", "hostname_route")
# The shortest that anybody has been seen to use.
SHORTEST_SECRET = 24


def _secret(value: Any) -> str:
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < SHORTEST_SECRET:
        raise FieldError(f"must be {SHORTEST_SECRET} bytes or more in base64")
    return str(value)


def _bad(detail: str) -> ApiError:
    # The code is unrecorded.
    return ApiError(400, 1003, f"Invalid tunnel: {detail}")


_NAME = text(350, empty=False)
NEW = Shape(
    _bad,
    (
        Field("name", _NAME, required=True),
        Field("config_src", choice(("local", "cloudflare")), "local"),
        Field("tunnel_secret", _secret),
    ),
)
CHANGE = Shape(_bad, (Field("name", _NAME), Field("tunnel_secret", _secret)))


def found_tunnel(call: Call, *, undeleted: bool = True) -> Object:
    """The tunnel in the path; raises 404/1002 if unknown or, with `undeleted`, deleted."""
    tunnel = found(call, "tunnel", "tunnel_id", UNKNOWN)
    if undeleted and tunnel["deleted_at"] is not None:
        raise ApiError(*UNKNOWN)
    return tunnel


def shown_tunnel(tunnel: Object) -> Object:
    """A tunnel for a response, without its secret."""
    shown = {name: tunnel[name] for name in tunnel if name not in SECRETS}
    if not tunnel["connectors"]:
        shown["conns_active_at"] = None
    if tunnel["deleted_at"] is not None:
        del shown["config_src"]
        shown["remote_config"] = False
    return {**shown, "status": _status(tunnel)}


def token_of(tunnel: Object) -> str:
    """The connector token: base64 of account tag, tunnel id and secret."""
    parts = {"a": tunnel["account_tag"], "t": tunnel["id"], "s": tunnel["secret"]}
    return base64.b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


def _list(call: Call) -> Reply:
    tunnels = cached(call, "tunnel", lambda: listed(call, _status))
    return paged(call, tunnels, SIZES, "tunnel", shown_tunnel)


def _create(call: Call) -> Reply:
    body = call.fields(NEW)
    check_room(call, "tunnel")
    _refuse_taken(call, body["name"])
    secret = body.get("tunnel_secret") or base64.b64encode(call.state.entropy(32)).decode()
    now = call.state.instant()
    tunnel = {
        "id": call.state.uuid(),
        "account_tag": call.state.account["id"],
        "name": body["name"],
        "created_at": now,
        "deleted_at": None,
        "conns_active_at": None,
        "conns_inactive_at": now,
        "tun_type": "cfd_tunnel",
        "metadata": {},
        "config_src": body["config_src"],
        "remote_config": body["config_src"] == "cloudflare",
        "secret": secret,
        "connectors": [],
    }
    call.store.put("tunnel", tunnel["id"], tunnel)
    shown = {**shown_tunnel(tunnel), "token": token_of(tunnel)}
    return Reply({**shown, "credentials_file": _credentials(tunnel)}, kind="tunnel")


def _get(call: Call) -> Reply:
    return Reply(shown_tunnel(found_tunnel(call, undeleted=False)), kind="tunnel")


def _change(call: Call) -> Reply:
    old, body = found_tunnel(call), call.merged(CHANGE, call.body())
    if body.get("name", old["name"]) != old["name"]:
        _refuse_taken(call, body["name"])
    secret = body.pop("tunnel_secret", old["secret"])
    tunnel = {**old, **body, "secret": secret}
    call.store.put("tunnel", tunnel["id"], tunnel)
    return Reply(shown_tunnel(tunnel), kind="tunnel")


def _delete(call: Call) -> Reply:
    old = found_tunnel(call)
    if call.switch("cascade"):
        _end_routes(call, old["id"])
    else:
        _refuse_in_use(call, old)
    tunnel = {**old, "deleted_at": call.state.instant(), "connectors": []}
    call.store.put("tunnel", tunnel["id"], tunnel)
    if call.store.get("tunnel_configuration", tunnel["id"]) is not None:
        call.store.remove("tunnel_configuration", tunnel["id"])
    return Reply(shown_tunnel(tunnel), kind="tunnel")


def _refuse_in_use(call: Call, tunnel: Object) -> None:
    if tunnel["connectors"]:
        raise ApiError(400, 1022, CONNECTED)
    if any(call.store.tally(kind, "tunnel", tunnel["id"]) for kind in ROUTES):
        raise ApiError(400, 1023, "Cannot delete tunnel because it has routes")


def _end_routes(call: Call, tunnel_id: str) -> None:
    now = call.state.instant()
    for kind in ROUTES:
        for route in call.store.find(kind, "tunnel", tunnel_id):
            call.store.put(kind, route["id"], {**route, "deleted_at": now})


def _token(call: Call) -> Reply:
    tunnel = found_tunnel(call, undeleted=False)
    if tunnel["deleted_at"] is not None:
        raise ApiError(*NO_TOKEN)
    return Reply(token_of(tunnel))


def _connections(call: Call) -> Reply:
    connectors = shown_connectors(call.state, found_tunnel(call, undeleted=False))
    return Reply(connectors, kind="connector")


def _disconnect(call: Call) -> Reply:
    disconnected(call.state, found_tunnel(call)["id"], call.query("client_id"))
    return Reply(None)


def _refuse_taken(call: Call, name: str) -> None:
    if call.store.tally("tunnel", "undeleted", name):
        raise ApiError(*TAKEN)


def _credentials(tunnel: Object) -> Object:
    return {
        "AccountTag": tunnel["account_tag"],
        "TunnelID": tunnel["id"],
        "TunnelName": tunnel["name"],
        "TunnelSecret": tunnel["secret"],
    }


def _status(tunnel: Object) -> str:
    if tunnel["connectors"]:
        return "healthy"
    return "down" if tunnel["conns_active_at"] else "inactive"


FAMILY = Family(
    (
        Route("GET", PATH, _list, TUNNELS, (*PAGING, *FILTERS)),
        Route("GET", "/accounts/{account_id}/tunnels", _list, TUNNELS, (*PAGING, *FILTERS)),
        Route("POST", PATH, _create, TUNNELS, write=True),
        Route("GET", ONE, _get, TUNNELS),
        Route("PATCH", ONE, _change, TUNNELS, write=True),
        Route("DELETE", ONE, _delete, TUNNELS, ("cascade",), write=True),
        Route("GET", ONE + "/token", _token, TUNNELS, write=True),
        Route("GET", ONE + "/connections", _connections, TUNNELS),
        Route("DELETE", ONE + "/connections", _disconnect, TUNNELS, ("client_id",), write=True),
    ),
    (
        Index("tunnel", "name", lambda tunnel: (tunnel["name"],)),
        Index("tunnel", "undeleted", lambda one: () if one["deleted_at"] else (one["name"],)),
    ),
)
