"""From the options of a command to its view."""

from __future__ import annotations

from typing import Literal, TextIO

from ztctl.views.escape import Clean, Redact
from ztctl.views.line_output import LineOutput, StreamOutput
from ztctl.views.messages import Messages
from ztctl.views.styled_line import Paint, no_paint
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
        from ztctl.views.json_view import JsonView

        return JsonView(stdout, stderr, redact, version=version)
    paint, output = _faces(stderr, color=color, terminal=terminal)
    clean = Clean(redact)
    messages = Messages(output, clean, quiet=quiet, moving=terminal)
    if format == "markdown":
        from ztctl.views.markdown import MarkdownView

        return MarkdownView(stdout, messages, clean, quiet=quiet)
    from ztctl.views.text import TextView

    return TextView(stdout, messages, clean, paint=paint, quiet=quiet)


def _faces(stderr: TextIO, *, color: bool, terminal: bool) -> tuple[Paint, LineOutput]:
    if not (color or terminal):
        return no_paint, StreamOutput(stderr)
    # Rich costs 40 ms, and a pipe has no use for it.
    from ztctl.views.terminal import TerminalOutput, paint

    chosen = paint if color else no_paint
    # Stdout may be the terminal while stderr is a file.
    return chosen, TerminalOutput(stderr, color=color) if terminal else StreamOutput(stderr)
