"""Filters and sort orders of the Gateway rule list.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026: `order_by`, `direction`,
`search` in name and description, `filter` of the form `field:value`, repeated filters joined by
AND. Unrecorded: that an unknown field of a filter answers 400.
Not emulated: shared rules (`is_shared` is false for every rule).
"""

from __future__ import annotations

from collections.abc import Callable

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import bad_request
from ztctl.sandbox.messages import Object

FILTERS = ("order_by", "direction", "search", "filter")
ORDERS = ("name", "created_at", "updated_at", "precedence")
EXPRESSIONS = ("traffic", "identity", "device_posture")
LONGEST = 1024

Test = Callable[[Object, str], bool]

TESTS: dict[str, Test] = {
    "name": lambda rule, wanted: rule["name"] == wanted,
    "id": lambda rule, wanted: rule["id"] == wanted,
    "action": lambda rule, wanted: rule["action"] == wanted,
    "enabled": lambda rule, wanted: str(rule["enabled"]).lower() == wanted.lower(),
    "source_account": lambda rule, wanted: wanted in rule["source_account"],
    "is_shared": lambda _, wanted: wanted.lower() == "false",
    "filters": lambda rule, wanted: wanted in rule["filters"],
    "expression": lambda rule, wanted: _says(rule, EXPRESSIONS, wanted),
}


def listed(call: Call) -> list[Object]:
    """The rules that match the query, sorted; raises ApiError 400 for an invalid query."""
    tests, search = _tests(call), call.query("search") or ""
    rules = [
        rule
        for rule in call.store.find("gateway_rule", "all", None)
        if _says(rule, ("name", "description"), search)
        and all(test(rule, wanted) for test, wanted in tests)
    ]
    order, direction = call.query("order_by") or "precedence", call.query("direction") or "asc"
    if order not in ORDERS or direction not in ("asc", "desc"):
        raise bad_request("order_by or direction is not known")
    return sorted(rules, key=lambda rule: rule[order], reverse=direction == "desc")


def _tests(call: Call) -> list[tuple[Test, str]]:
    return [_test(value) for name, value in call.request.query if name == "filter"]


def _test(value: str) -> tuple[Test, str]:
    name, colon, wanted = value.partition(":")
    if not colon or name not in TESTS or len(wanted) > LONGEST:
        raise bad_request("filter must be a known field, a colon and a value")
    return TESTS[name], wanted


def _says(rule: Object, members: tuple[str, ...], wanted: str) -> bool:
    return any(wanted.lower() in rule[member].lower() for member in members)
