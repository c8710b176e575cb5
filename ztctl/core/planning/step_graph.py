"""The order of an apply: a graph over steps, with edges from references and from host names.

Creation runs policy, tunnel, DNS, certificate; removal runs backwards. Nothing here is a list of
kinds: a step says which names it opens, closes, covers and uncovers, and the order follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import references
from ztctl.core.model.graph import in_order, ring
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import HostIndex
from ztctl.core.model.plan import Action, Change, Phase, Step, StepId
from ztctl.core.model.values import Ref

Needs = dict[StepId, set[StepId]]


def ordered(changes: Sequence[Change], kinds: Kinds) -> tuple[Change, ...]:
    """The same changes, each step knowing the steps that it needs.

    Raises:
        ValueError: when the steps wait for each other in a ring; the text names it.
    """
    needs: Needs = defaultdict(set)
    for step, need in chain(
        _within(changes),
        _references(changes),
        _releases(changes, kinds),
        _by_host([step for change in changes for step in change.steps]),
    ):
        if step != need:
            needs[step].add(need)
    _refuse_ring(changes, needs)
    return tuple(
        replace(
            change,
            steps=tuple(replace(step, needs=frozenset(needs[step.id])) for step in change.steps),
        )
        for change in changes
    )


def _refuse_ring(changes: Sequence[Change], needs: Needs) -> None:
    ids = [step.id for change in changes for step in change.steps]
    if len(in_order(ids, needs, str)) < len(ids):
        raise ValueError(" → ".join(str(step) for step in ring(ids, needs)))


def _within(changes: Sequence[Change]) -> Iterator[tuple[StepId, StepId]]:
    """The steps of one change follow each other."""
    for change in changes:
        for earlier, later in pairwise(change.steps):
            yield later.id, earlier.id


def _references(changes: Sequence[Change]) -> Iterator[tuple[StepId, StepId]]:
    """Who refers to an object waits for the step that makes it."""
    provided: dict[Address, list[StepId]] = {
        change.address: [step.id for step in change.steps if step.id.verb == "create"]
        for change in changes
    }
    for change in changes:
        for step in change.steps:
            for found in references(step.values):
                if isinstance(found, Ref):
                    yield from ((step.id, need) for need in provided.get(found.to, ()))


def _releases(changes: Sequence[Change], kinds: Kinds) -> Iterator[tuple[StepId, StepId]]:
    """An object goes only after everything that is live and refers to it has gone or let go."""
    going = {
        (change.address.kind, live.id): change
        for change in changes
        if change.action in (Action.DELETE, Action.REPLACE)
        for live in (change.live, *change.others)
        if live is not None
    }
    for change in changes:
        for target in _live_targets(change, kinds, going.get):
            yield from _release(change, target)


def _release(change: Change, target: Change) -> Iterator[tuple[StepId, StepId]]:
    last = StepId(target.address, "delete")
    for step in change.steps:
        # What is replaced cannot wait for those who will refer to its successor.
        if target.action is Action.DELETE or step.id.verb == "delete":
            yield last, step.id


def _live_targets(
    change: Change, kinds: Kinds, find: Callable[[tuple[str, str]], Change | None]
) -> Iterator[Change]:
    kind = kinds[change.address.kind]
    for live in (change.live, *change.others):
        if live is None:
            continue
        for used in kind.uses(live):
            target = find(used)
            if target is not None and target.address != change.address:
                yield target


def _by_host(steps: Sequence[Step]) -> Iterator[tuple[StepId, StepId]]:
    covering = HostIndex((step, step.covers) for step in steps)
    opening = HostIndex((step, step.opens) for step in steps)
    closing = HostIndex((step, step.closes) for step in steps)
    uncovering = HostIndex((step, step.uncovers) for step in steps)
    handed = _handed_over(steps)
    for step in steps:
        yield from _waits(step, covering.meeting(step.opens))
        yield from _waits(step, closing.meeting(step.uncovers - handed))
        yield from _waits(step, _gone(closing.meeting(step.uncovers & handed)))
        # A name changes hands: the API knows no two owners of one domain, so that the old one
        # lets go first; where the patterns differ the new one is there before the old one goes.
        yield from _waits(step, _others(uncovering.named(step.covers), step))
        yield from _waits(step, _others(covering.meeting(step.uncovers - handed), step))
        yield from _waits(step, _nearer(opening.meeting(step.opens), step))
        yield from _waits(step, _farther(closing.meeting(step.closes), step))


def _handed_over(steps: Sequence[Step]) -> frozenset[str]:
    """The names that one application gives up and another one takes."""
    given: dict[str, set[Address]] = defaultdict(set)
    for step in steps:
        for name in step.uncovers:
            given[name].add(step.id.address)
    return frozenset(
        name for step in steps for name in step.covers if given.get(name, set()) - {step.id.address}
    )


def _others(steps: Iterable[Step], than: Step) -> Iterator[Step]:
    return (step for step in steps if step.id.address != than.id.address)


def _gone(steps: Iterable[Step]) -> Iterator[Step]:
    """The records that go altogether: they wait for nobody, not even for a new application."""
    return (step for step in steps if step.phase is Phase.DNS and step.id.verb == "delete")


def _waits(step: Step, needs: Iterable[Step]) -> Iterator[tuple[StepId, StepId]]:
    return ((step.id, need.id) for need in needs)


def _nearer(steps: Iterable[Step], to: Step) -> Iterator[Step]:
    """Opening goes from the origin outwards: ingress first, then DNS."""
    return (step for step in steps if step.phase < to.phase)


def _farther(steps: Iterable[Step], to: Step) -> Iterator[Step]:
    """Closing goes from the outside inwards: DNS first, then ingress."""
    return (step for step in steps if step.phase > to.phase)
