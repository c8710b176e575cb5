"""Mask values of the environment in texts that are shown, in every form that they take on.

A value is not shown as it was given: fields normalise it, the API returns it normalised, JSON and
URLs escape it. So each scalar into which it went is put through every normaliser of every field,
and what comes out is masked, too (``forms_of``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from ztctl.core.model.canonical import Spec, texts
from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import to_ascii

Forms = Mapping[str, Collection[str]]

_LONGEST: Final = 60
_SHORT: Final = 4


class Mask:
    """Replaces values of the environment by ``(env NAME)``, and escapes control characters.

    Args:
        forms: the texts of each variable, as ``forms_of`` finds them; case does not matter.
    """

    def __init__(self, forms: Forms) -> None:
        named = {text: name for name in sorted(forms) for text in forms[name] if text}
        # Longest first, so that a value is not cut up by another one that it contains.
        longest_first = sorted(named, key=len, reverse=True)
        self._names = [named[text] for text in longest_first]
        patterns = (f"({_as_pattern(text)})" for text in longest_first)
        self._pattern = re.compile("|".join(patterns) or r"(?!)", re.IGNORECASE)

    def hide(self, text: str) -> str:
        """Mask the values of the environment; nothing is escaped."""
        return self._pattern.sub(self._label, text)

    def _label(self, found: re.Match[str]) -> str:
        return f"(env {self._names[(found.lastindex or 1) - 1]})"

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
        """Mask and escape the texts of a problem."""
        summary, hint, about = map(self.text, (problem.summary, problem.hint, problem.about))
        return replace(problem, summary=summary, hint=hint, about=about)


def forms_of(used: Mapping[str, str], leaves: Forms, kinds: Kinds) -> dict[str, tuple[str, ...]]:
    """Find the texts that values of the environment turn into.

    Args:
        used: the values, by the name of their variable.
        leaves: the whole scalars into which each went.
        kinds: whose fields normalise them.

    Returns:
        For each variable its forms, the value itself first.
    """
    if not used:
        return {}
    steps = frozenset(step for kind in kinds.values() for step in _steps(kind.specs.values()))
    return {name: _forms(value, leaves.get(name, ()), steps) for name, value in used.items()}


def _forms(
    value: str, leaves: Iterable[str], steps: frozenset[Callable[[Any], Any]]
) -> tuple[str, ...]:
    forms = dict.fromkeys((value, *_spelled(value)))
    for text in _normalised(value, steps):
        forms |= dict.fromkeys((text, *_spelled(text)))
    known = tuple(text.lower() for text in forms)
    for leaf in leaves:
        for text in _normalised(leaf, steps):
            # A leaf that is more than the value: `${env.MINUTES}m` becomes `1h30m`.
            if not any(form in text.lower() for form in known):
                forms |= dict.fromkeys((text, *_spelled(text)))
    return tuple(forms)


def _spelled(text: str) -> Iterator[str]:
    """A text as messages, JSON, URLs and one-line fields spell it."""
    yield repr(text)[1:-1]
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield text.encode("unicode_escape").decode("ascii")
    yield quote(text, safe="", errors="replace")
    yield quote(text, errors="replace")
    yield text.strip()
    yield " ".join(text.split())
    yield from (line.strip() for line in text.splitlines() if len(line.strip()) >= _SHORT)
    yield text.replace("\\", "\\\\").replace('"', '\\"')


def _normalised(text: str, steps: Iterable[Callable[[Any], Any]]) -> Iterator[str]:
    for step in (*steps, to_ascii, str.casefold):
        try:
            found = step(text)
        except (ValueError, TypeError, AttributeError, LookupError):
            continue
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        for form in (found,) if isinstance(found, str) else texts(found):
            # A normaliser that takes a text to pieces must not have every letter masked.
            if form and form != text and (found is form or len(form) >= _SHORT):
                yield form


def _steps(specs: Iterable[Spec]) -> Iterator[Callable[[Any], Any]]:
    for spec in specs:
        yield from spec.normalise
        yield from _steps(spec.fields.values())
        if spec.element is not None:
            yield from _steps((spec.element,))


def _as_pattern(spelling: str) -> str:
    # A value such as `1` occurs inside many words and numbers: it is masked as a whole word only.
    edge = r"\b" if len(spelling) < _SHORT and spelling.isalnum() else ""
    return f"{edge}{re.escape(spelling)}{edge}"
