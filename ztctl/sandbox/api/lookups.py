"""Finding the object that a path names."""

from __future__ import annotations

from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.messages import Object


def found(call: Call, kind: str, parameter: str, missing: Refusal) -> Object:
    """The object of that kind that a path parameter names; raises `missing` otherwise."""
    existing = call.store.get(kind, call.params[parameter])
    if existing is None:
        raise ApiError(*missing)
    return existing
