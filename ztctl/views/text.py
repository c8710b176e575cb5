"""Show everything as text for people, after Terraform's conventions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.line_output import StreamOutput, write_text
from ztctl.views.page import Page
from ztctl.views.people_view import PeopleView
from ztctl.views.plan_lines import BLANK, PlanLines
from ztctl.views.styled_line import Line, Paint, Tone, no_paint, rows_of
from ztctl.views.wording import plan_closing


@dataclass(slots=True)
class TextView(PeopleView):
    """Plan, outcome and documents on stdout; the rest on stderr."""

    paint: Paint = no_paint

    def plan(self, plan: Plan) -> None:
        """Write changes with reasons, then access, warnings, refusals and the closing line."""
        self.close()
        self.total = len(plan.steps)
        self._write(self._plan(plan))

    def _plan(self, plan: Plan) -> Iterator[Line]:
        lines = PlanLines(self.clean)
        # Neither what is open nor a refusal may be hidden by --quiet.
        yield from lines.exposed(plan)
        if not self.quiet:
            if plan.changes:
                yield from lines.preface(plan)
                yield BLANK
            yield from lines.changes(plan)
            yield from lines.access(plan)
            yield from lines.warnings(plan)
        yield from lines.refusals(plan)
        yield Line(plan_closing(plan), tone=Tone.STRONG)

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Write what was done and what was not, then the closing line."""
        self.close()
        found = outcome_lines.group_by_change(plan, outcome)
        lines = outcome_lines.OutcomeLines(self.clean, outcome, found)
        done = () if self.quiet else lines.done()
        closing = Line(outcome_lines.closing(found), tone=Tone.STRONG)
        self._write([*done, *lines.revoked(), *lines.undone(), closing])

    def page(self, page: Page) -> None:
        """Write the lines on stdout, with sensitive values masked."""
        self.close()
        blocks = ("".join(f"{row}\n" for row in rows_of(block)) for block in page.blocks)
        write_text(self.stdout, self.clean.lines("\n".join(blocks)))

    def _write(self, lines: Iterable[Line]) -> None:
        StreamOutput(self.stdout, self.paint).lines(lines)
