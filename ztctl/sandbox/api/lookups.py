"""Lookup of the object in a path, and caching of list queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal, no_object
from ztctl.sandbox.messages import Object
from ztctl.sandbox.paging import PAGING

# Query parameters that select a page of a list.
PAGE_PARAMETERS = (*PAGING, "cursor", "limit")


def found(call: Call, kind: str, parameter: str, missing: Refusal) -> Object:
    """The object of a kind with the id in a path parameter; raises `missing` as ApiError."""
    existing = call.store.get(kind, call.params[parameter])
    if existing is None or not call.store.is_own(kind, call.params[parameter]):
        raise ApiError(*missing)
    return existing


def zone_of(call: Call) -> Object:
    """The zone in the path; its existence has been checked by the dispatcher."""
    zone = call.store.get("zone", call.params["zone_id"])
    if zone is None:
        raise no_object(call.request.path)
    return zone


def plan_of(zone: Object) -> str:
    """The plan of a zone; an internal zone has none, and is offered to enterprises only."""
    return str((zone["plan"] or {"legacy_id": "enterprise"})["legacy_id"])


def cached(call: Call, kind: str, compute: Callable[[], Sequence[Object]]) -> Sequence[Object]:
    """The list for the current query, computed once for all of its pages.

    `compute` must depend on nothing but the query and the objects of that kind, as writes to
    other kinds do not invalidate the cache.
    """
    filters = tuple(pair for pair in call.request.query if pair[0] not in PAGE_PARAMETERS)
    return call.store.cached(kind, (call.request.path, filters), compute)
