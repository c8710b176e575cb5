"""From the options of a command to its view."""

from __future__ import annotations

from typing import Literal, TextIO

from ztctl.views.aside import Aside
from ztctl.views.escape import Clean, Redact
from ztctl.views.line import Paint, plain
from ztctl.views.sink import Sink, Stream
from ztctl.views.view import View

Format = Literal["text", "json", "markdown"]


def make_view(
    format: Format,
    *,
    stdout: TextIO,
    stderr: TextIO,
    color: bool,
    quiet: bool,
    terminal: bool,
    redact: Redact,
    version: str,
) -> View:
    """The view of a format.

    Args:
        format: what stdout holds.
        stdout: takes data.
        stderr: takes everything else.
        color: whether text is coloured; stderr only on a terminal, JSON and Markdown never.
        quiet: show closing lines and refusals only; JSON is always whole.
        terminal: whether a person watches stderr, so that progress may move.
        redact: masks what must not be shown; every foreign text passes through it.
        version: of ztctl, told in JSON.
    """
    # Start-up is part of the product: a command imports the view that it uses.
    if format == "json":
        from ztctl.views.machine import MachineView

        return MachineView(stdout, stderr, redact, version=version)
    paint, sink = _faces(stderr, color=color, terminal=terminal)
    clean = Clean(redact)
    aside = Aside(sink, clean, quiet=quiet, moving=terminal)
    if format == "markdown":
        from ztctl.views.markdown import MarkdownView

        return MarkdownView(stdout, aside, clean, quiet=quiet)
    from ztctl.views.text import TextView

    return TextView(stdout, aside, clean, paint=paint, quiet=quiet)


def _faces(stderr: TextIO, *, color: bool, terminal: bool) -> tuple[Paint, Sink]:
    if not (color or terminal):
        return plain, Stream(stderr)
    # Rich costs 40 ms, and a pipe has no use for it.
    from ztctl.views.terminal import Terminal, paint

    chosen = paint if color else plain
    # Stdout may be the terminal while stderr is a file.
    return chosen, Terminal(stderr, color=color) if terminal else Stream(stderr)
