"""Mask values of the environment in texts that are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ztctl.core.model.diagnostics import Problem

_LONGEST: Final = 60
_SHORT: Final = 4


class Mask:
    """Replaces values of the environment by ``(env NAME)``, and escapes control characters."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # Messages of validators quote a value as `repr` spells it, so that spelling is masked, too.
        self._names = {
            spelling: name
            for name, value in environment.items()
            for spelling in (value, repr(value)[1:-1])
        }
        # Longest first, so that a value is not cut up by another one that it contains.
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_as_pattern, longest_first)) or r"(?!)")

    def hide(self, text: str) -> str:
        """Mask the values of the environment; nothing is escaped."""
        return self._pattern.sub(lambda found: f"(env {self._names[found[0]]})", text)

    def text(self, text: str) -> str:
        """Mask the values of the environment and escape what is not printable."""
        text = self.hide(text)
        if text.isprintable():
            return text
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)

    def short(self, text: str, *, most: int = _LONGEST) -> str:
        """Mask the values of the environment and cut to ``most`` characters; nothing is escaped."""
        shown = self.hide(text)
        return shown if len(shown) <= most else f"{shown[: most - 1]}…"

    def problem(self, problem: Problem) -> Problem:
        """Mask and escape the summary and the hint of a problem."""
        return replace(problem, summary=self.text(problem.summary), hint=self.text(problem.hint))


def _as_pattern(spelling: str) -> str:
    # A value such as `1` occurs inside many words and numbers: it is masked as a whole word only.
    edge = r"\b" if len(spelling) < _SHORT and spelling.isalnum() else ""
    return f"{edge}{re.escape(spelling)}{edge}"
