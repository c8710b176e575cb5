"""The order of an apply: a graph of steps, with edges from references and from host names.

Creation runs policy, tunnel, DNS, certificate; removal runs backwards. No kind is named here: edges
follow from the host names that each step opens, closes, covers and uncovers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import references
from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.graph import find_cycle
from ztctl.core.model.kind import Kinds
from ztctl.core.model.names import HostIndex
from ztctl.core.model.plan import Action, Change, Edge, Phase, Step, StepId
from ztctl.core.model.values import Ref
from ztctl.core.reach.effects import effects, places


def ordered(changes: Sequence[Change], kinds: Kinds, now: Mapping[str, Fact]) -> tuple[Change, ...]:
    """Fill in the needs of all steps; ``now`` holds the facts of the live objects by id.

    Raises:
        ValueError: when the needs form a cycle; the text names it.
    """
    needs: dict[StepId, set[StepId]] = defaultdict(set)
    for step, need in chain(
        _within(changes),
        _references(changes),
        _releases(changes, kinds),
        _by_unique_value(changes, kinds),
        _by_host(changes, kinds, now),
        _last(changes),
    ):
        if step != need:
            needs[step].add(need)
    cycle = find_cycle([step.id for change in changes for step in change.steps], needs)
    if cycle:
        raise ValueError(" → ".join(map(str, cycle)))
    return with_needs(changes, needs)


def with_needs(
    changes: Iterable[Change], needs: Mapping[StepId, Collection[StepId]]
) -> tuple[Change, ...]:
    """The changes with these needs of their steps, and no others."""
    return tuple(
        replace(
            change,
            steps=tuple(
                replace(step, needs=frozenset(needs.get(step.id, ()))) for step in change.steps
            ),
        )
        for change in changes
    )


def _within(changes: Sequence[Change]) -> Iterator[Edge]:
    """The steps of one change run in sequence."""
    for change in changes:
        for earlier, later in pairwise(change.steps):
            yield later.id, earlier.id


def _references(changes: Sequence[Change]) -> Iterator[Edge]:
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


def _releases(changes: Sequence[Change], kinds: Kinds) -> Iterator[Edge]:
    """An object is deleted only after every live object stops referring to it, or is deleted."""
    deleted = {
        (change.address.kind, live.id): change
        for change in changes
        if change.action in (Action.DELETE, Action.REPLACE)
        for live in (change.live, *change.others)
        if live is not None
    }
    for change in changes:
        kind = kinds[change.address.kind]
        for live in (change.live, *change.others):
            for used in kind.uses(live) if live is not None else ():
                target = deleted.get(used)
                if target is not None and target.address != change.address:
                    yield from _release(change, target)


def _last(changes: Sequence[Change]) -> Iterator[Edge]:
    """What is to be last waits for every step of the others."""
    others = [step for change in changes if not change.last for step in change.steps]
    for change in changes:
        if change.last:
            yield from ((step.id, other.id) for step in change.steps for other in others)


def _release(change: Change, target: Change) -> Iterator[Edge]:
    last = StepId(target.address, "delete")
    for step in change.steps:
        # A replaced object is deleted before its successor exists, so that an update which will
        # refer to the successor cannot come first.
        if target.action is Action.DELETE or step.id.verb == "delete":
            yield last, step.id


def _by_unique_value(changes: Sequence[Change], kinds: Kinds) -> Iterator[Edge]:
    """A unique value goes from one object to another: first the one that has it gives it up.

    Where two exchange theirs, no order does: the service refuses one, and the next apply goes on.
    """
    for name in sorted({name for change in changes for name in kinds[change.address.kind].unique}):
        yield from _by_field(changes, kinds, name)


def _by_field(changes: Sequence[Change], kinds: Kinds, name: str) -> Iterator[Edge]:
    having = [it for it in changes if name in kinds[it.address.kind].unique]
    given: dict[tuple[str, object], tuple[Change, Step]] = {}
    for change in having:
        live = change.live
        if live is None:
            continue
        held = live.name if name == "name" else live.values.get(name)
        for step in change.steps:
            if step.id.verb == "delete" or step.values.get(name, held) != held:
                given[change.address.kind, held] = (change, step)
    waits = {
        change.address: (step, *given[change.address.kind, step.values[name]])
        for change in having
        for step in change.steps
        if step.values.get(name) is not None
        and (change.address.kind, step.values[name]) in given
        and given[change.address.kind, step.values[name]][0].address != change.address
    }
    for address, (step, giver, freed) in waits.items():
        passed, behind = {address}, giver.address
        while behind in waits and behind not in passed:
            passed.add(behind)
            behind = waits[behind][1].address
        if behind not in passed:
            yield step.id, freed.id


def _by_host(changes: Sequence[Change], kinds: Kinds, now: Mapping[str, Fact]) -> Iterator[Edge]:
    steps = [step for change in changes for step in change.steps]
    covering = HostIndex((step, step.covers) for step in steps)
    opening = HostIndex((step, step.opens) for step in steps)
    closing = HostIndex((step, step.closes) for step in steps)
    handed, placed = _handed_over(steps), frozenset(_by_place(changes, now))
    yield from placed

    def before_uncovering(names: frozenset[str]) -> Iterator[Step]:
        """Steps that close these names, which a step uncovers."""
        yield from closing.meeting(names - handed)
        for other in closing.meeting(names & handed):
            # The deletion of a record needs nothing, not even a new application.
            if other.phase is Phase.DNS and other.id.verb == "delete":
                yield other

    def needs_of(step: Step) -> Iterator[Step]:
        yield from before_uncovering(step.uncovers)
        # A name moves between applications: where the patterns differ, the new application covers
        # the name before the old one stops to, unless it has to wait for a place of that.
        moving = covering.meeting(step.uncovers - handed)
        found = (it for it in moving if it.id.address != step.id.address)
        yield from (it for it in found if (it.id, step.id) not in placed)
        # Names are opened from the origin outwards, ingress first and then DNS; closed inwards.
        yield from (it for it in opening.meeting(step.opens) if it.phase < step.phase)
        for it in closing.meeting(step.closes):
            inner = it.phase > step.phase and not _comes_later(it, step)
            if inner or _comes_later(step, it):
                yield it

    for step, opened in _lasting_openings(changes):
        yield from ((step.id, need.id) for need in covering.meeting(opened))
    for step in steps:
        yield from ((step.id, need.id) for need in needs_of(step))
    for step, owner in _owned_deletions(changes, kinds):
        covered = effects(now.get(owner), None).uncovers
        yield from ((step.id, need.id) for need in before_uncovering(covered))


def _comes_later(deletion: Step, step: Step) -> bool:
    """Whether something is deleted only after this step, which closes the same name."""
    return deletion.id.verb == "delete" and step.closes_first


def _by_place(changes: Sequence[Change], now: Mapping[str, Fact]) -> Iterator[Edge]:
    """A place of one host moves between applications: the old one gives it up first.

    The API refuses a second application with the same place.
    """
    taken: list[tuple[str, Step]] = []
    given: dict[str, list[Step]] = defaultdict(list)
    for change in changes:
        facts = dict[Slot, Fact | None]()
        for step in change.steps:
            for slot, fact in step.makes:
                had, has = places(facts.get(slot, now.get(slot[1]))), places(fact)
                taken += ((place, step) for place in has - had)
                for place in had - has:
                    given[place].append(step)
                facts[slot] = fact
    for place, step in taken:
        others = (it for it in given[place] if it.id.address != step.id.address)
        yield from ((step.id, it.id) for it in others)


def _lasting_openings(changes: Iterable[Change]) -> Iterator[tuple[Step, frozenset[str]]]:
    """Each step with the names that it opens and no later step of the same change opens again.

    A tunnel whose connector stops checking tokens for a while opens names that are covered anyway.
    """
    for change in changes:
        later = frozenset[str]()
        for step in reversed(change.steps):
            yield step, step.opens - later
            later |= step.opens


def _owned_deletions(changes: Sequence[Change], kinds: Kinds) -> Iterator[tuple[Step, str]]:
    """Each step that deletes an owned object, with the id of its owner.

    The owner's names are closed before it: while they lead to an origin, the object is in use.
    """
    for change in changes:
        kind = kinds[change.address.kind]
        if kind.owner and change.action is Action.DELETE and change.live is not None:
            yield from ((step, change.live.owner) for step in change.steps)


def _handed_over(steps: Sequence[Step]) -> frozenset[str]:
    """The names that one application stops covering and another one covers."""
    former: dict[str, set[Address]] = defaultdict(set)
    for step in steps:
        for name in step.uncovers:
            former[name].add(step.id.address)
    return frozenset(
        name for step in steps for name in step.covers if former[name] - {step.id.address}
    )
