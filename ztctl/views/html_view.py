"""Show a plan, an audit or the way to log in as one HTML file to look at in a browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.audit_sheet import audit_sheet, name_sheet
from ztctl.views.client_sheet import client_sheet
from ztctl.views.escape import Clean
from ztctl.views.jsonplan import plan_document
from ztctl.views.line_output import write_text
from ztctl.views.page import Page
from ztctl.views.people_view import PeopleView
from ztctl.views.plan_sheet import plan_sheet
from ztctl.views.sheet import Sheet
from ztctl.views.styled_line import Line
from ztctl.views.wording import plan_closing, plan_in_a_line

# By the type of a record.
_SHEETS: Final[Mapping[str, Callable[[Mapping[str, Any], Clean, str], Sheet]]] = MappingProxyType(
    {"audit": audit_sheet, "audit_name": name_sheet}
)


@dataclass(slots=True)
class HtmlView(PeopleView):
    """The file on stdout, whole whatever ``quiet`` says; the rest as text on stderr.

    Attributes:
        version: of ztctl.
        made: when the file is made, for people; empty: that is not told.
    """

    version: str = ""
    made: str = ""

    def plan(self, plan: Plan) -> None:
        """Write the file: hosts with who may enter before and after, and objects."""
        document = plan_document(plan, self.clean.redact, self.version)
        lead = [plan_closing(plan)]
        if not plan.is_empty:
            lead.append(plan_in_a_line(plan))
        self._write(plan_sheet(document, Clean(str), lead))

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Write the closing line on stderr: no command that writes has this format."""
        found = outcome_lines.group_by_change(plan, outcome)
        self.output.lines([Line(outcome_lines.closing(found))])

    def page(self, page: Page) -> None:
        """Write the file of an audit, of one name, or for a laptop; others as lines on stderr."""
        (record,) = page.records if len(page.records) == 1 else ({},)
        convert = _SHEETS.get(record.get("type", ""))
        if record.get("type") == "ssh_client":
            from ztctl.views.sheet_html import render_client

            self.close()
            write_text(self.stdout, render_client(client_sheet(record, self.version)))
        elif convert is None:
            self.output.lines(line for block in page.blocks for line in block)
        else:
            self._write(convert(record, self.clean, self.version))

    def _write(self, sheet: Sheet) -> None:
        self.close()
        if self.made:
            sheet = replace(sheet, about=(*sheet.about, ("Made", self.made)))
        # Jinja2 takes time to import.
        from ztctl.views.sheet_html import render

        write_text(self.stdout, render(sheet))
