"""Break lines at spaces to a width, with a hanging indent; no word and no host name is broken."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from ztctl.views.styled_line import Line

NARROWEST = 60
# Where a word stands that fits nowhere else.
_LEFT = 2


def cells(text: str) -> int:
    """The columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def wrapped(line: Line, width: int) -> Iterator[Line]:
    """Break a line into those that fit, what follows below its own column.

    A word that is too long for that column stands further to the left, one that is too long for
    the width alone on its line.
    """
    if line.whole:
        yield line
        return
    start = line.indent + 1 if line.indent else 0
    head = line.text[: line.column]
    places = (start + line.column, start, _LEFT)
    rows: list[tuple[int, str]] = []
    indent, row, fresh = start, head, True
    taken = start + max(line.column, cells(head))
    for word in line.text[line.column :].split(" "):
        size = cells(word)
        if taken + size + (not fresh) > width and not (fresh and not row.strip()):
            rows.append((indent, row))
            indent = next((place for place in places if place + size <= width), _LEFT)
            row, taken, fresh = "", indent, True
        row = word if not row else f"{row}{'' if fresh else ' '}{word}"
        taken += size + (not fresh)
        fresh = False
    (_, first), *others = *rows, (indent, row)
    yield replace(line, text=first)
    yield from (Line(text, "", max(place - 1, 0), line.tone) for place, text in others)
