"""Routes addressed by their range: deprecated endpoints.

Source: Cloudflare OpenAPI description, July 2026: POST, PATCH and DELETE below `routes/network`,
the range percent-encoded; the default virtual network applies if none is given. PATCH has
no documented body: the fields that are sent are merged.
Not emulated: `tun_type`, as every tunnel is of one type.
"""

from __future__ import annotations

from ztctl.sandbox.api.private_ranges import parsed_range
from ztctl.sandbox.api.routes import CHANGE, NEW, PATH, UNKNOWN, changed, created, ended
from ztctl.sandbox.api.virtual_networks import network_id
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import NETWORKS
from ztctl.sandbox.routing import Family, Route

ONE = PATH + "/network/{range}"


def _create(call: Call) -> Reply:
    body = call.read(NEW, {**call.body(), "network": call.params["range"]})
    return Reply(created(call, body), kind="route")


def _change(call: Call) -> Reply:
    body = call.merged(CHANGE, call.body() if call.request.body else {})
    route = _undeleted(call, body.get("virtual_network_id"))
    return Reply(changed(call, route, body), kind="route")


def _delete(call: Call) -> Reply:
    route = _undeleted(call, call.query("virtual_network_id"))
    if call.query("tunnel_id") not in (None, route["tunnel_id"]):
        raise ApiError(*UNKNOWN)
    return Reply(ended(call, route), kind="route")


def _undeleted(call: Call, network: str | None) -> Object:
    place = (str(parsed_range(call.params["range"])), network_id(call, network))
    routes = call.store.find("route", "undeleted", place)
    if not routes:
        raise ApiError(*UNKNOWN)
    return routes[0]


FAMILY = Family(
    (
        Route("POST", ONE, _create, NETWORKS, write=True),
        Route("PATCH", ONE, _change, NETWORKS, write=True),
        Route("DELETE", ONE, _delete, NETWORKS, ("virtual_network_id", "tunnel_id"), write=True),
    )
)
