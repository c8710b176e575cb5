"""What is said to people on stderr: problems, failures, notes and progress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import assert_never

from ztctl.core.model.diagnostics import Problem, Severity
from ztctl.core.model.events import Event, Failed, Finished, Reading, Skipped, Started, Waiting
from ztctl.core.model.plan import StepId
from ztctl.views.escape import Clean
from ztctl.views.line_output import LineOutput
from ztctl.views.outcome_lines import LOST
from ztctl.views.styled_line import Line, Tone
from ztctl.views.view import FailureText
from ztctl.views.wording import conjugated, duration

MOST_SHOWN = 8


@dataclass(slots=True)
class Messages:
    """Speaks to people beside the data.

    Attributes:
        quiet: progress, notes and next steps are left out.
        moving: the output has a live status, so that a line for the start of a step is not needed.
        total: how many steps there are, 0 when nobody has said.
    """

    output: LineOutput
    clean: Clean
    quiet: bool = False
    moving: bool = False
    total: int = 0
    _running: dict[StepId, str] = field(default_factory=dict)
    _ended: int = 0

    def problems(self, items: Iterable[Problem]) -> None:
        """Each problem as ``file:line:column: error: what is wrong``, its hint below."""
        self.output.lines(line for item in items for line in self._problem(item))

    def _problem(self, item: Problem) -> Iterator[Line]:
        place = f"{self.clean(item.where)}: " if item.where else ""
        tone = Tone.ERROR if item.severity is Severity.ERROR else Tone.WARNING
        yield Line(f"{place}{item.severity}: {self.clean(item.summary)}", tone=tone)
        yield from self._hint(item.hint)

    def _hint(self, hint: str) -> Iterator[Line]:
        if hint:
            yield Line(f"  hint: {self.clean(hint)}", tone=Tone.QUIET)

    def failure(self, failure: FailureText) -> None:
        """What ended the command, and what to do about it."""
        self.output.close()
        summary = Line(f"error: {self.clean(failure.summary)}", tone=Tone.ERROR)
        self.output.lines([summary, *self._hint(failure.hint)])

    def note(self, text: str) -> None:
        """One line."""
        if not self.quiet:
            self.output.lines([Line(self.clean(text))])

    def next_steps(self, text: str) -> None:
        """One line a step, set off from what happened."""
        if not self.quiet:
            self.output.lines(Line(self.clean(line)) for line in ("", *text.split("\n")))

    def event(self, event: Event) -> None:
        """A line for what begins and ends, or on a terminal a status and a line for what ends."""
        self._keep(event)
        if self.quiet:
            return
        if not isinstance(event, Reading | Started | Waiting) or not self.moving:
            self.output.lines(self._event(event))
        self.output.status(self._status(event))

    def _keep(self, event: Event) -> None:
        match event:
            case Reading():
                pass
            case Started(step):
                self._running[step] = ""
            case Waiting(step, why):
                self._running[step] = why
            case Finished() | Failed() | Skipped():
                self._running.pop(event.step, None)
                self._ended += 1
            case _:
                assert_never(event)

    def _event(self, event: Event) -> Iterator[Line]:
        match event:
            case Reading():
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

    def _doing(self, step: StepId) -> str:
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
        yield from (self._step(step, self._doing(step)) for step in steps[:MOST_SHOWN])
        if len(steps) > MOST_SHOWN:
            yield Line(f"and {len(steps) - MOST_SHOWN} more", tone=Tone.QUIET)
