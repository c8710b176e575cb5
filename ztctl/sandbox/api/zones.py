"""Zones, read only.

Source: Cloudflare OpenAPI description, July 2026 (fields, filters, `per_page` from 5); the form of
an operator, `name=contains:example`, is recorded by users. Recorded: 100 a page, although 50 are
documented; `permissions` are what the token may do; internal zones without a plan. Unrecorded: that
names given without an operator ignore case.
Not emulated: creating and changing zones, name servers that answer; types other than full, which
lie in an account that was imported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ztctl.sandbox.api.lookups import cached, zone_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import DNS, ZONE, allows, within
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index
from ztctl.sandbox.tokens import holder_of

SIZES = Sizes(20, 5, 100)
ORDERS = ("name", "status", "account.id", "account.name", "plan.id")
DIRECTIONS = ("asc", "desc")
EXACT = ("status", "account.id")
TEXTS = ("name", "account.name")
FILTERS = (*TEXTS, *EXACT, "type", "match", "order", "direction")

OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "equal": lambda text, wanted: text.lower() == wanted.lower(),
    "not_equal": lambda text, wanted: text.lower() != wanted.lower(),
    "starts_with": lambda text, wanted: text.lower().startswith(wanted.lower()),
    "ends_with": lambda text, wanted: text.lower().endswith(wanted.lower()),
    "contains": lambda text, wanted: wanted.lower() in text.lower(),
    "starts_with_case_sensitive": str.startswith,
    "ends_with_case_sensitive": str.endswith,
    "contains_case_sensitive": lambda text, wanted: wanted in text,
}


def _list(call: Call) -> Reply:
    held = holder_of(call.store, call.request).permissions
    listed: Sequence[Object] = cached(call, "zone", lambda: _listed(call))
    if held is not None:
        listed = [one for one in listed if allows(within(held, one["name"]), ZONE, write=False)]
    return paged(call, listed, SIZES, "zone", _shown(call))


def _listed(call: Call) -> Sequence[Object]:
    zones = [zone for zone in _candidates(call) if _matches(call, zone)]
    order, direction = call.query("order"), call.query("direction") or "asc"
    if order not in (None, *ORDERS) or direction not in DIRECTIONS:
        raise bad_request("order or direction is not known")
    if order is not None:
        zones.sort(key=lambda zone: _member(zone, order), reverse=direction == "desc")
    return zones


def _get(call: Call) -> Reply:
    return Reply(_shown(call)(zone_of(call)), kind="zone")


def _shown(call: Call) -> Callable[[Object], Object]:
    """How zones are shown to the token of the call; an imported one may tell of its own."""
    held = holder_of(call.store, call.request).permissions

    def shown(zone: Object) -> Object:
        here = None if held is None else within(held, zone["name"])
        permissions = [
            f"#{name}:{word}"
            for name, groups in (("dns_records", DNS), ("zone", ZONE))
            for word, write in (("edit", True), ("read", False))
            if (name, word) != ("zone", "edit")
            if here is None or allows(here, groups, write=write)
        ]
        return {"permissions": permissions, **zone}

    return shown


def _candidates(call: Call) -> Sequence[Object]:
    name = call.query("name")
    if name is None or ":" in name or call.query("match") == "any":
        return call.store.all("zone")
    return call.store.find("zone", "name", name.lower())


def _matches(call: Call, zone: Object) -> bool:
    tests = [
        _test(path, wanted)(_member(zone, path))
        for path in (*TEXTS, *EXACT, "type")
        if (wanted := call.query(path)) is not None
    ]
    return any(tests) or not tests if call.query("match") == "any" else all(tests)


def _test(path: str, wanted: str) -> Callable[[str], bool]:
    name, _, value = wanted.partition(":")
    if path in TEXTS and name in OPERATORS:
        return lambda text: OPERATORS[name](text, value)
    if path == "type":
        return lambda text: text in wanted.split(",")
    return lambda text: text.lower() == wanted.lower()


def _member(zone: Object, path: str) -> str:
    value = zone
    for name in path.split("."):
        value = (value or {}).get(name, "")
    return str(value)


FAMILY = Family(
    (
        Route("GET", "/zones", _list, ZONE, (*PAGING, *FILTERS)),
        Route("GET", "/zones/{zone_id}", _get, ZONE),
    ),
    (Index("zone", "name", lambda zone: (zone["name"],)),),
)
