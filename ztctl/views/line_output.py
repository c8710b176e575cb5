"""Outputs that take lines: a plain stream, or a terminal with a live status at the bottom."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol, TextIO

from ztctl.views.styled_line import Line, Paint, no_paint


class LineOutput(Protocol):
    """Shows lines and a live status."""

    def lines(self, lines: Iterable[Line]) -> None:
        """Show lines that stay."""

    def status(self, lines: Iterable[Line]) -> None:
        """Show the current status in place of the previous one."""

    def close(self) -> None:
        """Remove the status; a later one may be shown again."""


class StreamOutput:
    """Writes lines as text; a status is not shown."""

    def __init__(self, stream: TextIO, paint: Paint = no_paint) -> None:
        self._stream = stream
        self._paint = paint

    def lines(self, lines: Iterable[Line]) -> None:
        """Write all lines at once."""
        write_text(self._stream, "".join(f"{line.render(self._paint)}\n" for line in lines))

    def status(self, lines: Iterable[Line]) -> None:
        """Do nothing: a status that passes is of no use in a file."""

    def close(self) -> None:
        """Do nothing."""


def write_text(stream: TextIO, text: str) -> None:
    """Write and flush text; what the stream's encoding cannot express becomes backslash escapes.

    A closed pipe is ignored, so that a run goes on when its reader has left.
    """
    encoding = stream.encoding or "utf-8"
    with suppress(BrokenPipeError):
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
