"""An outcome counted by change instead of by step, and told in lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ztctl.core.model.events import Failed, Outcome
from ztctl.core.model.plan import Change, Plan, StepId, Summary
from ztctl.views.escape import Clean
from ztctl.views.plan_lines import BLANK, FIELD, OBJECT
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wording import SYMBOLS, done_figures

LOST = "nobody knows whether it was done, the answer never came"


class Status(StrEnum):
    """How an apply ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NOTHING = "nothing"
    INTERRUPTED = "interrupted"


_OPENINGS = {
    Status.COMPLETE: "Apply complete",
    Status.PARTIAL: "Applied in part",
    Status.NOTHING: "Nothing was applied",
    Status.INTERRUPTED: "Interrupted",
}


@dataclass(frozen=True, slots=True)
class OutcomeByChange:
    """What became of every change; a change is done when all its steps are.

    Attributes:
        done: changes of which every step was done.
        failed: changes of which a step failed.
        skipped: changes not finished because another change failed.
        not_started: changes not finished because the run was interrupted.
        summary: the figures of what was done, housekeeping left out.
    """

    status: Status
    done: tuple[Change, ...]
    failed: tuple[Change, ...]
    skipped: tuple[Change, ...]
    not_started: tuple[Change, ...]
    summary: Summary


def group_by_change(plan: Plan, outcome: Outcome) -> OutcomeByChange:
    """Sort every change of the plan into exactly one place."""
    failed = _with_any(plan.changes, {item.step for item in outcome.failed})
    rest = _without(plan.changes, failed)
    skipped = _with_any(rest, {item.step for item in outcome.skipped})
    rest = _without(rest, skipped)
    done_steps = set(outcome.done)
    done = tuple(change for change in rest if all(step.id in done_steps for step in change.steps))
    summary = replace(plan, changes=done).summary
    return OutcomeByChange(_status(outcome), done, failed, skipped, _without(rest, done), summary)


def _with_any(changes: tuple[Change, ...], steps: set[StepId]) -> tuple[Change, ...]:
    return tuple(change for change in changes if any(step.id in steps for step in change.steps))


def _without(changes: tuple[Change, ...], others: tuple[Change, ...]) -> tuple[Change, ...]:
    gone = {id(change) for change in others}
    return tuple(change for change in changes if id(change) not in gone)


def _status(outcome: Outcome) -> Status:
    if outcome.interrupted:
        return Status.INTERRUPTED
    if outcome.is_complete:
        return Status.COMPLETE
    # A lost write may have been done: to say "nothing" would be a guess.
    untouched = not outcome.done and not any(item.lost for item in outcome.failed)
    return Status.NOTHING if untouched else Status.PARTIAL


def closing(found: OutcomeByChange) -> str:
    """The last line of an apply, which scripts read: it never changes its form."""
    figures = "" if found.status is Status.NOTHING else done_figures(found.summary)
    counted = {
        "failed": found.failed,
        "skipped": found.skipped,
        "not started": found.not_started,
    }
    rest = ", ".join(f"{len(changes)} {word}" for word, changes in counted.items() if changes)
    parts = [part for part in (figures, rest) if part]
    return ": ".join((_OPENINGS[found.status], *(["; ".join(parts)] if parts else []))) + "."


@dataclass(frozen=True, slots=True)
class OutcomeLines:
    """Tells an outcome to people, part by part."""

    clean: Clean
    outcome: Outcome
    changes: OutcomeByChange

    def done(self) -> Iterator[Line]:
        """What is done; after a complete apply the closing line says it all."""
        if self.changes.done and self.changes.status is not Status.COMPLETE:
            yield Line("Done:", tone=Tone.STRONG)
            for change in self.changes.done:
                yield Line(self.clean(change.address), SYMBOLS[change.action], OBJECT)
            yield BLANK

    def revoked(self) -> Iterator[Line]:
        """The applications whose tokens hold no more."""
        if self.outcome.revoked:
            yield Line("Revoked, everybody has to log in again:", tone=Tone.STRONG)
            for address in self.outcome.revoked:
                yield Line(self.clean(address), "", OBJECT)
            yield BLANK

    def undone(self) -> Iterator[Line]:
        """What failed, and what was not done in consequence or for want of time."""
        if self.outcome.failed:
            yield Line("Failed:", tone=Tone.ERROR)
            for failed in self.outcome.failed:
                yield from self._failed(failed)
            yield BLANK
        yield from self._listed("Skipped:", self.changes.skipped)
        yield from self._listed("Not started:", self.changes.not_started)

    def _failed(self, failed: Failed) -> Iterator[Line]:
        address, verb = self.clean(failed.step.address), self.clean(failed.step.verb)
        before = self._before(failed.step)
        yield Line(f"{address} ({verb}): {self.clean(failed.reason)}{before}", "!", OBJECT)
        if failed.lost:
            yield Line(LOST, "", FIELD)
        if failed.hint:
            yield Line(f"hint: {self.clean(failed.hint)}", "", FIELD, Tone.QUIET)

    def _listed(self, title: str, changes: tuple[Change, ...]) -> Iterator[Line]:
        if not changes:
            return
        yield Line(title, tone=Tone.WARNING)
        because = {item.step.address: item.because_of for item in self.outcome.skipped}
        for change in changes:
            cause = because.get(change.address)
            words = f" because {self.clean(cause.address)} failed" if cause else ""
            before = self._before(change.steps[0].id) if change.steps else ""
            yield Line(f"{self.clean(change.address)}{words}{before}", "", OBJECT)
        yield BLANK

    def _before(self, step: StepId) -> str:
        """The steps of the same change that were done, so that a half-done change shows."""
        verbs = [done.verb for done in self.outcome.done if done.address == step.address]
        return f" (done before: {', '.join(map(self.clean, verbs))})" if verbs else ""
