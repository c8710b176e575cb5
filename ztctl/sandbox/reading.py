"""Validation of untrusted JSON documents; all problems are collected, each with its path.

A `Reader` takes a value, its path (`faults[0].times`) and the list of problems so far. It returns
the converted value, or `WRONG` after adding to the list.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

Reader = Callable[[Any, str, list[str]], Any]

DEEPEST = 64
SHOWN = 50
WRONG = object()


class Unreadable(ValueError):
    """An invalid document. `problems` has one line with a path each, at most 50 of them."""

    def __init__(self, problems: list[str]) -> None:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        self.problems = (*problems[:SHOWN], *more)
        super().__init__("; ".join(self.problems))


def parsed(text: str | bytes) -> Any:
    """Parse a JSON document; raises Unreadable if invalid or nested deeper than 64 levels."""
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique_members)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Unreadable([f"not JSON: {reason}"]) from error
    if too_deep(value):
        raise Unreadable([f"nested deeper than {DEEPEST} levels"])
    return value


def read(value: Any, reader: Reader) -> Any:
    """Apply a reader to a whole document; raises Unreadable with all problems."""
    problems: list[str] = []
    made = reader(value, "", problems)
    if problems:
        raise Unreadable(problems)
    return made


def flag(value: Any, where: str, problems: list[str]) -> Any:
    """True or false."""
    return value if isinstance(value, bool) else wrong(where, "must be true or false", problems)


def text(value: Any, where: str, problems: list[str]) -> Any:
    """A non-empty string without control characters."""
    if isinstance(value, str) and value and not re.search(r"[\x00-\x1f\x7f]", value):
        return value
    return wrong(where, "must be a text without control characters, and not empty", problems)


def whole(low: int, high: int = 2**31) -> Reader:
    """An integer within bounds, both included."""

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        return wrong(where, f"must be a whole number from {low} to {high}", problems)

    return reader


def number(low: float, high: float) -> Reader:
    """A finite number within bounds, both included, as a float."""

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if real and math.isfinite(value) and low <= value <= high:
            return float(value)
        return wrong(where, f"must be a number from {low:g} to {high:g}", problems)

    return reader


def one_of(*choices: str) -> Reader:
    """One of some strings."""

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        known = isinstance(value, str) and value in choices
        return value if known else wrong(where, f"must be one of {', '.join(choices)}", problems)

    return reader


def optional(inner: Reader) -> Reader:
    """Null, or a value of another reader."""

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        return None if value is None else inner(value, where, problems)

    return reader


def list_of(inner: Reader) -> Reader:
    """A list, converted to a tuple."""

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        if not isinstance(value, list):
            return wrong(where, "must be a list", problems)
        made = [inner(one, f"{where}[{at}]", problems) for at, one in enumerate(value)]
        return WRONG if WRONG in made else tuple(made)

    return reader


def map_of(inner: Reader) -> Reader:
    """An object with arbitrary member names, as a dict."""

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        if not isinstance(value, dict):
            return wrong(where, "must be an object", problems)
        made = {name: inner(one, _below(where, name), problems) for name, one in value.items()}
        return WRONG if WRONG in made.values() else made

    return reader


def record(
    build: Callable[..., Any], fields: Mapping[str, Reader], required: tuple[str, ...] = ()
) -> Reader:
    """An object with only these fields; the present ones are the keyword arguments of `build`.

    A ValueError raised by `build` becomes a problem at the object's path.
    """

    def reader(value: Any, where: str, problems: list[str]) -> Any:
        if not isinstance(value, dict):
            return wrong(where, "must be an object", problems)
        before = len(problems)
        _check_names(value, fields, required, where, problems)
        known = {name: one for name, one in value.items() if name in fields}
        made = {
            name: fields[name](one, _below(where, name), problems) for name, one in known.items()
        }
        return WRONG if len(problems) > before else _built(build, made, where, problems)

    return reader


def wrong(where: str, reason: str, problems: list[str]) -> Any:
    """Add a problem to the list and return WRONG."""
    problems.append(f"{where or 'the document'}: {reason}")
    return WRONG


def _built(build: Callable[..., Any], made: dict[str, Any], where: str, problems: list[str]) -> Any:
    try:
        return build(**made)
    except ValueError as error:
        return wrong(where, str(error), problems)


def _check_names(
    value: dict[str, Any],
    fields: Mapping[str, Reader],
    required: tuple[str, ...],
    where: str,
    problems: list[str],
) -> None:
    for name in value:
        if name not in fields:
            wrong(_below(where, name), f"unknown; known are {', '.join(fields)}", problems)
    for name in required:
        if name not in value:
            wrong(_below(where, name), "is missing", problems)


def _below(where: str, name: str) -> str:
    """The path of a member; an unusual name is shown as JSON."""
    plain = re.fullmatch(r"[A-Za-z0-9_*-]{1,64}", name)
    shown = name if plain else json.dumps(name[:64])
    return f"{where}.{shown}" if where else shown


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("an object names a member twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def too_deep(value: Any) -> bool:
    """Whether lists and objects are nested deeper than 64 levels."""
    # By levels and not recursively: the value may be nested deeper than Python can recurse.
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return False
    return True


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
