"""Findings for code scanning, and for the log of a CI service."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.jsonplan import problem_fields
from ztctl.views.line_output import write_text
from ztctl.views.page import Page
from ztctl.views.people_view import PeopleView
from ztctl.views.results import Results, problem_results, results_of
from ztctl.views.styled_line import Line
from ztctl.views.wording import plan_closing


@dataclass(slots=True)
class ResultsView(PeopleView):
    """The findings on stdout, whole whatever ``quiet`` says; the rest as text on stderr.

    Attributes:
        location: the file that stands for a finding which no file declares.
        version: of ztctl.
    """

    location: str = ""
    version: str = ""

    def plan(self, plan: Plan) -> None:
        """Write the closing line on stderr: no command that plans has this format."""
        self.output.lines([Line(plan_closing(plan))])

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Write the closing line on stderr: no command that writes has this format."""
        found = outcome_lines.group_by_change(plan, outcome)
        self.output.lines([Line(outcome_lines.closing(found))])

    def checked(self, problems: Sequence[Problem], objects: int) -> None:
        """Write the problems of files as findings."""
        told = [problem_fields(item, self.clean.redact) for item in problems]
        found = problem_results(told, self.clean)
        rules = tuple({it.rule.id: it.rule for it in found}.values())
        self._write(Results("validate", rules, found))

    def page(self, page: Page) -> None:
        """Write the findings of a report; another page as lines on stderr."""
        (record,) = page.records if len(page.records) == 1 else ({},)
        found = results_of(record, self.clean)
        if found is None:
            self.output.lines(line for block in page.blocks for line in block)
        else:
            self._write(found)

    def _write(self, results: Results) -> None:
        self.close()
        write_text(self.stdout, self.text(results))

    @abstractmethod
    def text(self, results: Results) -> str:
        """The findings in this format."""
