"""Routes of private host names to tunnels.

Source: Cloudflare OpenAPI description, July 2026: paths, fields, filters; `hostname` filters by
substring, ignoring case; deleted routes are listed only on request. Recorded: 409 for a
host name that is routed elsewhere. Unrecorded: every code; that host name and tunnel are required,
the format of a host name (one leading wildcard is allowed), that a deleted route can still be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ztctl.sandbox.api.lifetimes import LIFETIME_FILTERS, Test, lifetime_tests, same
from ztctl.sandbox.api.lookups import cached, found
from ztctl.sandbox.api.quotas import COUNTED, check_room
from ztctl.sandbox.api.routes import undeleted_tunnel
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, FieldError, Shape, text, uuid
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import NETWORKS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/zerotrust/routes/hostname"
ONE = PATH + "/{hostname_route_id}"
SIZES = Sizes(100)
UNKNOWN = Refusal(404, 1015, "Hostname route not found")
TAKEN = Refusal(409, 1014, "You already have a route defined for this hostname")
SAME = ("id", "tunnel_id", "comment")
HOST = re.compile(r"(?=.{1,255}$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9-]{1,63}")


def _bad(detail: str) -> ApiError:
    return ApiError(400, 1003, f"Invalid hostname route: {detail}")


def _host(value: Any) -> str:
    if not isinstance(value, str) or HOST.fullmatch(value.lower()) is None:
        raise FieldError("must be a host name")
    return value


NEW = Shape(
    _bad,
    (
        Field("hostname", _host, required=True),
        Field("tunnel_id", uuid, required=True),
        Field("comment", text(100), ""),
    ),
)
CHANGE = Shape(
    _bad, (Field("hostname", _host), Field("tunnel_id", uuid), Field("comment", text(100)))
)


def _list(call: Call) -> Reply:
    routes = cached(call, "hostname_route", lambda: _listed(call))
    return paged(call, routes, SIZES, "hostname_route", lambda one: _shown(call, one))


def _listed(call: Call) -> Sequence[Object]:
    tests = list(_tests(call))
    if call.switch("is_deleted") is None:
        routes = call.store.find("hostname_route", COUNTED, "hostname_route")
    else:
        routes = call.store.all("hostname_route")
    return [one for one in routes if all(test(one) for test in tests)] if tests else routes


def _tests(call: Call) -> Iterator[Test]:
    yield from lifetime_tests(call)
    for name in SAME:
        if (wanted := call.query(name)) is not None:
            yield same(name, wanted)
    if (part := call.query("hostname")) is not None:
        yield lambda route: part.lower() in route["hostname"].lower()


def _create(call: Call) -> Reply:
    body = call.fields(NEW)
    check_room(call, "hostname_route")
    made = {"created_at": call.state.instant(), "deleted_at": None}
    return _stored(call, {"id": call.state.uuid(), **body, **made})


def _get(call: Call) -> Reply:
    route = found(call, "hostname_route", "hostname_route_id", UNKNOWN)
    return Reply(_shown(call, route), kind="hostname_route")


def _change(call: Call) -> Reply:
    return _stored(call, {**_undeleted(call), **call.merged(CHANGE, call.body())})


def _delete(call: Call) -> Reply:
    deleted = {**_undeleted(call), "deleted_at": call.state.instant()}
    call.store.put("hostname_route", deleted["id"], deleted)
    return Reply(_shown(call, deleted), kind="hostname_route")


def _undeleted(call: Call) -> Object:
    route = found(call, "hostname_route", "hostname_route_id", UNKNOWN)
    if route["deleted_at"] is not None:
        raise ApiError(*UNKNOWN)
    return route


def _stored(call: Call, route: Object) -> Reply:
    undeleted_tunnel(call, route["tunnel_id"])
    others = call.store.find("hostname_route", "undeleted", route["hostname"].lower())
    if any(one["id"] != route["id"] for one in others):
        raise ApiError(*TAKEN)
    call.store.put("hostname_route", route["id"], route)
    return Reply(_shown(call, route), kind="hostname_route")


def _shown(call: Call, route: Object) -> Object:
    tunnel = call.store.get("tunnel", route["tunnel_id"]) or {}
    return {**route, "tunnel_name": tunnel.get("name"), "tun_type": tunnel.get("tun_type")}


FAMILY = Family(
    (
        Route("GET", PATH, _list, NETWORKS, (*PAGING, *LIFETIME_FILTERS, *SAME, "hostname")),
        Route("POST", PATH, _create, NETWORKS, write=True),
        Route("GET", ONE, _get, NETWORKS),
        Route("PATCH", ONE, _change, NETWORKS, write=True),
        Route("DELETE", ONE, _delete, NETWORKS, write=True),
    ),
    (
        Index(
            "hostname_route",
            "undeleted",
            lambda one: () if one["deleted_at"] else (one["hostname"].lower(),),
        ),
        Index(
            "hostname_route", "tunnel", lambda one: () if one["deleted_at"] else (one["tunnel_id"],)
        ),
    ),
)
