"""Zones, read only.

Source: Cloudflare OpenAPI description, July 2026 (fields, filters, `per_page` 5 to 50).
Not emulated: creating and changing zones, filter operators inside `name`, name servers that answer.
"""

from __future__ import annotations

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import ZONE
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

SIZES = Sizes(20, 5, 50)
ORDERS = ("name", "status", "account.id", "account.name", "plan.id")
FILTERS = ("name", "status", "account.id", "account.name", "match", "order", "direction")


def _list(call: Call) -> Reply:
    zones = [zone for zone in _candidates(call) if _matches(call, zone)]
    order = call.query("order")
    if order is not None and order not in ORDERS:
        raise bad_request("order is not known")
    if order is not None:
        falling = call.query("direction") == "desc"
        zones.sort(key=lambda zone: _member(zone, order), reverse=falling)
    return paged(call, zones, SIZES, "zone", dict)


def _get(call: Call) -> Reply:
    return Reply(call.store.get("zone", call.params["zone_id"]), kind="zone")


def _candidates(call: Call) -> list[Object]:
    name = call.query("name")
    if name is None or call.query("match") == "any":
        return call.store.all("zone")
    return call.store.find("zone", "name", name.lower())


def _matches(call: Call, zone: Object) -> bool:
    asked = {path: call.query(path) for path in ("name", "status", "account.id", "account.name")}
    tests = [
        _member(zone, path).lower() == wanted.lower()
        for path, wanted in asked.items()
        if wanted is not None
    ]
    return any(tests) or not tests if call.query("match") == "any" else all(tests)


def _member(zone: Object, path: str) -> str:
    value = zone
    for name in path.split("."):
        value = value[name]
    return str(value)


FAMILY = Family(
    (
        Route("GET", "/zones", _list, ZONE, (*PAGING, *FILTERS)),
        Route("GET", "/zones/{zone_id}", _get, ZONE),
    ),
    (Index("zone", "name", lambda zone: (zone["name"],)),),
)
