"""Show a plan as one HTML file to look at in a browser."""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.escape import Clean
from ztctl.views.jsonplan import plan_document
from ztctl.views.line_output import write_text
from ztctl.views.page import Page
from ztctl.views.people_view import PeopleView
from ztctl.views.plan_sheet import plan_sheet
from ztctl.views.sheet import Sheet
from ztctl.views.styled_line import Line
from ztctl.views.wording import plan_closing, plan_in_a_line


@dataclass(slots=True)
class HtmlView(PeopleView):
    """The file on stdout, whole whatever ``quiet`` says; the rest as text on stderr."""

    version: str = ""

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
        """Write the lines on stderr."""
        self.output.lines(line for block in page.blocks for line in block)

    def _write(self, sheet: Sheet) -> None:
        self.close()
        # Jinja2 takes time to import.
        from ztctl.views.sheet_html import render

        write_text(self.stdout, render(sheet))
