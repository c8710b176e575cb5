"""The filters and orders of the record list.

Source: Cloudflare OpenAPI description, July 2026. `match` joins the filters by all (default) or
any. Comparison ignores case.
Not emulated: `tag` filters, `tag_match`.
"""

from __future__ import annotations

from collections.abc import Callable

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object

TESTS: dict[str, Callable[[str, str], bool]] = {
    "": lambda text, wanted: text == wanted,
    ".exact": lambda text, wanted: text == wanted,
    ".contains": lambda text, wanted: wanted in text,
    ".startswith": lambda text, wanted: text.startswith(wanted),
    ".endswith": lambda text, wanted: text.endswith(wanted),
}
TEXTS = ("name", "content", "comment")
ORDERS = ("type", "name", "content", "ttl", "proxied")
FILTERS = (
    "type",
    "proxied",
    "search",
    "match",
    "order",
    "direction",
    "comment.present",
    "comment.absent",
    *(member + test for member in TEXTS for test in TESTS),
)


def listed(call: Call, zone: Object) -> list[Object]:
    """The records of a zone that the query asks for, in the order it asks for."""
    tests = _tests(call)
    join = any if call.query("match") == "any" and tests else all
    records = [one for one in _candidates(call, zone) if join(test(one) for test in tests)]
    return _ordered(call, records)


def _candidates(call: Call, zone: Object) -> list[Object]:
    name = call.query("name") or call.query("name.exact")
    if name is None or call.query("match") == "any":
        return call.store.find("dns_record", "zone", zone["id"])
    return call.store.find("dns_record", "name", (zone["id"], name.lower()))


def _tests(call: Call) -> list[Callable[[Object], bool]]:
    tests = [
        _text_test(member, test, wanted.lower())
        for member in TEXTS
        for suffix, test in TESTS.items()
        if (wanted := call.query(member + suffix)) is not None
    ]
    if (kind := call.query("type")) is not None:
        tests.append(lambda record: record["type"] == kind.upper())
    if (proxied := call.switch("proxied")) is not None:
        tests.append(lambda record: record["proxied"] is proxied)
    if (search := call.query("search")) is not None:
        tests.append(lambda record: any(search.lower() in _text(record, m) for m in TEXTS))
    if call.query("comment.present") is not None:
        tests.append(lambda record: record["comment"] is not None)
    if call.query("comment.absent") is not None:
        tests.append(lambda record: record["comment"] is None)
    return tests


def _text_test(
    member: str, test: Callable[[str, str], bool], wanted: str
) -> Callable[[Object], bool]:
    return lambda record: test(_text(record, member), wanted)


def _text(record: Object, member: str) -> str:
    return (record[member] or "").lower()


def _ordered(call: Call, records: list[Object]) -> list[Object]:
    order = call.query("order") or "type"
    if order not in ORDERS:
        raise bad_request("order is not known")
    falling = call.query("direction") == "desc"
    return sorted(records, key=lambda record: (record[order], record["name"]), reverse=falling)
