"""What the views for people share: problems, failures, notes and progress go to stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TextIO, assert_never

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
from ztctl.core.model.plan import Phase, Plan, StepId
from ztctl.views.compact_lines import CompactLines
from ztctl.views.escape import Clean
from ztctl.views.line_output import StreamOutput
from ztctl.views.outcome_lines import LOST
from ztctl.views.plan_lines import BLANK, PlanLines
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wording import PHASES, conjugated, duration, problem_counts

# Columns of the bar that shows how much is done.
BAR = 20
Detail = Literal["compact", "every name", "full"]


class PlanParts(NamedTuple):
    """The lines of a plan, in the order in which a terminal shows them."""

    exposed: list[Line]
    changes: list[Line]
    access: list[Line]
    warnings: list[Line]
    refusals: list[Line]


@dataclass(slots=True)
class PeopleView:
    """A view without plan and outcome, which its subclasses write to stdout.

    Attributes:
        output: takes everything that is not data.
        quiet: leave out progress, notes and next steps.
        has_status: the output shows a live status, which replaces lines for the start of steps.
        detail: how much a plan tells.
        verbose: tell of every step, where otherwise only what went wrong is told.
        clock: seconds, for the time that a run takes.
    """

    stdout: TextIO
    output: StreamOutput
    clean: Clean
    quiet: bool = False
    has_status: bool = False
    detail: Detail = "compact"
    verbose: bool = False
    clock: Callable[[], float] = time.monotonic
    _phases: dict[StepId, Phase] = field(default_factory=dict)
    _begun: set[Phase] = field(default_factory=set)
    _running: dict[StepId, str] = field(default_factory=dict)
    _ended: int = 0
    _since: float | None = None

    def plan_parts(self, plan: Plan) -> PlanParts:
        """The parts of a plan; neither what is open nor a refusal is hidden by ``quiet``."""
        self._phases = {step.id: step.phase for step in plan.steps}
        lines = PlanLines(self.clean)
        middle: tuple[Iterable[Line], ...] = ((), (), ())
        if not self.quiet:
            middle = self._in_full(plan, lines) if self.detail == "full" else self._compact(plan)
        parts = (lines.exposed(plan), *middle, lines.refusals(plan))
        return PlanParts(*map(list, parts))

    def _in_full(self, plan: Plan, lines: PlanLines) -> tuple[Iterable[Line], ...]:
        changes = (*lines.preface(plan), BLANK, *lines.changes(plan)) if plan.changes else ()
        return changes, lines.access(plan) if plan.changes else (), lines.warnings(plan)

    def _compact(self, plan: Plan) -> tuple[Iterable[Line], ...]:
        compact = CompactLines(self.clean, plan, every=self.detail == "every name")
        warnings = PlanLines(self.clean).warnings(plan, compact.names)
        if not plan.changes:
            return (), (), warnings
        return (*compact.preface(), BLANK, *compact.objects(), BLANK), compact.access(), warnings

    def problems(self, items: Iterable[Problem]) -> None:
        """Write each problem as ``file:line:column: error: summary``, its hint on the next line."""
        self.output.lines(line for item in items for line in self._problem(item))

    def _problem(self, item: Problem, column: int = 0) -> Iterator[Line]:
        """The lines of a problem; with ``column`` its text begins there, and the hint below."""
        text = f"{self._head(item).ljust(column)}{self.clean(item.text)}"
        tone = Tone.ERROR if item.severity is Severity.ERROR else Tone.WARNING
        yield Line(text, tone=tone, column=column)
        if not column:
            yield from self._hint(item.hint)
        elif item.hint:
            text = f"{' ' * column}hint: {self.clean(item.hint)}"
            yield Line(text, tone=Tone.QUIET, column=column)

    def _head(self, item: Problem) -> str:
        place = f"{self.clean(item.where)}: " if item.where else ""
        return f"{place}{item.severity}: "

    def _hint(self, hint: str) -> Iterator[Line]:
        if hint:
            yield Line(f"  hint: {self.clean(hint)}", tone=Tone.QUIET)

    def checked(self, problems: Sequence[Problem], objects: int) -> None:
        """Write the problems, then a line that counts them."""
        self.problems(problems)
        counts = problem_counts(problems)
        if any(item.severity is Severity.ERROR for item in problems):
            self.note(f"{counts}.")
            return
        told = f"The files are valid: {objects} object{'' if objects == 1 else 's'} declared"
        self.note(f"{told}; {counts}." if problems else f"{told}.")

    def begin(self) -> None:
        """Write nothing: the plan comes first."""

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
        """Write what begins, phase by phase, and what went wrong; with ``verbose`` every step."""
        self._track(event)
        if self.quiet:
            return
        self.output.lines(self._event(event))
        self.output.status(self._status(event))

    def _track(self, event: Event) -> None:
        match event:
            case Started(step):
                self._since = self.clock() if self._since is None else self._since
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
                yield from self._begins(step)
            case Waiting(step, why):
                # What waits is in the live status, where there is one.
                if why and not self.has_status:
                    yield self._step(step, self.clean(why))
            case Finished(step, seconds):
                if self.verbose:
                    text = f"{self._verb(step, 1)} after {duration(seconds)}"
                    yield self._step(step, text, Tone.ADD)
            case Failed(step, reason, hint, lost):
                unsure = f" ({LOST})" if lost else ""
                yield self._step(step, f"failed: {self.clean(reason)}{unsure}", Tone.ERROR)
                yield from self._hint(hint)
            case Skipped(step, because_of):
                cause = self.clean(because_of.address)
                yield self._step(step, f"skipped because {cause} failed", Tone.WARNING)
            case _:
                assert_never(event)

    def _begins(self, step: StepId) -> Iterator[Line]:
        """A line for the first step of a phase, where nothing moves; with ``verbose`` for each."""
        if self.has_status:
            return
        phase = self._phases.get(step)
        if self.verbose or phase is None:
            yield self._step(step, f"{self._verb(step, 0)}…")
        elif phase not in self._begun:
            self._begun.add(phase)
            count = sum(other is phase for other in self._phases.values())
            yield Line(f"{PHASES[phase]}: {count} step{'' if count == 1 else 's'}…")

    def _step(self, step: StepId, text: str, tone: Tone = Tone.PLAIN) -> Line:
        return Line(f"{self.clean(step.address)}: {text}", tone=tone)

    def _verb(self, step: StepId, tense: int) -> str:
        return self.clean(conjugated(step.verb)[tense])

    def _status(self, event: Event) -> Iterator[Line]:
        """One line that moves: phase, how much of all is done, what is under way, for how long."""
        if isinstance(event, Reading):
            yield Line(f"Reading the account… ({event.done} of {event.total})", tone=Tone.QUIET)
            return
        step = next(reversed(self._running), event.step)
        phase = self._phases.get(step)
        total = len(self._phases)
        why = self.clean(self._running.get(step, ""))
        seconds = int(self.clock() - (self._since or self.clock()))
        parts = (
            PHASES[phase] if phase else "",
            _bar(self._ended / total) if total else "",
            f"{self._ended}/{total}" if total else str(self._ended),
            f"{seconds // 60}:{seconds % 60:02d}",
            f"{self.clean(step.address.key)}{f': {why}' if why else ''}",
        )
        yield Line(f"  {'  '.join(filter(None, parts))}", tone=Tone.QUIET)


def _bar(part: float) -> str:
    done = min(round(part * BAR), BAR)
    return f"{'━' * done}{'─' * (BAR - done)}"
