"""Patterns of other programs, in time that grows with pattern times text and no faster."""

from __future__ import annotations


def glob_matches(pattern: str, text: str, *, one: str = "") -> bool:
    """Whether ``*`` for any text, and the sign ``one`` for one character, make the whole text."""
    at = place = 0
    star, resumed = -1, 0
    while place < len(text):
        sign = pattern[at] if at < len(pattern) else ""
        if sign == "*":
            star, resumed, at = at, place, at + 1
        elif sign and (sign == text[place] or sign == one):
            at, place = at + 1, place + 1
        elif star >= 0:
            # The last star takes one character more.
            resumed += 1
            at, place = star + 1, resumed
        else:
            return False
    return not pattern[at:].strip("*")
