"""Format how far work in several steps has come, such as the rotation of a CA."""

from __future__ import annotations

from collections.abc import Mapping

from ztctl.views.escape import Clean
from ztctl.views.markdown import code_span
from ztctl.views.page import Page
from ztctl.views.styled_line import Line, Tone


def steps_page(
    work: str, record: Mapping[str, str], name: str, done: str, command: str, clean: Clean
) -> Page:
    """Format what is done, and the command of the step that comes next.

    Args:
        work: what is done in steps, as a heading begins.
        record: its type for machines, what it is about, its state, and the step that comes next.
        name: what it is about.
        done: how far it is, as the end of a sentence.
        command: the step that comes next.
        clean: makes foreign text fit to be shown.
    """
    shown = clean(name)
    lines = (
        Line(f"{shown}: {done}.", tone=Tone.STRONG),
        Line(),
        Line(clean.whole(command), whole=True),
    )
    document = {"format_version": "1.0", **record}
    return Page(f"{work} of {code_span(shown)}", (lines,), (document,), folds=False)
