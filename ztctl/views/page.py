"""What a command found, in no format yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ztctl.views.styled_line import Line


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: lines for people under a heading, and records for machines.

    Attributes:
        heading: in Markdown, its untrusted text in code spans.
        blocks: lines that are escaped already; a blank line parts the blocks.
        records: JSON objects.
        folds: whether Markdown folds a long block.
        wraps: whether lines are broken where they are wider than the terminal.
    """

    heading: str
    blocks: tuple[tuple[Line, ...], ...]
    records: tuple[Mapping[str, Any], ...]
    folds: bool = True
    wraps: bool = False
