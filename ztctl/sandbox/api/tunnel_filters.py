"""Filters of the tunnel list.

Source: Cloudflare OpenAPI description, July 2026; cloudflared's API client: without `is_deleted`
deleted tunnels are listed, too. Unrecorded: the exact meaning of `was_active_at` and
`was_inactive_at`; only the latest period with connections is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from ztctl.sandbox.api.lifetimes import (
    LIFETIME_FILTERS,
    asked_moment,
    existed,
    lifetime_tests,
    moment,
)
from ztctl.sandbox.call import Call
from ztctl.sandbox.messages import Object

FILTERS = (
    "name",
    "uuid",
    *LIFETIME_FILTERS,
    "was_active_at",
    "was_inactive_at",
    "include_prefix",
    "exclude_prefix",
    "status",
)


Test = Callable[[Object, str], bool]


def listed(call: Call, status_of: Callable[[Object], str]) -> Sequence[Object]:
    """The tunnels that match all filters of the query."""
    tests = list(_tests(call))
    if not tests:
        return _candidates(call)
    return [
        tunnel
        for tunnel in _candidates(call)
        if all(test(tunnel, status_of(tunnel)) for test in tests)
    ]


def _candidates(call: Call) -> Sequence[Object]:
    name, key = call.query("name"), call.query("uuid")
    if key is not None:
        tunnel = call.store.get("tunnel", key)
        return [] if tunnel is None else [tunnel]
    return call.store.all("tunnel") if name is None else call.store.find("tunnel", "name", name)


def _tests(call: Call) -> Iterator[Test]:
    if (name := call.query("name")) is not None:
        yield lambda tunnel, _: bool(tunnel["name"] == name)
    lived = list(lifetime_tests(call))
    if lived:
        yield lambda tunnel, _: all(test(tunnel) for test in lived)
    if (wanted := call.query("status")) is not None:
        yield lambda _, status: status == wanted
    if prefix := call.query("include_prefix"):
        yield lambda tunnel, _: tunnel["name"].startswith(prefix)
    if other := call.query("exclude_prefix"):
        yield lambda tunnel, _: not tunnel["name"].startswith(other)
    if (up := asked_moment(call, "was_active_at")) is not None:
        yield lambda tunnel, _: _was_active(tunnel, up)
    if (down := asked_moment(call, "was_inactive_at")) is not None:
        yield lambda tunnel, _: existed(tunnel, down) and not _was_active(tunnel, down)


def _was_active(tunnel: Object, instant: datetime) -> bool:
    began, ended = tunnel["conns_active_at"], tunnel["conns_inactive_at"]
    if began is None or instant < moment(began):
        return False
    return ended is None or instant < moment(ended)
