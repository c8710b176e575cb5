"""Everything as Markdown for a comment on a change request, after Atlantis's conventions.

Foreign text stands only inside fences and code spans, where neither markup nor a mention works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TextIO

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.escape import Clean
from ztctl.views.line_output import write_text
from ztctl.views.messages import Messages
from ztctl.views.plan_lines import PlanLines
from ztctl.views.styled_line import Line
from ztctl.views.view import FailureText
from ztctl.views.wording import plan_closing

# Atlantis folds what is longer.
LONGEST_OPEN = 12


class MarkdownView:
    """Plan, outcome and next steps on stdout, ready to be posted; the rest as text on stderr."""

    def __init__(self, stdout: TextIO, messages: Messages, clean: Clean, *, quiet: bool) -> None:
        self._stdout = stdout
        self._messages = messages
        self._clean = clean
        self._quiet = quiet

    def plan(self, plan: Plan) -> None:
        """A diff block, folded when it is long, with refusals and the closing line outside."""
        self.close()
        self._messages.total = len(plan.steps)
        lines = PlanLines(self._clean)
        every = (lines.changes(plan), lines.access(plan), lines.warnings(plan))
        changes = () if self._quiet else tuple(chain.from_iterable(every))
        self._parts(
            f"### Plan for {code_span(self._clean(plan.stack))}",
            fenced(_rows(lines.exposed(plan))),
            folded(_rows(changes)),
            fenced(_rows(lines.refusals(plan))),
            f"**{plan_closing(plan)}**",
        )

    def event(self, event: Event) -> None:
        """Progress, on stderr."""
        self._messages.event(event)

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """What was done and what was not, folded when it is long, with the closing line outside."""
        self.close()
        found = outcome_lines.group_by_change(plan, outcome)
        lines = outcome_lines.OutcomeLines(self._clean, outcome, found)
        self._parts(
            f"### Apply of {code_span(self._clean(plan.stack))}",
            folded(_rows(() if self._quiet else lines.done())),
            fenced(_rows(lines.revoked())),
            fenced(_rows(lines.undone())),
            f"**{outcome_lines.closing(found)}**",
        )

    def problems(self, items: Iterable[Problem]) -> None:
        """What is wrong, as text on stderr."""
        self._messages.problems(items)

    def failure(self, failure: FailureText) -> None:
        """What ended the command, as text on stderr."""
        self._messages.failure(failure)

    def document(self, text: str) -> None:
        """The text itself, on stdout."""
        self.close()
        write_text(self._stdout, self._clean.redact(text))

    def note(self, text: str) -> None:
        """A line for people, on stderr."""
        self._messages.note(text)

    def next_steps(self, text: str) -> None:
        """What may be done next, in a block to copy from, on stdout: it belongs to the comment."""
        if not self._quiet:
            self._parts(fenced([self._clean(line) for line in text.split("\n")], "text"))

    def close(self) -> None:
        """Take the live status away."""
        self._messages.output.close()

    def _parts(self, *parts: str) -> None:
        write_text(self._stdout, "".join(f"{part}\n\n" for part in parts if part))


def _rows(lines: Iterable[Line]) -> list[str]:
    rows = [_row(line) for line in lines]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _row(line: Line) -> str:
    """The line with its symbol in the first column, where a diff block gives it a colour."""
    mark = line.mark.replace("~", "!").ljust(line.indent)
    text = f"{mark} {line.text}" if line.indent else line.text
    return f"{text}  {line.tail}" if line.tail else text


def folded(rows: Sequence[str]) -> str:
    """A diff block, behind a fold when it is long."""
    block = fenced(rows)
    if len(rows) <= LONGEST_OPEN:
        return block
    return f"<details><summary>Show {len(rows)} lines</summary>\n\n{block}\n\n</details>"


def fenced(rows: Sequence[str], language: str = "diff") -> str:
    """A block whose fence is longer than any run of backticks in it; nothing for no rows."""
    if not rows:
        return ""
    text = "\n".join(rows)
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code_span(text: str) -> str:
    """The text as code, whatever backticks it holds."""
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
