"""Filters of the route list.

Source: Cloudflare OpenAPI description, July 2026: `network_subset` selects routes within a range,
`network_superset` routes that contain it; `tun_types` are separated by commas; deleted routes are
listed, too, by default. Unrecorded: that `comment` filters exactly.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from ztctl.sandbox.api.addresses import Range
from ztctl.sandbox.api.lifetimes import LIFETIME_FILTERS, Test, lifetime_tests, same
from ztctl.sandbox.api.private_ranges import asked_range, contains
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object

SAME = {
    "route_id": "id",
    "tunnel_id": "tunnel_id",
    "comment": "comment",
    "virtual_network_id": "virtual_network_id",
}
FILTERS = (*LIFETIME_FILTERS, *SAME, "network_subset", "network_superset", "tun_types")
TYPES = ("cfd_tunnel", "warp_connector", "warp", "magic", "ip_sec", "gre", "cni")


def listed(call: Call) -> Sequence[Object]:
    """The routes that match all filters of the query."""
    tests = list(_tests(call))
    routes = _candidates(call)
    return [one for one in routes if all(test(one) for test in tests)] if tests else routes


def _candidates(call: Call) -> Sequence[Object]:
    if (key := call.query("route_id")) is not None:
        route = call.store.get("route", key)
        return [] if route is None else [route]
    if (inner := asked_range(call, "network_superset")) is not None:
        return _containing(call, inner)
    return call.store.all("route")


def _containing(call: Call, inner: Range) -> list[Object]:
    """The routes that contain a range: one index lookup per prefix length, no scan."""
    outer = (str(inner.supernet(new_prefix=length)) for length in range(inner.prefixlen + 1))
    routes = [route for one in outer for route in call.store.find("route", "network", one)]
    return sorted(routes, key=lambda route: str(route["created_at"]))


def _tests(call: Call) -> Iterator[Test]:
    yield from lifetime_tests(call)
    for name, member in SAME.items():
        if (wanted := call.query(name)) is not None:
            yield same(member, wanted)
    if (outer := asked_range(call, "network_subset")) is not None:
        yield lambda route: contains(outer, ipaddress.ip_network(route["network"]))
    if (inner := asked_range(call, "network_superset")) is not None:
        yield lambda route: contains(ipaddress.ip_network(route["network"]), inner)
    if (types := _types(call)) and "cfd_tunnel" not in types:
        yield lambda _: False


def _types(call: Call) -> set[str]:
    types = {one for value in call.queries("tun_types") for one in value.split(",")}
    if not types <= set(TYPES):
        raise bad_request(f"tun_types must be among {', '.join(TYPES)}")
    return types
