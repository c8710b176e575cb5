"""Findings as workflow commands of GitHub Actions, which show them at their lines.

Sources: GitHub, "Workflow commands for GitHub Actions" (commands, properties), actions/toolkit,
`command.ts` (escaping) and `docs/problem-matchers.md` (ten of each level a step).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ztctl.views.results import Result, ResultLevel, Results
from ztctl.views.results_view import ResultsView

# Of each level, a step.
MOST: Final = 10
_COMMANDS = {ResultLevel.ERROR: "error", ResultLevel.WARNING: "warning", ResultLevel.NOTE: "notice"}
_DATA = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY = (*_DATA, (":", "%3A"), (",", "%2C"))


@dataclass(slots=True)
class AnnotationsView(ResultsView):
    """The findings as annotations, one line each, the worst first."""

    def text(self, results: Results) -> str:
        """At most ten of a level; where there are more, the tenth says how many."""
        by_level: dict[ResultLevel, list[str]] = defaultdict(list)
        for text in results.unread:
            by_level[ResultLevel.ERROR].append(
                _command(ResultLevel.ERROR, f"not read: {text}", title="ztctl")
            )
        for found in results.found:
            by_level[found.rule.level].append(_annotation(found, results.command))
        return "".join(
            f"{line}\n" for level in sorted(by_level) for line in _limited(level, by_level[level])
        )


def _limited(level: ResultLevel, lines: list[str]) -> Iterator[str]:
    if len(lines) <= MOST:
        yield from lines
        return
    yield from lines[: MOST - 1]
    rest = len(lines) - MOST + 1
    yield _command(level, f"{rest} more are not shown here: see the text or JSON", title="ztctl")


def _annotation(found: Result, command: str) -> str:
    hint = f"\n{found.rule.remedy}" if found.rule.remedy else ""
    place = {}
    if found.file:
        place = {"file": found.file, "line": str(found.line), "col": str(found.column)}
    title = f"ztctl {command}: {found.rule.title}"
    return _command(found.rule.level, f"{found.text}{hint}", **place, title=title)


def _command(level: ResultLevel, text: str, **properties: str) -> str:
    told = ",".join(f"{name}={_escaped(it, _PROPERTY)}" for name, it in properties.items())
    return f"::{_COMMANDS[level]} {told}::{_escaped(text, _DATA)}"


def _escaped(text: str, signs: tuple[tuple[str, str], ...]) -> str:
    for sign, code in signs:
        text = text.replace(sign, code)
    return text
