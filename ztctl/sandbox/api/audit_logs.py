"""Audit logs, version 2 (`logs/audit`, with a cursor) and version 1 (`audit_logs`, with pages).

Source: official Python SDK and Cloudflare OpenAPI description, July 2026: `since` and `before` are
required in version 2 and may be dates or times; filters by a list of values, or by `not`; `limit`
by default 100, at most 1,000; newest first. Unrecorded: the spelling of a cursor, every code, that
`since` and `before` are inclusive, which permissions suffice ("Account Settings" here).
Not emulated: `product_category`, `history`, the export as CSV, filters by IP address (entries have
none, so nothing matches).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ztctl.sandbox.api.lookups import cached
from ztctl.sandbox.audit import KIND
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, bad_request
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, asked, paged
from ztctl.sandbox.permissions import ACCOUNT_SETTINGS
from ztctl.sandbox.routing import Family, Route

Test = Callable[[Object], bool]

SIZES = Sizes(100)
TIMES = ("since", "before")

# Filters of version 2, with the path of the member in an entry.
MEMBERS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "audit_log_id": ("id",),
    "account_name": ("account", "name"),
    "action_result": ("action", "result"),
    "action_type": ("action", "type"),
    "actor_context": ("actor", "context"),
    "actor_email": ("actor", "email"),
    "actor_id": ("actor", "id"),
    "actor_ip_address": ("actor", "ip_address"),
    "actor_token_id": ("actor", "token_id"),
    "actor_token_name": ("actor", "token_name"),
    "actor_type": ("actor", "type"),
    "raw_cf_ray_id": ("raw", "cf_ray_id"),
    "raw_method": ("raw", "method"),
    "raw_status_code": ("raw", "status_code"),
    "raw_uri": ("raw", "uri"),
    "resource_id": ("resource", "id"),
    "resource_product": ("resource", "product"),
    "resource_scope": ("resource", "scope"),
    "resource_type": ("resource", "type"),
    "zone_id": ("zone", "id"),
    "zone_name": ("zone", "name"),
}
# Filters of version 1, likewise.
OLD_MEMBERS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "action.type": ("action", "type"),
    "actor.email": ("actor", "email"),
    "actor.ip": ("actor", "ip_address"),
    "zone.name": ("zone", "name"),
}
SPELLINGS = ("", "[]", ".not", ".not[]")
FILTERS = tuple(member + spelling for member in MEMBERS for spelling in SPELLINGS)


def _list(call: Call) -> Reply:
    if any(call.query(name) is None for name in TIMES):
        raise bad_request("since and before are required")
    tests = [test for name in MEMBERS for test in _tests(call, name)]
    entries = cached(call, KIND, lambda: _matching(call, tests))
    limit, start = asked(call, "limit", SIZES), _start(call, len(entries))
    page = entries[start : start + limit]
    more = start + limit < len(entries)
    cursors: Object = {"after": str(start + limit)} if more else {}
    info: Object = {"count": len(page), "cursors": cursors}
    if more:
        info["cursor"] = cursors["after"]
    return Reply(page, kind=KIND, info=info)


def _list_old(call: Call) -> Reply:
    tests = [
        _equals(path, {value})
        for name, path in OLD_MEMBERS.items()
        if (value := call.query(name)) is not None
    ]
    return paged(call, cached(call, KIND, lambda: _matching(call, tests)), SIZES, KIND, _old)


def _matching(call: Call, tests: list[Test]) -> list[Object]:
    since, before = (_moment(call, name) for name in TIMES)
    entries = [
        entry
        for entry in call.store.all(KIND)
        if (since is None or since <= _time(entry))
        and (before is None or _time(entry) <= before)
        and all(test(entry) for test in tests)
    ]
    direction = call.query("direction") or "desc"
    if direction not in ("asc", "desc"):
        raise bad_request("direction must be asc or desc")
    return entries if direction == "asc" else entries[::-1]


def _tests(call: Call, name: str) -> list[Test]:
    wanted = _values(call, name, name + "[]")
    unwanted = _values(call, name + ".not", name + ".not[]")
    tests = [_equals(MEMBERS[name], wanted)] if wanted else []
    return [*tests, _differs(MEMBERS[name], unwanted)] if unwanted else tests


def _values(call: Call, *names: str) -> set[str]:
    return {value for name, value in call.request.query if name in names}


def _equals(path: tuple[str, ...], wanted: set[str]) -> Test:
    return lambda entry: _value_at(entry, path) in wanted


def _differs(path: tuple[str, ...], unwanted: set[str]) -> Test:
    return lambda entry: _value_at(entry, path) not in unwanted


def _value_at(entry: Object, path: tuple[str, ...]) -> str:
    value = entry
    for name in path[:-1]:
        value = value[name]
    return str(value.get(path[-1], ""))


def _time(entry: Object) -> datetime:
    return datetime.fromisoformat(entry["action"]["time"])


def _moment(call: Call, name: str) -> datetime | None:
    """A time of the query; a date alone is its start for `since`, its end for `before`."""
    value = call.query(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise bad_request(f"{name} must be a date or a time (RFC 3339)") from error
    if "T" not in value and name == "before":
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _start(call: Call, length: int) -> int:
    cursor = call.query("cursor") or "0"
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9 or int(cursor) > length:
        raise ApiError(400, 10001, "cursor is not valid")
    return int(cursor)


def _old(entry: Object) -> Object:
    return {
        "id": entry["id"],
        "action": {"result": True, "type": entry["action"]["type"]},
        "actor": {"id": entry["actor"]["id"], "type": "user"},
        "interface": "API",
        "metadata": {"token_id": entry["actor"].get("token_id", "")},
        "newValue": "",
        "oldValue": "",
        "owner": {"id": entry["account"]["id"]},
        "resource": {name: entry["resource"][name] for name in ("id", "type")},
        "when": entry["action"]["time"],
    }


FAMILY = Family(
    (
        Route(
            "GET",
            "/accounts/{account_id}/logs/audit",
            _list,
            ACCOUNT_SETTINGS,
            (*TIMES, "limit", "cursor", "direction", *FILTERS),
        ),
        Route(
            "GET",
            "/accounts/{account_id}/audit_logs",
            _list_old,
            ACCOUNT_SETTINGS,
            (*PAGING, *TIMES, "direction", "hide_user_logs", *OLD_MEMBERS),
        ),
    )
)
