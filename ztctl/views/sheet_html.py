"""Render what a page shows as one HTML file that loads nothing and runs nothing but its own script.

Untrusted text reaches the file in two ways: through Jinja2, which escapes it, and as JSON, which
the script shows as text. Browsers ignore ``frame-ancestors``, ``report-uri`` and ``sandbox`` in a
policy that stands in the file (whatwg/html, issue 523), so that they are left out.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from ztctl.views.client_sheet import ClientSheet
from ztctl.views.sheet import Sheet, Table

# Items of a notice: what is more is counted, and --format json has it.
MOST_NOTED: Final = 30


def render(sheet: Sheet) -> str:
    """The text of the file of a plan or an audit, in ASCII: no stream has to express more."""
    tables = [_packed(table) for table in sheet.tables if table.rows]
    return _page(
        "sheet.html", ("sheet.css",), "sheet.js", sheet=sheet, most=MOST_NOTED, tables=tables
    )


def render_client(sheet: ClientSheet) -> str:
    """The text of the file for people who log in, in ASCII."""
    return _page("client.html", ("sheet.css", "client.css"), "client.js", sheet=sheet)


def _page(template: str, styles: Sequence[str], script: str, **values: Any) -> str:
    style, code = "".join(map(_asset, styles)), _asset(script)
    directives = (
        "default-src 'none'",
        f"script-src '{_hash(code)}'",
        f"style-src '{_hash(style)}'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    text = (
        _environment()
        .get_template(template)
        .render(style=style, script=code, policy="; ".join(directives), **values)
    )
    # Style, script and data are ASCII already: no reference would be resolved in them.
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return made


@cache
def _asset(name: str) -> str:
    return files("ztctl.views").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The digest by which a policy admits an inline element (CSP Level 3, section 2.3.1)."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}"


def _packed(table: Table) -> dict[str, Any]:
    """The table as JSON values; lists instead of mappings where there are many of them."""
    rows = [
        (
            row.level,
            row.name,
            row.cells,
            [
                (title, [(it.who, it.tunnel, it.service, it.sign, it.tone) for it in ways])
                for title, ways in row.drawings
            ],
            row.facts,
            row.edits,
        )
        for row in table.rows
    ]
    levels = [asdict(level) for level in table.levels]
    return {
        "key": table.key,
        "noun": table.noun,
        "levels": levels,
        "level": table.level,
        "columns": table.columns,
        "size": table.size,
        "rows": rows,
    }
