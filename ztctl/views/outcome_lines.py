"""Group an outcome by change instead of by step, and format it as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ztctl.core.model.events import Failed, Outcome
from ztctl.core.model.plan import Change, Plan, Reason, StepId, Summary
from ztctl.core.runs.journal import Ending, ending_of
from ztctl.views.escape import Clean
from ztctl.views.plan_lines import BLANK, FIELD, OBJECT
from ztctl.views.styled_line import Line, Tone
from ztctl.views.wording import ACTIONS, done_figures

LOST = "nobody knows whether it was done, the answer never came"


_OPENINGS = {
    Ending.COMPLETE: "Apply complete",
    Ending.PARTIAL: "Applied in part",
    Ending.NOTHING: "Nothing was applied",
    Ending.INTERRUPTED: "Interrupted",
}
# Of `ztctl destroy`.
_OPENINGS_OF_DESTROY = {
    **_OPENINGS,
    Ending.COMPLETE: "Destroy complete",
    Ending.PARTIAL: "Destroyed in part",
    Ending.NOTHING: "Nothing was destroyed",
}


@dataclass(frozen=True, slots=True)
class OutcomeByChange:
    """The result of every change of a plan; each change is in exactly one group.

    Attributes:
        done: changes of which every step was done.
        failed: changes of which a step failed.
        skipped: changes not finished because another change failed.
        not_started: changes not finished because the run was interrupted.
        summary: counts of what was done, without housekeeping.
        destroys: all that carries the stack's mark was to go.
    """

    status: Ending
    done: list[Change] = field(default_factory=list)
    failed: list[Change] = field(default_factory=list)
    skipped: list[Change] = field(default_factory=list)
    not_started: list[Change] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    destroys: bool = False


def group_by_change(plan: Plan, outcome: Outcome) -> OutcomeByChange:
    """Put every change of the plan into exactly one group."""
    failed = {item.step for item in outcome.failed}
    skipped = {item.step for item in outcome.skipped}
    done = set(outcome.done)
    destroys = any(change.reason is Reason.DESTROYED for change in plan.changes)
    found = OutcomeByChange(ending_of(outcome), destroys=destroys)
    for change in plan.changes:
        steps = {step.id for step in change.steps}
        # Failures first: a change that failed also has later steps that were skipped for it.
        if steps & failed:
            found.failed.append(change)
        elif steps & skipped:
            found.skipped.append(change)
        elif steps <= done:
            found.done.append(change)
        else:
            found.not_started.append(change)
    return replace(found, summary=replace(plan, changes=tuple(found.done)).summary)


def closing(found: OutcomeByChange) -> str:
    """The closing line of an apply or destroy, which scripts parse: its form never changes."""
    figures = "" if found.status is Ending.NOTHING else done_figures(found.summary)
    counted = {
        "failed": found.failed,
        "skipped": found.skipped,
        "not started": found.not_started,
    }
    rest = ", ".join(f"{len(changes)} {word}" for word, changes in counted.items() if changes)
    parts = [part for part in (figures, rest) if part]
    openings = _OPENINGS_OF_DESTROY if found.destroys else _OPENINGS
    return ": ".join((openings[found.status], *(["; ".join(parts)] if parts else []))) + "."


@dataclass(frozen=True, slots=True)
class OutcomeLines:
    """Formats an outcome, part by part."""

    clean: Clean
    outcome: Outcome
    changes: OutcomeByChange

    def done(self) -> Iterator[Line]:
        """Changes that are done; empty after a complete apply, where the closing line is enough."""
        if self.changes.done and self.changes.status is not Ending.COMPLETE:
            yield Line("Done:", tone=Tone.STRONG)
            for change in self.changes.done:
                yield Line(self.clean(change.address), ACTIONS[change.action].symbol, OBJECT)
            yield BLANK

    def revoked(self) -> Iterator[Line]:
        """Applications whose sessions were revoked."""
        if self.outcome.revoked:
            yield Line("Revoked, everybody has to log in again:", tone=Tone.STRONG)
            for address in self.outcome.revoked:
                yield Line(self.clean(address), "", OBJECT)
            yield BLANK

    def undone(self) -> Iterator[Line]:
        """What failed, was skipped in consequence, or was not started before an interruption."""
        if self.outcome.failed:
            yield Line("Failed:", tone=Tone.ERROR)
            for failed in self.outcome.failed:
                yield from self._failed(failed)
            yield BLANK
        yield from self._listed("Skipped:", self.changes.skipped)
        yield from self._listed("Not started:", self.changes.not_started)
        if self.changes.status in (Ending.PARTIAL, Ending.INTERRUPTED):
            yield Line("The same command once more does what is left.")
            yield BLANK

    def _failed(self, failed: Failed) -> Iterator[Line]:
        address, verb = self.clean(failed.step.address), self.clean(failed.step.verb)
        before = self._before(failed.step)
        yield Line(f"{address} ({verb}): {self.clean(failed.reason)}{before}", "!", OBJECT)
        if failed.lost:
            yield Line(LOST, "", FIELD)
        if failed.hint:
            yield Line(f"hint: {self.clean(failed.hint)}", "", FIELD, Tone.QUIET)

    def _listed(self, title: str, changes: Sequence[Change]) -> Iterator[Line]:
        if not changes:
            return
        yield Line(title, tone=Tone.WARNING)
        because = {item.step.address: item.because_of for item in self.outcome.skipped}
        for change in changes:
            cause = because.get(change.address)
            reason = f" because {self.clean(cause.address)} failed" if cause else ""
            before = self._before(change.steps[0].id) if change.steps else ""
            yield Line(f"{self.clean(change.address)}{reason}{before}", "", OBJECT)
        yield BLANK

    def _before(self, step: StepId) -> str:
        """Name the steps of the same change that were done, so that a half-done change shows."""
        verbs = [done.verb for done in self.outcome.done if done.address == step.address]
        return f" (done before: {', '.join(map(self.clean, verbs))})" if verbs else ""
