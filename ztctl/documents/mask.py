"""What came from the environment stays out of what people are told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ztctl.core.model.diagnostics import Problem

_LONGEST: Final = 60
_SHORT: Final = 4


class Mask:
    """Shows values of the environment as ``(env NAME)``, and control characters as escapes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._names = {
            spelling: name
            for name, value in environment.items()
            for spelling in (value, repr(value)[1:-1])
        }
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_as_pattern, longest_first)) or r"(?!)")

    def hide(self, text: str) -> str:
        """The text without the values of the environment."""
        return self._pattern.sub(lambda found: f"(env {self._names[found[0]]})", text)

    def text(self, text: str) -> str:
        """The text as it may be shown."""
        text = self.hide(text)
        if text.isprintable():
            return text
        return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)

    def short(self, text: str, *, most: int = _LONGEST) -> str:
        """The text as it may be shown, cut to what fits into a message."""
        shown = self.hide(text)
        return shown if len(shown) <= most else f"{shown[: most - 1]}…"

    def problem(self, problem: Problem) -> Problem:
        """The problem as it may be shown."""
        summary, hint = self.text(problem.summary), self.text(problem.hint)
        return Problem(summary, problem.where, hint, problem.severity)


def _as_pattern(spelling: str) -> str:
    # A value such as `1` would blot out half of a message: it must stand alone to be hidden.
    edge = r"\b" if len(spelling) < _SHORT and spelling.isalnum() else ""
    return f"{edge}{re.escape(spelling)}{edge}"
