"""Wildcard patterns, matched without backtracking, as patterns of imports are untrusted."""

from __future__ import annotations


def covers(pattern: str, text: str) -> bool:
    """Whether a pattern, in which an asterisk matches any text, matches the whole text."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    place = _after(first, rest[:-1], text)
    last = rest[-1]
    return place is not None and place <= len(text) - len(last) and text.endswith(last)


def covers_below(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path or a parent of it: `/a` and `/a/*` match `/a/b`."""
    first, *rest = pattern.split("*")
    if not rest:
        return path.startswith(pattern) and _is_edge(path, len(pattern))
    place = _after(first, rest[:-1], path)
    while place is not None:
        found = path.find(rest[-1], place)
        if found < 0:
            return False
        if not rest[-1] or _is_edge(path, found + len(rest[-1])):
            return True
        place = found + 1
    return False


def _after(first: str, middle: list[str], text: str) -> int | None:
    """The index behind the earliest matches of all parts but the last, or None."""
    if not text.startswith(first):
        return None
    place = len(first)
    for part in middle:
        place = text.find(part, place)
        if place < 0:
            return None
        place += len(part)
    return place


def _is_edge(path: str, place: int) -> bool:
    return place == len(path) or path[place] == "/"
