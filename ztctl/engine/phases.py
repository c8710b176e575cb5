"""Phases, a soft order of steps: policy, tunnel, DNS, certificate; reversed for deletions.

Hard dependencies are in `Step.needs`. In addition, a later phase begins only when the earlier one
is finished, so that a run which is killed leaves policies and tunnels without a DNS record rather
than a record that leads to unprotected ones. The order never blocks: when nothing else can go on,
the step of the earliest phase begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ztctl.core.model.plan import Phase, Step, StepId


class Phases:
    """Unfinished steps by phase and direction (deletion or not); steps with ``tail`` are exempt."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._unfinished: dict[tuple[bool, Phase], set[StepId]] = {
            (is_deletion, phase): set() for is_deletion in (False, True) for phase in Phase
        }
        for step in steps:
            if not step.tail:
                self._unfinished[_is_deletion(step), step.phase].add(step.id)

    def leave(self, step: StepId) -> None:
        """Mark a step as finished: done, failed or skipped."""
        for steps in self._unfinished.values():
            steps.discard(step)

    def allowed(self, ready: Sequence[Step], *, alone: bool) -> Collection[Step]:
        """The ready steps that may begin now; ``alone`` is true while no step is running."""
        allowed = [step for step in ready if not self._must_wait(step)]
        if allowed or not alone or not ready:
            return allowed
        return [min(ready, key=_rank)]

    def _must_wait(self, step: Step) -> bool:
        if step.tail:
            return False
        is_deletion = _is_deletion(step)
        before = [phase for phase in Phase if (phase > step.phase) == is_deletion]
        return any(self._unfinished[is_deletion, phase] for phase in before if phase != step.phase)


def _is_deletion(step: Step) -> bool:
    return step.id.verb == "delete"


def _rank(step: Step) -> int:
    return -step.phase if _is_deletion(step) else step.phase
