"""The table of recorded facts, as people read it and paste it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from .facts_first import PROBES as FIRST
from .service import Place

Row = tuple[str, str, str]
COLUMNS = ("fact", "what the sandbox answers", "what was answered")
RANKS = {fact: rank for rank, fact in enumerate(FIRST)}
_ID = re.compile(r"\b[0-9a-f]{32}\b")


def ordered(rows: Iterable[Any]) -> list[Any]:
    """The rows in the order in which they matter, then by name."""
    return sorted(rows, key=lambda row: (RANKS.get(row[0], len(RANKS)), *row))


def anonymous(text: str, place: Place, zone: str) -> str:
    """An answer without what says whose account it is: the table is made to be shown."""
    secrets = {place.token: "<token>", place.account: "<account>", zone: "<zone id>"}
    for secret, name in {**secrets, place.zone_name: "<zone>"}.items():
        text = text.replace(secret, name)
    return _ID.sub("<id>", text)


def heading() -> str:
    """What the table was made with, and when."""
    return f"ztctl {version('ztctl')}, {datetime.now(UTC):%Y-%m-%d}"


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
