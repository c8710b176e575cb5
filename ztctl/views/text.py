"""Show everything as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import outcome_lines
from ztctl.views.folding import FOLDED
from ztctl.views.line_output import StreamOutput, expressible, write_text
from ztctl.views.page import Page
from ztctl.views.people_view import PeopleView
from ztctl.views.plan_lines import BLANK
from ztctl.views.styled_line import Line, Paint, Tone, no_paint, rows_of
from ztctl.views.wording import plan_closing
from ztctl.views.wrapping import cells, wrapped


def _joined(blocks: Iterable[Iterable[Line]], paint: Paint) -> str:
    return "\n".join("".join(f"{row}\n" for row in rows_of(it, paint)) for it in blocks)


@dataclass(slots=True)
class TextView(PeopleView):
    """Plan, outcome and documents on stdout; the rest on stderr."""

    paint: Paint = no_paint
    width: int = 80

    def plan(self, plan: Plan) -> None:
        """Write what is open now, changes, access, warnings, refusals and the closing line."""
        self.close()
        parts = self.plan_parts(plan)
        told = [*parts.changes, *parts.access, *parts.warnings]
        hint = () if self.quiet or not plan.changes else self._more(told)
        lines = [*parts.exposed, *told, *hint, *parts.refusals]
        shown = lines if self.detail == "full" else self._wrapped(lines)
        self._write([*shown, Line(plan_closing(plan), tone=Tone.STRONG)])

    def problems(self, items: Iterable[Problem]) -> None:
        """Write problems, on a terminal with their texts below each other and broken at its width.

        Elsewhere each is one line, for whatever reads it.
        """
        found = list(items)
        column = max((cells(self._head(item)) for item in found), default=0)
        if not self.has_status or column > self.width // 2:
            PeopleView.problems(self, found)
            return
        lines = (line for item in found for line in self._problem(item, column))
        self.output.lines(chain.from_iterable(wrapped(line, self.width) for line in lines))

    def _more(self, lines: Iterable[Line]) -> Iterator[Line]:
        """How to see what the lines leave out."""
        if self.detail != "full":
            folded = any(FOLDED.search(line.text) for line in lines)
            names = "Every name: --list hosts. " if folded else ""
            yield from (Line(f"{names}Every field: --full.", tone=Tone.QUIET), BLANK)

    def _wrapped(self, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            # Before it is broken: what has no sign of its own in ASCII takes more columns.
            text = expressible(self.stdout, line.text)
            yield from wrapped(replace(line, text=text), self.width)

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """Write what was done and what was not, then the closing line."""
        self.close()
        found = outcome_lines.group_by_change(plan, outcome)
        lines = outcome_lines.OutcomeLines(self.clean, outcome, found)
        done = () if self.quiet else lines.done()
        closing = Line(outcome_lines.closing(found), tone=Tone.STRONG)
        self._write([*done, *lines.revoked(), *lines.undone(), closing])

    def page(self, page: Page) -> None:
        """Write the lines on stdout, with sensitive values masked; without colour where one is."""
        self.close()
        shown = [[*self._wrapped(it)] if page.wraps else it for it in page.blocks]
        plain = _joined(shown, no_paint)
        safe = self.clean.lines(plain)
        write_text(self.stdout, _joined(shown, self.paint) if safe == plain else safe)

    def _write(self, lines: Iterable[Line]) -> None:
        StreamOutput(self.stdout, self.paint).lines(lines)
