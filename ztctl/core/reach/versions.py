"""From changes to versions: what each step of a plan makes of each object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import replaced
from ztctl.core.model.facts import Application, Fact
from ztctl.core.model.kind import Kind, Kinds
from ztctl.core.model.objects import Live, Values
from ztctl.core.model.plan import Change, Step
from ztctl.core.model.values import Unknown
from ztctl.core.reach.host_facts import Slot
from ztctl.core.reach.timeline import Timeline, Version

Resolve = Callable[[Any], Any]

_NEW = "new "


def new_id(address: Address) -> str:
    """What stands for the id of an object that a run is going to make."""
    return f"{_NEW}{address}"


def is_new(text: str) -> bool:
    """True for what stands for an id."""
    return text.startswith(_NEW)


def made_at(text: str) -> Address:
    """The address of an object that a run is going to make, from what stands for its id."""
    return Address.parse(text.removeprefix(_NEW))


def facts_of(live: Mapping[str, Sequence[Live]], kinds: Kinds) -> Iterator[tuple[Slot, Fact]]:
    """What every live object means for who reaches what."""
    for kind in kinds:
        for item in live.get(kind.name, ()):
            fact = kind.fact(item.values, item)
            if fact is not None:
                yield (kind.name, item.id), fact


def timeline_of(
    changes: Iterable[Change],
    live: Mapping[str, Sequence[Live]],
    kinds: Kinds,
    resolve: Resolve,
) -> Timeline:
    """Every object of the account with what each step makes of it, in the order of the plan."""
    slots: dict[Slot, tuple[Version, ...]] = {
        slot: (Version(fact),) for slot, fact in facts_of(live, kinds)
    }
    needs = {}
    for change in changes:
        kind: Kind = kinds[change.address.kind]
        for step in change.steps:
            needs[step.id] = step.needs
            for key, made in _effects(kind, change, step, slots, resolve):
                slot = kind.name, key
                fact = replace(made, aud=key) if _has_no_aud(made) else made
                slots[slot] = (*slots.get(slot, (Version(None),)), Version(fact, step.id))
    return Timeline(slots, needs)


def _effects(
    kind: Kind,
    change: Change,
    step: Step,
    slots: Mapping[Slot, tuple[Version, ...]],
    resolve: Resolve,
) -> Iterator[tuple[str, Fact | None]]:
    values = with_new_ids(resolve(step.values))
    makes = step.id.verb == "create"
    live = None if makes else change.live
    key = live.id if live is not None else new_id(change.address)
    versions = slots.get((kind.name, key), ())
    before = versions[-1].fact if versions else None
    yield key, kind.fact_after(step, values, live, before)
    displaced: Values = step.values
    for other in displaced.get("displaces", ()):
        yield other, None


def _has_no_aud(fact: Fact | None) -> TypeGuard[Application]:
    return isinstance(fact, Application) and not fact.aud


def with_new_ids(values: Any) -> Any:
    """The same values with a stand-in for each id that exists only after apply."""
    return replaced(values, lambda leaf: new_id(leaf.of) if isinstance(leaf, Unknown) else leaf)
