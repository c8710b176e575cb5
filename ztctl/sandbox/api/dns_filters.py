"""Filters and sort orders of the DNS record list.

Source: Cloudflare OpenAPI description, July 2026. `match` combines the filters by all (default)
or any; `tag_match` does so for the filters by tag; `search` is independent of `match`. Comparison
ignores case. Unrecorded: which fields `search` covers.
Not emulated: `include_shadow_metadata`, `shadowed_by_name`, `shadowing_name`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ztctl.sandbox.api.lifetimes import moment
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object

Test = Callable[[Object], bool]

TESTS: dict[str, Callable[[str, str], bool]] = {
    "": lambda text, wanted: text == wanted,
    ".exact": lambda text, wanted: text == wanted,
    ".contains": lambda text, wanted: wanted in text,
    ".startswith": lambda text, wanted: text.startswith(wanted),
    ".endswith": lambda text, wanted: text.endswith(wanted),
}
TEXTS = ("name", "content", "comment")
PRESENCE = (".present", ".absent")
ORDERS = ("type", "name", "content", "ttl", "proxied")
WORDS = {"match": ("all", "any"), "tag_match": ("all", "any"), "direction": ("asc", "desc")}
FILTERS = (
    "type",
    "proxied",
    "search",
    "order",
    *WORDS,
    *(member + test for member in (*TEXTS, "tag") for test in TESTS),
    *(member + test for member in ("comment", "tag") for test in PRESENCE),
)


def by_type(record: Object) -> tuple[str, str, float]:
    """Sort key of a list without `order`: the newest of one name comes first (recorded)."""
    made = record.get("created_on")
    return record["type"], record["name"], -moment(made).timestamp() if made else 0.0


def listed(call: Call, zone: Object) -> Sequence[Object]:
    """The records of a zone that match the query, sorted."""
    join = any if _lower_query(call, "match") == "any" else all
    records, tests = _candidates(call, zone), _tests(call)
    if tests:
        records = [one for one in records if join(test(one) for test in tests)]
    if (search := call.query("search")) is not None:
        records = [one for one in records if _found(one, search.lower())]
    return _ordered(call, records)


def _lower_query(call: Call, name: str) -> str:
    value = call.query(name) or WORDS[name][0]
    if value not in WORDS[name]:
        raise bad_request(f"{name} must be {' or '.join(WORDS[name])}")
    return value


def _candidates(call: Call, zone: Object) -> Sequence[Object]:
    name = call.query("name") or call.query("name.exact")
    if name is None or call.query("match") == "any":
        return call.store.find("dns_record", "zone", zone["id"])
    return call.store.find("dns_record", "name", (zone["id"], name.lower()))


def _tests(call: Call) -> list[Test]:
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
    if call.query("comment.present") is not None:
        tests.append(lambda record: record["comment"] is not None)
    if call.query("comment.absent") is not None:
        tests.append(lambda record: record["comment"] is None)
    return [*tests, *_tag_test(call)]


def _text_test(member: str, test: Callable[[str, str], bool], wanted: str) -> Test:
    return lambda record: test(_text(record, member), wanted)


def _text(record: Object, member: str) -> str:
    return (record[member] or "").lower()


def _found(record: Object, search: str) -> bool:
    return any(search in _text(record, member) for member in TEXTS)


def _tag_test(call: Call) -> list[Test]:
    """One test that combines all filters by tag; nothing if there are none."""
    tests = [
        _value_test(wanted.lower(), test)
        for suffix, test in TESTS.items()
        for wanted in call.queries("tag" + suffix)
    ]
    tests += [_name_test(wanted.lower(), True) for wanted in call.queries("tag.present")]
    tests += [_name_test(wanted.lower(), False) for wanted in call.queries("tag.absent")]
    join = any if _lower_query(call, "tag_match") == "any" else all
    return [lambda record: join(test(record) for test in tests)] if tests else []


def _value_test(wanted: str, test: Callable[[str, str], bool]) -> Test:
    name, _, value = wanted.partition(":")
    return lambda record: any(one == name and test(actual, value) for one, actual in _tags(record))


def _name_test(name: str, present: bool) -> Test:
    return lambda record: any(one == name for one, _ in _tags(record)) is present


def _tags(record: Object) -> list[tuple[str, str]]:
    parts = (tag.lower().partition(":") for tag in record["tags"])
    return [(name, value) for name, _, value in parts]


def _ordered(call: Call, records: Sequence[Object]) -> Sequence[Object]:
    order, direction = call.query("order") or "type", _lower_query(call, "direction")
    if order not in ORDERS:
        raise bad_request("order is not known")
    if isinstance(records, list) or (order, direction) != ("type", "asc"):
        falling = direction == "desc"
        if order == "type":
            return sorted(records, key=by_type, reverse=falling)
        return sorted(records, key=lambda one: (one[order], one["name"]), reverse=falling)
    return records
