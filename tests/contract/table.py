"""The table of recorded facts, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Row = tuple[str, str, str]
COLUMNS = ("fact", "what the sandbox answers", "what was answered")


def spelled_table(rows: Iterable[Any]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield _line(COLUMNS)
    yield "|---" * len(COLUMNS) + "|"
    for row in rows:
        yield _line(row)


def _line(cells: Iterable[str]) -> str:
    # What a service says is not to end a cell, a line, or a terminal's good manners.
    shown = (
        "".join(one if one.isprintable() else "?" for one in cell).replace("|", "\\|")
        for cell in cells
    )
    return f"| {' | '.join(shown)} |"
