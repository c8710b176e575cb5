"""The phases as a preference: policy, tunnel, DNS, certificate, and backwards when removing.

What must come first stands in the steps' needs. Beyond that a later phase begins only when the
earlier one is through, so that a run which is cut off leaves what is inside rather than what
leads to it. A preference never stops anything: when nothing else can go on, the nearest goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ztctl.core.model.plan import Phase, Step, StepId


class Phases:
    """Which steps are not finished yet, by phase and direction."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._left: dict[tuple[bool, Phase], set[StepId]] = {
            (removing, phase): set() for removing in (False, True) for phase in Phase
        }
        for step in steps:
            if not step.tail:
                self._left[_removes(step), step.phase].add(step.id)

    def leave(self, step: StepId) -> None:
        """The step is done, failed or skipped."""
        for left in self._left.values():
            left.discard(step)

    def allowed(self, ready: Sequence[Step], *, alone: bool) -> Collection[Step]:
        """The ready steps that may begin now; ``alone`` says that nothing is under way."""
        free = [step for step in ready if not self._is_early(step)]
        if free or not alone or not ready:
            return free
        return [min(ready, key=_distance)]

    def _is_early(self, step: Step) -> bool:
        if step.tail:
            return False
        removing = _removes(step)
        before = [phase for phase in Phase if (phase > step.phase) == removing]
        return any(self._left[removing, phase] for phase in before if phase != step.phase)


def _removes(step: Step) -> bool:
    return step.id.verb == "delete"


def _distance(step: Step) -> int:
    return -step.phase if _removes(step) else step.phase
