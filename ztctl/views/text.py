"""Everything as text for people, after Terraform's conventions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from ztctl.core.model.diagnostics import Problem
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.plan import Plan
from ztctl.views import tally
from ztctl.views.aside import Aside
from ztctl.views.escape import Clean
from ztctl.views.line import Line, Paint, Tone
from ztctl.views.planned import BLANK, Planned
from ztctl.views.sink import Stream, put
from ztctl.views.view import FailureText


class TextView:
    """Plan, outcome and documents on stdout; the rest beside it."""

    def __init__(
        self, stdout: TextIO, aside: Aside, clean: Clean, *, paint: Paint, quiet: bool
    ) -> None:
        self._stdout = stdout
        self._page = Stream(stdout, paint)
        self._aside = aside
        self._clean = clean
        self._quiet = quiet

    def plan(self, plan: Plan) -> None:
        """Every change with its reason, then warnings, refusals and the closing line."""
        self.close()
        self._aside.total = len(plan.steps)
        self._page.lines(self._plan(plan))

    def _plan(self, plan: Plan) -> Iterator[Line]:
        told = Planned(self._clean)
        yield from told.exposed(plan)
        if not self._quiet:
            if plan.changes:
                yield from told.preface(plan)
                yield BLANK
            yield from told.changes(plan)
            yield from told.access(plan)
            yield from told.warnings(plan)
        yield from told.refusals(plan)
        yield told.closing(plan)

    def event(self, event: Event) -> None:
        """Progress, on stderr."""
        self._aside.event(event)

    def outcome(self, plan: Plan, outcome: Outcome) -> None:
        """What was done and what was not, then the closing line."""
        self.close()
        found = tally.tally(plan, outcome)
        told = tally.Recap(self._clean, outcome, found)
        done = () if self._quiet else told.done()
        closing = Line(tally.closing(found), tone=Tone.STRONG)
        self._page.lines([*done, *told.revoked(), *told.undone(), closing])

    def problems(self, items: Iterable[Problem]) -> None:
        """What is wrong, on stderr."""
        self._aside.problems(items)

    def failure(self, failure: FailureText) -> None:
        """What ended the command, on stderr."""
        self._aside.failure(failure)

    def document(self, text: str) -> None:
        """The text itself, on stdout."""
        self.close()
        put(self._stdout, self._clean.redact(text))

    def note(self, text: str) -> None:
        """A line for people, on stderr."""
        self._aside.note(text)

    def next_steps(self, text: str) -> None:
        """What may be done next, on stderr."""
        self._aside.next_steps(text)

    def close(self) -> None:
        """Take the live status away."""
        self._aside.sink.close()
