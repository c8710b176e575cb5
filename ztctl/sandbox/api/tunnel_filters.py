"""The filters of the tunnel list.

Source: Cloudflare OpenAPI description, July 2026; cloudflared's API client: without `is_deleted`
both living and deleted tunnels are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ztctl.sandbox.call import Call
from ztctl.sandbox.messages import Object

FILTERS = (
    "name",
    "uuid",
    "is_deleted",
    "existed_at",
    "include_prefix",
    "exclude_prefix",
    "status",
)


Test = Callable[[Object, str], bool]


def listed(call: Call, status_of: Callable[[Object], str]) -> list[Object]:
    """The tunnels that pass every filter of the query."""
    tests = list(_tests(call))
    return [
        tunnel
        for tunnel in _candidates(call)
        if all(test(tunnel, status_of(tunnel)) for test in tests)
    ]


def _candidates(call: Call) -> list[Object]:
    name, key = call.query("name"), call.query("uuid")
    if key is not None:
        tunnel = call.store.get("tunnel", key)
        return [] if tunnel is None else [tunnel]
    return call.store.all("tunnel") if name is None else call.store.find("tunnel", "name", name)


def _tests(call: Call) -> Iterator[Test]:
    if (name := call.query("name")) is not None:
        yield lambda tunnel, _: bool(tunnel["name"] == name)
    if (gone := call.switch("is_deleted")) is not None:
        yield lambda tunnel, _: (tunnel["deleted_at"] is not None) == gone
    if (wanted := call.query("status")) is not None:
        yield lambda _, status: status == wanted
    if prefix := call.query("include_prefix"):
        yield lambda tunnel, _: tunnel["name"].startswith(prefix)
    if other := call.query("exclude_prefix"):
        yield lambda tunnel, _: not tunnel["name"].startswith(other)
    if (instant := call.query("existed_at")) is not None:
        yield lambda tunnel, _: _existed(tunnel, instant)


def _existed(tunnel: Object, instant: str) -> bool:
    # Both sides are RFC 3339 in UTC: their first 19 characters compare as times.
    born, gone = tunnel["created_at"][:19], (tunnel["deleted_at"] or "9")[:19]
    return bool(born <= instant[:19] < gone)
