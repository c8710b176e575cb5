"""Show everything as text for people, after Terraform's conventions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.escape import Clean
from ztctl.views.line_output import StreamOutput, write_text
from ztctl.views.messages import Messages
from ztctl.views.page import Page
from ztctl.views.plan_lines import BLANK, PlanLines
from ztctl.views.styled_line import Line, Paint, Tone, rows_of
from ztctl.views.view import FailureText


class TextView:
    """Plan, outcome and documents on stdout; the rest on stderr."""

    def __init__(
        self, stdout: TextIO, messages: Messages, clean: Clean, *, paint: Paint, quiet: bool
    ) -> None:
        self._stdout = stdout
        self._output = StreamOutput(stdout, paint)
        self._messages = messages
        self._clean = clean
        self._quiet = quiet

    def plan(self, plan: Plan) -> None:
        """Write changes with reasons, then access, warnings, refusals and the closing line."""
        self.close()
        self._messages.total = len(plan.steps)
        self._output.lines(self._plan(plan))

    def _plan(self, plan: Plan) -> Iterator[Line]:
        lines = PlanLines(self._clean)
        # Neither what is open nor a refusal may be hidden by --quiet.
        yield from lines.exposed(plan)
        if not self._quiet:
            if plan.changes:
                yield from lines.preface(plan)
                yield BLANK
            yield from lines.changes(plan)
            yield from lines.access(plan)
            yield from lines.warnings(plan)
        yield from lines.refusals(plan)
        yield lines.closing(plan)

    def event(self, event: Event) -> None:
        """Write progress on stderr."""
        self._messages.event(event)

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Write what was done and what was not, then the closing line."""
        self.close()
        found = outcome_lines.group_by_change(plan, outcome)
        lines = outcome_lines.OutcomeLines(self._clean, outcome, found)
        done = () if self._quiet else lines.done()
        closing = Line(outcome_lines.closing(found), tone=Tone.STRONG)
        self._output.lines([*done, *lines.revoked(), *lines.undone(), closing])

    def problems(self, items: Iterable[Problem]) -> None:
        """Write problems on stderr."""
        self._messages.problems(items)

    def failure(self, failure: FailureText) -> None:
        """Write the failure that ended the command, on stderr."""
        self._messages.failure(failure)

    def page(self, page: Page) -> None:
        """Write the lines on stdout, with sensitive values masked."""
        self.close()
        blocks = ("".join(f"{row}\n" for row in rows_of(block)) for block in page.blocks)
        write_text(self._stdout, self._clean.redact("\n".join(blocks)))

    def note(self, text: str) -> None:
        """Write one line on stderr."""
        self._messages.note(text)

    def next_steps(self, text: str) -> None:
        """Write next steps on stderr."""
        self._messages.next_steps(text)

    def close(self) -> None:
        """Remove the live status."""
        self._messages.output.close()
