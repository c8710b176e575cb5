"""A page as each format shows it."""

from __future__ import annotations

from io import StringIO

from ztctl.cli.options import COMMON_FORMATS
from ztctl.views.factory import Format, make_view
from ztctl.views.page import Page

FORMATS: tuple[Format, ...] = tuple(it.value for it in COMMON_FORMATS)


def rendered(page: Page, format: Format) -> str:
    """Show a page on a stream that is no terminal."""
    stdout = StringIO()
    view = make_view(
        format,
        stdout=stdout,
        stderr=StringIO(),
        color=False,
        quiet=False,
        terminal=False,
        redact=str,
        version="1.2.3",
    )
    view.page(page)
    return stdout.getvalue()
