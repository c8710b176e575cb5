"""Where lines go: a stream as it is, or a terminal with a live status at its foot."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol, TextIO

from ztctl.views.styled_line import Line, Paint, no_paint


class LineOutput(Protocol):
    """Takes lines."""

    def lines(self, lines: Iterable[Line]) -> None:
        """Show lines that stay."""

    def status(self, lines: Iterable[Line]) -> None:
        """Show what is going on now, in the place of what was shown before."""

    def close(self) -> None:
        """Take the status away; it may come back."""


class StreamOutput:
    """Lines written as text; there is no place for a status."""

    def __init__(self, stream: TextIO, paint: Paint = no_paint) -> None:
        self._stream = stream
        self._paint = paint

    def lines(self, lines: Iterable[Line]) -> None:
        """Write all lines at once."""
        write_text(self._stream, "".join(f"{line.render(self._paint)}\n" for line in lines))

    def status(self, lines: Iterable[Line]) -> None:
        """Show nothing: what passes is of no use in a file."""

    def close(self) -> None:
        """Do nothing."""


def write_text(stream: TextIO, text: str) -> None:
    """Write and flush text, with escapes in place of what the stream's encoding cannot hold.

    A reader who has gone away is no failure: what is being done goes on.
    """
    encoding = stream.encoding or "utf-8"
    with suppress(BrokenPipeError):
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
