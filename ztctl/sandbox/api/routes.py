"""Routes of private networks to tunnels.

Source: Cloudflare OpenAPI description, July 2026: paths, fields, filters; the default comment
is empty, the default virtual network that of the account; only lists and the best match show names.
Recorded: 409/1014 for the same range in the same network, 404/1015 for an unknown
route, 404/1046, 400 "could not parse". cloudflared: no match is a success without a route.
Unrecorded: that ranges may overlap, that a deleted route can still be read.
Not emulated: tunnels of other types; `default_virtual_network_fallback`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable
from typing import Any

from ztctl.sandbox.api.addresses import Address, address
from ztctl.sandbox.api.lookups import cached, found
from ztctl.sandbox.api.private_ranges import parsed_range
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.api.route_filters import FILTERS, listed
from ztctl.sandbox.api.tunnels import UNKNOWN as NO_TUNNEL
from ztctl.sandbox.api.virtual_networks import network_id
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, Shape, anything, text, uuid
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import NETWORKS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index, Store

PATH = "/accounts/{account_id}/teamnet/routes"
ONE = PATH + "/{route_id}"
SIZES = Sizes(1000, total=False)
UNKNOWN = Refusal(
    404,
    1015,
    "You are trying to modify the route for a network that isn't routed. Please add the network "
    "before modifying it. Or, check that you specified the correct network.",
)
TAKEN = Refusal(409, 1014, "You already have a route defined for this exact IP subnet.")


def _bad(detail: str) -> ApiError:
    return ApiError(400, 1003, f"Invalid route: {detail}")


_COMMENT = text(100)
NEW = Shape(
    _bad,
    (
        Field("network", anything, required=True),
        Field("tunnel_id", uuid, required=True),
        Field("comment", _COMMENT, ""),
        Field("virtual_network_id", uuid),
    ),
)
CHANGE = Shape(
    _bad,
    (
        Field("network", anything),
        Field("tunnel_id", uuid),
        Field("comment", _COMMENT),
        Field("virtual_network_id", uuid),
    ),
)


def undeleted_tunnel(call: Call, key: str) -> Object:
    """The tunnel with an id; raises 404/1002 if it is unknown or deleted."""
    tunnel = call.store.get("tunnel", key)
    if tunnel is None or tunnel["deleted_at"] is not None:
        raise ApiError(*NO_TUNNEL)
    return tunnel


def created(call: Call, body: Object) -> Object:
    """Create a route from a validated body; raises ApiError 400, 404, or 409/1014."""
    tunnel = undeleted_tunnel(call, body["tunnel_id"])
    check_room(call, "route")
    route: Object = {
        "id": call.state.uuid(),
        "tun_type": tunnel["tun_type"],
        "network": str(parsed_range(body["network"])),
        "tunnel_id": tunnel["id"],
        "comment": body["comment"],
        "virtual_network_id": network_id(call, body.get("virtual_network_id")),
        "created_at": call.state.instant(),
        "deleted_at": None,
    }
    return _stored(call, route)


def changed(call: Call, old: Object, body: Object) -> Object:
    """Change a route by a validated body; raises as `created` does."""
    route = {**old, **body}
    if "network" in body:
        route["network"] = str(parsed_range(body["network"]))
    undeleted_tunnel(call, route["tunnel_id"])
    network_id(call, route["virtual_network_id"])
    return _stored(call, route)


def ended(call: Call, route: Object) -> Object:
    """Delete a route softly, by setting `deleted_at`."""
    deleted = {**route, "deleted_at": call.state.instant()}
    call.store.put("route", deleted["id"], deleted)
    return deleted


def _stored(call: Call, route: Object) -> Object:
    others = call.store.find("route", "undeleted", _place(route))
    if any(one["id"] != route["id"] for one in others):
        raise ApiError(*TAKEN)
    call.store.put("route", route["id"], route)
    return route


def _place(route: Object) -> tuple[str, str]:
    return route["network"], route["virtual_network_id"]


def _if_undeleted(one: Object, value: Hashable) -> tuple[Hashable, ...]:
    return () if one["deleted_at"] else (value,)


def _detailed(store: Store, route: Object) -> Object:
    tunnel = store.get("tunnel", route["tunnel_id"]) or {}
    network = store.get("virtual_network", route["virtual_network_id"]) or {}
    return {
        **route,
        "tunnel_name": tunnel.get("name"),
        "tun_type": tunnel.get("tun_type"),
        "virtual_network_name": network.get("name"),
    }


def _list(call: Call) -> Reply:
    routes = cached(call, "route", lambda: listed(call))
    return paged(call, routes, SIZES, "route", lambda one: _detailed(call.store, one))


def _create(call: Call) -> Reply:
    return Reply(created(call, call.fields(NEW)), kind="route")


def _get(call: Call) -> Reply:
    return Reply(found(call, "route", "route_id", UNKNOWN), kind="route")


def _change(call: Call) -> Reply:
    return Reply(changed(call, _undeleted(call), call.merged(CHANGE, call.body())), kind="route")


def _delete(call: Call) -> Reply:
    return Reply(ended(call, _undeleted(call)), kind="route")


def _best(call: Call) -> Reply:
    wanted = _address(call.params["ip"])
    network = network_id(call, call.query("virtual_network_id"))
    for length in range(wanted.max_prefixlen, -1, -1):
        outer = ipaddress.ip_network(f"{wanted}/{length}", strict=False)
        for route in call.store.find("route", "undeleted", (str(outer), network)):
            return Reply(_detailed(call.store, route), kind="route")
    return Reply(None)


def _address(value: Any) -> Address:
    try:
        return address(value)
    except ValueError as error:
        raise _bad("the path must name an IP address") from error


def _undeleted(call: Call) -> Object:
    route = found(call, "route", "route_id", UNKNOWN)
    if route["deleted_at"] is not None:
        raise ApiError(*UNKNOWN)
    return route


FAMILY = Family(
    (
        Route("GET", PATH, _list, NETWORKS, (*PAGING, *FILTERS)),
        Route("POST", PATH, _create, NETWORKS, write=True),
        Route("GET", PATH + "/ip/{ip}", _best, NETWORKS, ("virtual_network_id",)),
        Route("GET", ONE, _get, NETWORKS),
        Route("PATCH", ONE, _change, NETWORKS, write=True),
        Route("DELETE", ONE, _delete, NETWORKS, write=True),
    ),
    (
        Index("route", "undeleted", lambda one: _if_undeleted(one, _place(one))),
        Index("route", "network", lambda one: (one["network"],)),
        Index("route", "tunnel", lambda one: _if_undeleted(one, one["tunnel_id"])),
        Index(
            "route", "virtual_network", lambda one: _if_undeleted(one, one["virtual_network_id"])
        ),
    ),
)
