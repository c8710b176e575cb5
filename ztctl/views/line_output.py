"""The output of lines to a stream, which a terminal extends by a live status."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from ztctl.views.styled_line import Line, Paint, no_paint

# The signs that ztctl itself writes, for streams of another encoding than UTF-8.
_ASCII = str.maketrans({"→": "->", "…": "...", "·": "-", "━": "#", "─": "."})


class StreamOutput:
    """Writes lines as text; a status is not shown."""

    def __init__(self, stream: TextIO, paint: Paint = no_paint) -> None:
        self._stream = stream
        self._paint = paint

    def lines(self, lines: Iterable[Line]) -> None:
        """Write lines that stay."""
        write_text(self._stream, "".join(f"{line.render(self._paint)}\n" for line in lines))

    def status(self, lines: Iterable[Line]) -> None:
        """Show the current status in place of the previous one; in a file it is of no use."""

    def close(self) -> None:
        """Remove the status; a later one may be shown again."""


def write_text(stream: TextIO, text: str) -> None:
    """Write and flush text; what the stream's encoding cannot express becomes ASCII, or escapes.

    A closed pipe is ignored, so that a run goes on when its reader has left.
    """
    with suppress(BrokenPipeError):
        stream.write(expressible(stream, text))
        stream.flush()


def expressible(stream: TextIO, text: str) -> str:
    """The text as it is, or in ASCII where the stream's encoding cannot express it."""
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text
