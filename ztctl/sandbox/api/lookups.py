"""Finding the object that a path names, and those that a query asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal, no_route
from ztctl.sandbox.messages import Object
from ztctl.sandbox.paging import PAGING

# The query parameters that pick a part of one answer.
SEAMS = (*PAGING, "cursor", "limit")


def found(call: Call, kind: str, parameter: str, missing: Refusal) -> Object:
    """The object of that kind that a path parameter names; raises `missing` otherwise."""
    existing = call.store.get(kind, call.params[parameter])
    if existing is None:
        raise ApiError(*missing)
    return existing


def zone_of(call: Call) -> Object:
    """The zone that the path names; it exists, or the request would not have come this far."""
    zone = call.store.get("zone", call.params["zone_id"])
    if zone is None:
        raise no_route(call.request.path)
    return zone


def once(call: Call, kind: str, answer: Callable[[], Sequence[Object]]) -> Sequence[Object]:
    """What a list of this kind answers to the query: worked out once for all of its pages.

    `answer` must look at nothing but the query and the objects of that kind.
    """
    asked = tuple(pair for pair in call.request.query if pair[0] not in SEAMS)
    return call.store.cached(kind, (call.request.path, asked), answer)
