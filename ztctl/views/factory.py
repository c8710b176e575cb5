"""Create the view that the options of a command ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TextIO

from ztctl.core.runs.journal import Redact
from ztctl.views.escape import Clean
from ztctl.views.line_output import StreamOutput
from ztctl.views.styled_line import Paint, no_paint
from ztctl.views.view import View

if TYPE_CHECKING:
    from ztctl.views.people_view import Detail

Format = Literal["text", "json", "markdown", "html", "github", "sarif"]


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
    detail: Detail = "compact",
    verbose: bool = False,
    width: int = 80,
    location: str = "",
    made: str = "",
) -> View:
    """Create the view of a format.

    Args:
        format: what stdout holds.
        stdout: takes data.
        stderr: takes everything else.
        color: whether text is coloured; stderr only on a terminal, other formats never.
        quiet: show closing lines and refusals only; JSON is always complete.
        terminal: whether stderr is a terminal, so that a live status can be shown.
        redact: masks sensitive values; every text from outside passes through it.
        version: of ztctl, a member of JSON plans.
        detail: how much a plan for people tells.
        verbose: whether every step is told.
        width: of the terminal, in columns.
        location: the file of a finding that no file declares, in SARIF.
        made: when it is made, for people, in HTML.
    """
    # Deferred imports: a command pays at start-up only for the view that it uses.
    if format == "json":
        from ztctl.views.json_view import JsonView

        return JsonView(stdout, stderr, redact, version=version)
    paint, output = _outputs(stderr, color=color, terminal=terminal)
    shared = (stdout, output, Clean(redact), quiet, terminal, detail, verbose)
    if format == "markdown":
        from ztctl.views.markdown import MarkdownView

        return MarkdownView(*shared)
    if format == "html":
        from ztctl.views.html_view import HtmlView

        return HtmlView(*shared, version=version, made=made)
    if format == "github":
        from ztctl.views.annotations import AnnotationsView

        return AnnotationsView(*shared, version=version)
    if format == "sarif":
        from ztctl.views.sarif import SarifView

        return SarifView(*shared, location=location, version=version)
    from ztctl.views.text import TextView
    from ztctl.views.wrapping import NARROWEST

    return TextView(*shared, paint=paint, width=max(width, NARROWEST))


def _outputs(stderr: TextIO, *, color: bool, terminal: bool) -> tuple[Paint, StreamOutput]:
    if not (color or terminal):
        return no_paint, StreamOutput(stderr)
    # Importing rich takes 40 ms, and a pipe has no use for it.
    from ztctl.views.terminal import TerminalOutput, paint

    used_paint = paint if color else no_paint
    # Stdout may be the terminal while stderr is a file.
    return used_paint, TerminalOutput(stderr, color=color) if terminal else StreamOutput(stderr)
