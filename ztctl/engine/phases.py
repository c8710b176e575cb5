"""Phases, a soft order of steps: policy, tunnel, DNS, certificate; reversed for deletions.

Hard dependencies are in `Step.needs`. In addition, a later phase begins only when the earlier one
is finished, so that a run which is killed leaves policies and tunnels without a DNS record rather
than a record that leads to unprotected ones. The order never blocks: when nothing else can go on,
the steps of the earliest phase that can begin all begin, so that they can share a batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ztctl.core.model.plan import Step


def allowed(ready: Sequence[Step], unfinished: Iterable[Step], *, alone: bool) -> Collection[Step]:
    """The ready steps that may begin now; steps with ``tail`` neither wait nor are waited for.

    Args:
        ready: steps whose needs are met.
        unfinished: all steps that are neither done, failed nor skipped.
        alone: no step is running.
    """
    earliest: dict[bool, int] = {}
    for step in unfinished:
        if not step.tail:
            direction, rank = _is_deletion(step), _rank(step)
            earliest[direction] = min(earliest.get(direction, rank), rank)
    found = [step for step in ready if step.tail or _rank(step) <= earliest[_is_deletion(step)]]
    if found or not alone:
        return found
    first = min(map(_rank, ready), default=0)
    return [step for step in ready if _rank(step) == first]


def following(step: Step, unsent: Iterable[Step]) -> Sequence[Step]:
    """The steps of the next phase once no other step of this one's is left; else none."""
    rest = [other for other in unsent if not other.tail]
    if any(_place(other) == _place(step) for other in rest):
        return []
    first = min(map(_rank, rest), default=0)
    return [other for other in rest if _rank(other) == first]


def _place(step: Step) -> tuple[bool, int]:
    return _is_deletion(step), _rank(step)


def _is_deletion(step: Step) -> bool:
    return step.id.verb == "delete"


def _rank(step: Step) -> int:
    return -step.phase if _is_deletion(step) else step.phase
