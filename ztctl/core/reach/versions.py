"""The fact that each step of a plan gives each object, and the timeline built from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import replaced
from ztctl.core.model.facts import Application, Fact, Slot
from ztctl.core.model.kind import Kind, Kinds, Resolve
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Change, Step
from ztctl.core.model.values import Unknown
from ztctl.core.reach.effects import effects, merged
from ztctl.core.reach.timeline import Timeline, Version

_NEW = "new "


def new_id(address: Address) -> str:
    """A placeholder for the id of an object that the run is going to create."""
    return f"{_NEW}{address}"


def is_new(text: str) -> bool:
    """True for a placeholder made by ``new_id``."""
    return text.startswith(_NEW)


def address_of_new(text: str) -> Address:
    """The address in a placeholder made by ``new_id``."""
    return Address.parse(text.removeprefix(_NEW))


def facts_of(live: Mapping[str, Sequence[Live]], kinds: Kinds) -> Iterator[tuple[Slot, Fact]]:
    """The facts of all live objects; kinds without facts yield nothing."""
    for kind in kinds.values():
        for item in live.get(kind.name, ()):
            fact = kind.fact(item.values, item)
            if fact is not None:
                yield (type(fact), item.id), fact


def with_effects(
    change: Change, steps: Iterable[Step], now: Mapping[str, Fact], kind: Kind, resolve: Resolve
) -> Change:
    """Give a change these steps; fill in the facts they make and their effects on host names.

    ``now`` holds the facts of the live objects by id.
    """
    facts: dict[str, Fact | None] = {}
    filled: list[Step] = []
    for step in steps:
        live = None if step.id.verb == "create" else change.live
        key = live.id if live is not None else new_id(change.address)
        before = {it: facts.get(it, now.get(it)) for it in (key, *step.displaces)}
        after = dict.fromkeys(before)
        if step.keeps_fact:
            after[key] = before[key]
        elif step.id.verb != "delete":
            after[key] = kind.fact(with_new_ids(resolve(step.values)), live)
        match after[key]:
            case Application(aud="") as fact:
                # An aud is known only after the create; ingress rules refer to the placeholder.
                after[key] = replace(fact, aud=key)
        found = merged(effects(before[it], made) for it, made in after.items())
        facts |= after
        makes = (
            ((type(known), it), made)
            for it, made in after.items()
            if (known := made or before[it]) is not None
        )
        filled.append(replace(step, makes=tuple(makes), **found._asdict()))
    return replace(change, steps=tuple(filled))


def timeline_of(changes: Iterable[Change], now: Mapping[Slot, Fact]) -> Timeline:
    """The versions of every object: its present fact, then one for each step, in plan order."""
    slots: dict[Slot, tuple[Version, ...]] = {slot: (Version(fact),) for slot, fact in now.items()}
    needs = {}
    for step in (step for change in changes for step in change.steps):
        needs[step.id] = step.needs
        for slot, fact in step.makes:
            slots[slot] = (*slots.get(slot, (Version(None),)), Version(fact, step.id))
    return Timeline(slots, needs)


def with_new_ids(values: Any) -> Any:
    """Replace each ``Unknown`` in the values by the placeholder of its object's id."""
    return replaced(values, lambda leaf: new_id(leaf.of) if isinstance(leaf, Unknown) else leaf)
