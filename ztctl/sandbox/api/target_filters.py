"""Filters and sort order of the target list.

Source: Cloudflare OpenAPI description, July 2026: `ips`, `target_ids` and `tag` may be repeated,
the first two joined by OR, tags by AND; `ip_like` accepts `*`; an address range needs both ends;
times are inclusive. Unrecorded: that case is ignored in host names, that `order` accepts
`tag:<key>`, the position of a target without that tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ztctl.sandbox.api.addresses import Address, address
from ztctl.sandbox.api.lifetimes import Test, asked_moment, moment
from ztctl.sandbox.api.target_fields import FORMS, addresses
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object

TIMES = {"created": "created_at", "modified": "modified_at"}
FILTERS = (
    *("hostname", "hostname_contains", "virtual_network_id", "ip_v4", "ip_v6", "ips"),
    *("target_ids", "ip_like", "ipv4_start", "ipv4_end", "ipv6_start", "ipv6_end"),
    *("created_before", "created_after", "modified_before", "modified_after"),
    *("tag", "order", "direction"),
)


def listed(call: Call) -> Sequence[Object]:
    """The targets that match all filters of the query, sorted."""
    tests = list(_tests(call))
    targets = _candidates(call)
    if tests:
        targets = [one for one in targets if all(test(one) for test in tests)]
    order, falling = call.query("order"), _falling(call)
    return sorted(targets, key=_sorting(order), reverse=falling) if order else targets


def _candidates(call: Call) -> Sequence[Object]:
    if keys := call.queries("target_ids"):
        found = [call.store.get("target", key) for key in dict.fromkeys(keys)]
        return [target for target in found if target is not None]
    if (name := call.query("hostname")) is not None:
        return call.store.find("target", "hostname", name.lower())
    return call.store.all("target")


def _tests(call: Call) -> Iterator[Test]:
    if (name := call.query("hostname")) is not None:
        yield lambda target: target["hostname"].lower() == name.lower()
    if (part := call.query("hostname_contains")) is not None:
        yield lambda target: part.lower() in target["hostname"].lower()
    if (network := call.query("virtual_network_id")) is not None:
        yield lambda target: any(
            one["virtual_network_id"] == network for one in target["ip"].values() if one
        )
    yield from _address_tests(call)
    yield from _time_tests(call)
    for tag in call.queries("tag"):
        yield _tagged(tag)


def _address_tests(call: Call) -> Iterator[Test]:
    for form in FORMS:
        if (wanted := call.query(f"ip_{form.removeprefix('ip')}")) is not None:
            yield _at({str(_read(form, wanted))})
    if some := call.queries("ips"):
        yield _at({str(_any(one)) for one in some})
    if (like := call.query("ip_like")) is not None:
        pattern = re.compile(".*".join(map(re.escape, like.lower().split("*"))))
        yield lambda target: any(map(pattern.fullmatch, addresses(target)))
    for form in FORMS:
        low, high = call.query(f"{form}_start"), call.query(f"{form}_end")
        if (low is None) != (high is None):
            raise bad_request(f"{form}_start and {form}_end belong together")
        if low is not None and high is not None:
            yield _between(form, _read(form, low), _read(form, high))


def _time_tests(call: Call) -> Iterator[Test]:
    for name, member in TIMES.items():
        low, high = asked_moment(call, f"{name}_after"), asked_moment(call, f"{name}_before")
        if low is not None:
            yield _compared(member, low.__le__)
        if high is not None:
            yield _compared(member, high.__ge__)


def _compared(member: str, test: Callable[[Any], bool]) -> Test:
    return lambda target: test(moment(target[member]))


def _at(wanted: set[str]) -> Test:
    return lambda target: not wanted.isdisjoint(addresses(target))


def _between(form: str, low: Address, high: Address) -> Test:
    ends = int(low), int(high)

    def test(target: Object) -> bool:
        one = target["ip"].get(form)
        return one is not None and ends[0] <= int(_any(one["ip_addr"])) <= ends[1]

    return test


def _tagged(tag: str) -> Test:
    key, _, value = tag.partition(":")
    if not key or not value:
        raise bad_request("tag must be key:value")
    return lambda target: bool(target["tags"].get(key) == value)


def _read(form: str, text: str) -> Address:
    try:
        return address(str(FORMS[form](text)))
    except ValueError as error:
        raise bad_request(f"{text[:60]} is not an {form} address") from error


def _any(text: str) -> Address:
    try:
        return address(text)
    except ValueError as error:
        raise bad_request(f"{text[:60]} is not an IP address") from error


def _falling(call: Call) -> bool:
    direction = call.query("direction") or "asc"
    if direction not in ("asc", "desc"):
        raise bad_request("direction must be asc or desc")
    return direction == "desc"


def _sorting(order: str) -> Callable[[Object], str]:
    if order == "hostname":
        return lambda target: str(target["hostname"]).lower()
    if order == "created_at":
        return lambda target: str(target["created_at"])
    prefix, _, key = order.partition(":")
    if prefix != "tag" or not key:
        raise bad_request("order must be hostname, created_at or tag:<key>")
    return lambda target: str(target["tags"].get(key, ""))
