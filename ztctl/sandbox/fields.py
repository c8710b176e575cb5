"""Validation of request bodies by tables of fields.

Unknown fields are ignored, as the API does, and reported by `Shape.unknown`, so that a test can
assert that a client sends none. Null counts as not sent. Read-only fields are unknown to writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.ids import is_uuid
from ztctl.sandbox.messages import Object

Check = Callable[[Any], Any]

# Go's time.ParseDuration, without sign (Cloudflare OpenAPI description, July 2026).
DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+|0")


class FieldError(Exception):
    """A field has an invalid value. The message is the end of a sentence: "<field> …"."""


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a body. `default` is the value if it was not sent; None: it is left out."""

    name: str
    check: Check
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Shape:
    """The fields of a kind of body. `refuse` makes the error for an invalid one."""

    refuse: Callable[[str], ApiError]
    fields: tuple[Field, ...]
    _names: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compute the names once, as every request looks them up."""
        object.__setattr__(self, "_names", frozenset(one.name for one in self.fields))

    def unknown(self, body: Object) -> Iterator[str]:
        """The names in a body that are no fields of this shape."""
        return (name for name in body if name not in self._names)

    def full(self, body: Object) -> Object:
        """The validated fields of a body, with defaults; raises what `refuse` makes."""
        read = {one.name: self._value(one, body) for one in self.fields}
        return {name: value for name, value in read.items() if value is not None}

    def sent(self, body: Object) -> Object:
        """The validated fields of a body without defaults, for PATCH; raises as `full` does."""
        return {
            one.name: self._value(one, body)
            for one in self.fields
            if body.get(one.name) is not None
        }

    def _value(self, one: Field, body: Object) -> Any:
        value = body.get(one.name)
        if value is None:
            if one.required:
                raise self.refuse(f"{one.name} is required")
            return one.default
        try:
            return one.check(value)
        except FieldError as bad:
            raise self.refuse(f"{one.name} {bad}") from bad


def text(longest: int | None = None, *, empty: bool = True) -> Check:
    """A string of at most `longest` characters; `empty` allows an empty one."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise FieldError("must be a string")
        if longest is not None and len(value) > longest:
            raise FieldError(f"must be a maximum of {longest} characters in length")
        if not value and not empty:
            raise FieldError("must not be empty")
        return value

    return check


def true_or_nothing(value: Any) -> bool | None:
    """A boolean of which the service stores only true."""
    return flag(value) or None


def flag(value: Any) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise FieldError("must be a boolean")
    return value


def integer(low: int, high: int) -> Check:
    """A whole number within bounds, both included."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise FieldError(f"must be a whole number from {low} to {high}")
        return value

    return check


def number(value: Any) -> float:
    """A number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise FieldError("must be a number of 0 or more")
    return value


def duration(value: Any) -> str:
    """A duration in Go's spelling, kept as sent."""
    if not isinstance(value, str) or DURATION.fullmatch(value) is None:
        raise FieldError("must be a duration such as 24h or 1h30m")
    return value


def uuid(value: Any) -> str:
    """A lower-case hyphenated UUID."""
    if not isinstance(value, str) or not is_uuid(value):
        raise FieldError("must be a UUID")
    return value


def choice(values: Collection[str]) -> Check:
    """One of some strings."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in values:
            raise FieldError(f"must be one of {', '.join(sorted(values))}")
        return value

    return check


def listing(each: Check, *, longest: int | None = None) -> Check:
    """An array of at most `longest` elements that each pass a check."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise FieldError("must be an array")
        if longest is not None and len(value) > longest:
            raise FieldError(f"must have at most {longest} elements")
        return [each(element) for element in value]

    return check


def mapping(members: dict[str, Check]) -> Check:
    """The members of an object that are described, each checked; null ones are left out."""

    def check(value: Any) -> Object:
        if not isinstance(value, dict):
            raise FieldError("must be an object")
        given = {name: value[name] for name in value if value[name] is not None}
        return {name: members[name](given[name]) for name in given if name in members}

    return check


def anything(value: Any) -> Any:
    """Any JSON value, for fields that are checked elsewhere."""
    return value
