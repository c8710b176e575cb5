"""Colour and a live status, by rich; the only file that imports it.

Importing rich costs more than a whole plan without colour, so that this module is imported only
for a terminal or for colour. Text reaches rich as ``Text``, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TextIO

from rich.color import ColorSystem
from rich.console import Console, Group
from rich.live import Live
from rich.style import Style
from rich.text import Text

from ztctl.views.line_output import StreamOutput
from ztctl.views.styled_line import Line, Tone

_STYLES: Final[Mapping[Tone, Style]] = {
    Tone.PLAIN: Style(),
    Tone.STRONG: Style(bold=True),
    Tone.QUIET: Style(dim=True),
    Tone.ADD: Style(color="green"),
    Tone.CHANGE: Style(color="yellow"),
    Tone.DESTROY: Style(color="red"),
    Tone.WARNING: Style(color="yellow", bold=True),
    Tone.ERROR: Style(color="red", bold=True),
}


def paint(text: str, tone: Tone) -> str:
    """Wrap a text in the ANSI escapes of its tone; the 16 colours follow the terminal's theme."""
    return _STYLES[tone].render(text, color_system=ColorSystem.STANDARD)


class TerminalOutput(StreamOutput):
    """Lines that stay, and below them a status that is redrawn with each report.

    There is no refresh thread: the status changes on events only.
    """

    def __init__(self, stream: TextIO, *, color: bool) -> None:
        super().__init__(stream)
        self._console = Console(
            file=stream,
            force_terminal=True,
            color_system="standard" if color else None,
            no_color=not color,
            markup=False,
            emoji=False,
            highlight=False,
        )
        self._color = color
        self._live: Live | None = None

    def lines(self, lines: Iterable[Line]) -> None:
        """Print lines above the status."""
        for line in lines:
            self._console.print(self._text(line), soft_wrap=True)

    def status(self, lines: Iterable[Line]) -> None:
        """Redraw the status, each of its lines cut to the width of the terminal."""
        shown = Group(*(self._text(line, no_wrap=True) for line in lines))
        if self._live is None:
            self._live = Live(
                shown,
                console=self._console,
                auto_refresh=False,
                transient=True,
                # Stdout holds data: it must not be drawn above the status on stderr.
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start(refresh=True)
        else:
            self._live.update(shown, refresh=True)

    def close(self) -> None:
        """Remove the status and restore the cursor."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _text(self, line: Line, *, no_wrap: bool = False) -> Text:
        text = Text(no_wrap=no_wrap, overflow="ellipsis" if no_wrap else None)
        for piece, tone in line.spans():
            text.append(piece, _STYLES[tone] if self._color else None)
        text.rstrip()
        return text
