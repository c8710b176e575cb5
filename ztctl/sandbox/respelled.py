"""Equivalent representations of values, for awkward mode."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ztctl.sandbox.messages import Object

TIMES = frozenset(
    {
        "activated_on",
        "comment_modified_on",
        "conns_active_at",
        "conns_inactive_at",
        "created_at",
        "created_on",
        "deleted_at",
        "expires_at",
        "last_seen_at",
        "modified_at",
        "modified_on",
        "opened_at",
        "previous_client_secret_expires_at",
        "run_at",
        "tags_modified_on",
        "updated_at",
    }
)


def respelled_time(value: str) -> str:
    """A timestamp with 0, 3 or 6 fractional digits, chosen by its last digit of seconds."""
    seconds, _, digits = value.removesuffix("Z").partition(".")
    digits = digits.ljust(6, "0")[: 3 * (int(seconds[-1]) % 3)]
    return f"{seconds}.{digits}Z" if digits else seconds + "Z"


def with_times(value: Any) -> Any:
    """A JSON value with all nested timestamps in another precision."""
    if isinstance(value, list):
        return [with_times(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _time(name, with_times(member)) for name, member in value.items()}


ANY = object()


def without(one: Object, names: Collection[str], value: object = ANY) -> Object:
    """An object without those of these members that have that value; the default is any."""
    return {
        name: one[name]
        for name in one
        if name not in names or (value is not ANY and one[name] != value)
    }


def with_sets(one: Object, names: Collection[str]) -> Object:
    """An object with the lists of these members reversed, or null if empty."""
    lists = {name: one[name] for name in names if isinstance(one.get(name), list)}
    return {**one, **{name: value[::-1] or None for name, value in lists.items()}}


def _time(name: str, value: Any) -> Any:
    return respelled_time(value) if name in TIMES and isinstance(value, str) else value
