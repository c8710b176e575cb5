"""What the views for people share: problems, failures, notes and progress go to stderr."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TextIO, assert_never

from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Problem, Severity
from ztctl.core.model.events import (
    Event,
    Failed,
    Finished,
    Reading,
    Sent,
    Skipped,
    Started,
    Waiting,
)
from ztctl.core.model.plan import Plan, StepId
from ztctl.views.compact_lines import CompactLines
from ztctl.views.escape import Clean
from ztctl.views.line_output import StreamOutput
from ztctl.views.outcome_lines import LOST
from ztctl.views.plan_lines import BLANK, PlanLines
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wording import conjugated, duration

MOST_SHOWN = 8
Detail = Literal["compact", "every name", "full"]


@dataclass(slots=True)
class PeopleView:
    """A view without plan and outcome, which its subclasses write to stdout.

    Attributes:
        output: takes everything that is not data.
        quiet: leave out progress, notes and next steps.
        has_status: the output shows a live status, which replaces lines for the start of steps.
        detail: how much a plan tells.
        total: number of steps of the plan; 0 while it is not known.
    """

    stdout: TextIO
    output: StreamOutput
    clean: Clean
    quiet: bool = False
    has_status: bool = False
    detail: Detail = "compact"
    total: int = 0
    _running: dict[StepId, str] = field(default_factory=dict)
    _ended: int = 0

    def plan_parts(self, plan: Plan) -> tuple[list[Line], ...]:
        """Of a plan, in this order: what is open now, what it does, what stands against it.

        Neither what is open nor a refusal is hidden by ``quiet``.
        """
        lines = PlanLines(self.clean)
        middle = () if self.quiet else self._changes(plan, lines)
        return list(lines.exposed(plan)), list(middle), list(lines.refusals(plan))

    def _changes(self, plan: Plan, lines: PlanLines) -> Iterator[Line]:
        if self.detail != "full":
            yield from CompactLines(self.clean, plan, every=self.detail == "every name").all()
        elif plan.changes:
            yield from lines.preface(plan)
            yield BLANK
            yield from lines.changes(plan)
            yield from lines.access(plan)
        yield from lines.warnings(plan)

    def problems(self, items: Iterable[Problem]) -> None:
        """Write each problem as ``file:line:column: error: summary``, its hint on the next line."""
        self.output.lines(line for item in items for line in self._problem(item))

    def _problem(self, item: Problem) -> Iterator[Line]:
        place = f"{self.clean(item.where)}: " if item.where else ""
        tone = Tone.ERROR if item.severity is Severity.ERROR else Tone.WARNING
        yield Line(f"{place}{item.severity}: {self.clean(item.summary)}", tone=tone)
        yield from self._hint(item.hint)

    def _hint(self, hint: str) -> Iterator[Line]:
        if hint:
            yield Line(f"  hint: {self.clean(hint)}", tone=Tone.QUIET)

    def failure(self, failure: Failure | CallFailed) -> None:
        """Write the failure that ended the command, with its hint."""
        self.close()
        summary = Line(f"error: {self.clean(failure.summary)}", tone=Tone.ERROR)
        self.output.lines([summary, *self._hint(failure.hint)])

    def note(self, text: str) -> None:
        """Write one line."""
        if not self.quiet:
            self.output.lines([Line(self.clean(text))])

    def next_steps(self, text: str) -> None:
        """Write one line a step, after an empty line."""
        if not self.quiet:
            self.output.lines(Line(self.clean.whole(line)) for line in ("", *text.split("\n")))

    def close(self) -> None:
        """Remove the live status."""
        self.output.close()

    def event(self, event: Event) -> None:
        """Write a line for each event of a step; with a live status only for its end."""
        self._track(event)
        if self.quiet:
            return
        # What begins or waits is in the live status already, where there is one.
        if not isinstance(event, Reading | Started | Sent | Waiting) or not self.has_status:
            self.output.lines(self._event(event))
        self.output.status(self._status(event))

    def _track(self, event: Event) -> None:
        match event:
            case Started(step):
                self._running[step] = ""
            case Waiting(step, why):
                self._running[step] = why
            case Finished() | Failed() | Skipped():
                self._running.pop(event.step, None)
                self._ended += 1

    def _event(self, event: Event) -> Iterator[Line]:
        match event:
            case Reading() | Sent():
                return
            case Started(step):
                yield self._step(step, f"{self._verb(step, 0)}…")
            case Waiting(step, why):
                if why:
                    yield self._step(step, self.clean(why))
            case Finished(step, seconds):
                yield self._step(step, f"{self._verb(step, 1)} after {duration(seconds)}", Tone.ADD)
            case Failed(step, reason, hint, lost):
                unsure = f" ({LOST})" if lost else ""
                yield self._step(step, f"failed: {self.clean(reason)}{unsure}", Tone.ERROR)
                yield from self._hint(hint)
            case Skipped(step, because_of):
                cause = self.clean(because_of.address)
                yield self._step(step, f"skipped because {cause} failed", Tone.WARNING)
            case _:
                assert_never(event)

    def _activity(self, step: StepId) -> str:
        return self.clean(self._running[step]) or f"{self._verb(step, 0)}…"

    def _step(self, step: StepId, text: str, tone: Tone = Tone.PLAIN) -> Line:
        return Line(f"{self.clean(step.address)}: {text}", tone=tone)

    def _verb(self, step: StepId, tense: int) -> str:
        return self.clean(conjugated(step.verb)[tense])

    def _status(self, event: Event) -> Iterator[Line]:
        if isinstance(event, Reading):
            yield Line(f"Reading the account… ({event.done} of {event.total})", tone=Tone.QUIET)
            return
        of = f" of {self.total}" if self.total else ""
        yield Line(f"Steps ended: {self._ended}{of}", tone=Tone.QUIET)
        steps = list(self._running)
        yield from (self._step(step, self._activity(step)) for step in steps[:MOST_SHOWN])
        if len(steps) > MOST_SHOWN:
            yield Line(f"and {len(steps) - MOST_SHOWN} more", tone=Tone.QUIET)
