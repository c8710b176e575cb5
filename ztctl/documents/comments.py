"""Comments of a file that silence warnings: ``# ztctl: ignore[code] reason``."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import yaml

from ztctl.core.model.diagnostics import Where
from ztctl.core.model.lint import Silence

_SILENCE: Final = re.compile(
    r"(?<!\S)#[ \t]*ztctl:[ \t]*ignore\b[ \t]*(?:\[(?P<codes>[^]\r\n]*)\])?(?P<reason>[^\r\n]*)"
)


def silences_in(text: str, file: str, breaks: re.Pattern[str]) -> Iterator[Silence]:
    """The silences of a text of YAML, in their order; ``breaks`` are what ends a line.

    A comment behind an entry is about its line. One on a line of its own is about the first line
    below that is no comment.
    """
    found = list(_SILENCE.finditer(text))
    if not found:
        return
    starts = [0, *(match.end() for match in breaks.finditer(text))]
    scalars = _scalars(text)
    for match in found:
        at = match.start()
        if any(start <= at < end for start, end in scalars):
            continue
        row = bisect_right(starts, at) - 1
        where = Where(file, row + 1, at - starts[row] + 1)
        line = row
        if not text[starts[row] : at].strip():
            while line + 1 < len(starts) and text[starts[line] :].lstrip(" \t")[:1] == "#":
                line += 1
        for code in (match["codes"] or "").split(","):
            yield Silence(code.strip(), match["reason"].strip(), where, line + 1)


def _scalars(text: str) -> list[tuple[int, int]]:
    """Where texts stand in which `#` begins no comment."""
    spans: list[tuple[int, int]] = []
    # What is no YAML is told elsewhere.
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.ScalarToken):
                spans.append((token.start_mark.index, token.end_mark.index))
    return spans
