"""The order of an apply: a graph of steps, with edges from references and from host names.

Creation runs policy, tunnel, DNS, certificate; removal runs backwards. No kind is named here: edges
follow from the host names that each step opens, closes, covers and uncovers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import references
from ztctl.core.model.graph import find_cycle, in_order
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.names import HostIndex
from ztctl.core.model.plan import Action, Change, Phase, Step, StepId
from ztctl.core.model.values import Ref

Needs = dict[StepId, set[StepId]]


def ordered(changes: Sequence[Change], kinds: Kinds) -> tuple[Change, ...]:
    """Fill in the needs of all steps.

    Raises:
        ValueError: when the needs form a cycle; the text names it.
    """
    needs: Needs = defaultdict(set)
    for step, need in chain(
        _within(changes),
        _references(changes),
        _releases(changes, kinds),
        _by_host(changes, kinds),
    ):
        if step != need:
            needs[step].add(need)
    _refuse_cycle(changes, needs)
    return tuple(
        replace(
            change,
            steps=tuple(replace(step, needs=frozenset(needs[step.id])) for step in change.steps),
        )
        for change in changes
    )


def _refuse_cycle(changes: Sequence[Change], needs: Needs) -> None:
    ids = [step.id for change in changes for step in change.steps]
    if len(in_order(ids, needs, str)) < len(ids):
        raise ValueError(" → ".join(str(step) for step in find_cycle(ids, needs)))


def _within(changes: Sequence[Change]) -> Iterator[tuple[StepId, StepId]]:
    """The steps of one change run in sequence."""
    for change in changes:
        for earlier, later in pairwise(change.steps):
            yield later.id, earlier.id


def _references(changes: Sequence[Change]) -> Iterator[tuple[StepId, StepId]]:
    """A step that refers to an object needs the step that creates it."""
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
    """An object is deleted only after every live object stops referring to it, or is deleted."""
    deleted = {
        (change.address.kind, live.id): change
        for change in changes
        if change.action in (Action.DELETE, Action.REPLACE)
        for live in (change.live, *change.others)
        if live is not None
    }
    for change in changes:
        for target in _live_targets(change, kinds, deleted.get):
            yield from _release(change, target)


def _release(change: Change, target: Change) -> Iterator[tuple[StepId, StepId]]:
    last = StepId(target.address, "delete")
    for step in change.steps:
        # A replaced object is deleted before its successor exists, so that an update which will
        # refer to the successor cannot come first.
        if target.action is Action.DELETE or step.id.verb == "delete":
            yield last, step.id


def _live_targets(
    change: Change, kinds: Kinds, find: Callable[[tuple[str, str]], Change | None]
) -> Iterator[Change]:
    """The changes, found by kind and id, of the objects that a changed live object refers to."""
    kind = kinds[change.address.kind]
    for live in (change.live, *change.others):
        if live is None:
            continue
        for used in kind.uses(live):
            target = find(used)
            if target is not None and target.address != change.address:
                yield target


def _by_host(changes: Sequence[Change], kinds: Kinds) -> Iterator[tuple[StepId, StepId]]:
    steps = [step for change in changes for step in change.steps]
    covering = HostIndex((step, step.covers) for step in steps)
    opening = HostIndex((step, step.opens) for step in steps)
    closing = HostIndex((step, step.closes) for step in steps)
    uncovering = HostIndex((step, step.uncovers) for step in steps)
    handed = _handed_over(steps)

    def cformer(names: frozenset[str]) -> Iterator[Step]:
        yield from closing.meeting(names - handed)
        yield from _record_deletions(closing.meeting(names & handed))

    for step, opened in _lasting_openings(changes):
        yield from _edges(step, covering.meeting(opened))
    for step in steps:
        yield from _edges(step, cformer(step.uncovers))
        # A name moves between applications: the API refuses a second application with the same
        # domain, so the old one gives it up first; where the patterns differ, the new application
        # covers the name before the old one stops to.
        yield from _edges(step, _of_other_objects(uncovering.named(step.covers), step))
        yield from _edges(step, _of_other_objects(covering.meeting(step.uncovers - handed), step))
        yield from _edges(step, _of_earlier_phases(opening.meeting(step.opens), step))
        yield from _edges(step, _of_later_phases(closing.meeting(step.closes), step))
    for owned, owner in _going_with_owner(changes, kinds):
        for step in owner.steps:
            yield from _edges(owned, cformer(step.uncovers))


def _lasting_openings(changes: Iterable[Change]) -> Iterator[tuple[Step, frozenset[str]]]:
    """Each step with the names that it opens and no later step of the same change opens again.

    A tunnel whose connector stops checking tokens for a while opens names that are covered anyway.
    """
    for change in changes:
        later = frozenset[str]()
        for step in reversed(change.steps):
            yield step, step.opens - later
            later |= step.opens


def _going_with_owner(changes: Sequence[Change], kinds: Kinds) -> Iterator[tuple[Step, Change]]:
    """Each deletion of an owned object, with the change of its owner.

    The names of the owner are closed before it: while they lead to an origin, the object is in use.
    """
    owners = {(change.address.kind, change.live.id): change for change in changes if change.live}
    for change in changes:
        kind: Kind = kinds[change.address.kind]
        if kind.owner and change.action is Action.DELETE and change.live is not None:
            owner = owners.get((kind.owner, change.live.owner))
            if owner is not None:
                yield from ((step, owner) for step in change.steps)


def _handed_over(steps: Sequence[Step]) -> frozenset[str]:
    """The names that one application stops covering and another one covers."""
    former: dict[str, set[Address]] = defaultdict(set)
    for step in steps:
        for name in step.uncovers:
            former[name].add(step.id.address)
    return frozenset(
        name for step in steps for name in step.covers if former[name] - {step.id.address}
    )


def _of_other_objects(steps: Iterable[Step], than: Step) -> Iterator[Step]:
    return (step for step in steps if step.id.address != than.id.address)


def _record_deletions(steps: Iterable[Step]) -> Iterator[Step]:
    """Those steps that delete a DNS record: they need nothing, not even a new application."""
    return (step for step in steps if step.phase is Phase.DNS and step.id.verb == "delete")


def _edges(step: Step, needs: Iterable[Step]) -> Iterator[tuple[StepId, StepId]]:
    return ((step.id, need.id) for need in needs)


def _of_earlier_phases(steps: Iterable[Step], to: Step) -> Iterator[Step]:
    """Names are opened from the origin outwards: ingress first, then DNS."""
    return (step for step in steps if step.phase < to.phase)


def _of_later_phases(steps: Iterable[Step], to: Step) -> Iterator[Step]:
    """Names are closed from the outside inwards: DNS first, then ingress."""
    return (step for step in steps if step.phase > to.phase)
