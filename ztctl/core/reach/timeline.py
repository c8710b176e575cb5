"""Every state that a run can be cut off in, by host name: versions of objects and their order.

A state is a set of finished steps that the order allows. It concerns one host name by the versions
of few objects, so that the states of each name are gone through, never those of the whole plan.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from ztctl.core.model.facts import (
    Application,
    Fact,
    Members,
    OrganizationSettings,
    Policy,
    Record,
    Slot,
    TunnelRules,
)
from ztctl.core.model.graph import in_order
from ztctl.core.model.names import HostIndex
from ztctl.core.model.plan import StepId
from ztctl.core.reach.entries import Entry, HostState, entries, paths_of
from ztctl.core.reach.host_facts import examples, names_of, tests_in

Needs = Mapping[StepId, Collection[StepId]]
F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Version:
    """What an object is once a step is done; without a step, what it is now."""

    fact: Fact | None
    step: StepId | None = None


Versions = tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One state as it concerns one name: what is done, and who reaches what."""

    done: frozenset[StepId]
    entries: frozenset[Entry]


@dataclass(frozen=True)
class Timeline:
    """The versions of every object of an account, and what must come before what."""

    slots: Mapping[Slot, Versions]
    needs: Needs = field(default_factory=dict)

    # -- names ------------------------------------------------------------------------------

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """Every name worth a look: the exact ones, and for each star one of every sort."""
        found: set[str] = set()
        for name in self._said:
            found |= set(examples(name))
        return tuple(sorted(found))

    @cached_property
    def moving(self) -> tuple[str, ...]:
        """The names that some step concerns."""
        return tuple(host for host in self.hosts if self.steps(host))

    @cached_property
    def _said(self) -> frozenset[str]:
        names: set[str] = set()
        for versions in self.slots.values():
            for version in versions:
                names |= set(names_of(version.fact))
        return frozenset(names)

    # -- what concerns a name ---------------------------------------------------------------

    def steps(self, host: str) -> frozenset[StepId]:
        """Every step that may change who reaches what under a name."""
        key = "steps", host
        if key not in self.memory:
            self.memory[key] = self.steps_of(self._concerning(host))
        found: frozenset[StepId] = self.memory[key]
        return found

    def steps_of(self, slots: Iterable[Slot]) -> frozenset[StepId]:
        """Every step that changes one of these objects."""
        return frozenset(
            version.step
            for slot in slots
            for version in self.slots.get(slot, ())
            if version.step is not None
        )

    def groups_of_own(self, look: Look) -> set[Slot]:
        """The groups of the policies that belong to one application alone."""
        return self._groups_of((), look.core)

    def steps_by_policy(self, look: Look) -> Iterator[frozenset[StepId]]:
        """For each policy of a name: the steps of it, of the denials, and of their groups."""
        denials = [
            slot
            for slot in look.policies
            if any(policy.decision == "deny" for policy in self._facts(slot, Policy))
        ]
        for slot in look.policies:
            together = [slot, *denials]
            yield self.steps_of([*together, *self._groups_of(together)])

    def _concerning(self, host: str) -> frozenset[Slot]:
        core = self._core(host)
        policies = [slot for slot in self._policies_of(core) if slot in self.slots]
        return frozenset({*core, *policies, *self._groups_of(policies, core)})

    def _core(self, host: str) -> list[Slot]:
        """Records, the tunnels they lead to, applications, the organisation."""
        records = self._records_of(host)
        ids = {fact.tunnel for slot in records for fact in self._facts(slot, Record) if fact.tunnel}
        tunnels: Iterable[Slot] = ((TunnelRules, key) for key in sorted(ids))
        found = [*records, *(slot for slot in tunnels if slot in self.slots)]
        found += dict.fromkeys(self._applications.meeting([host]))
        return [*found, *self._organizations]

    def _records_of(self, host: str) -> list[Slot]:
        """The records of a name, and those of the names that it is an alias of."""
        waiting, seen = [host], {host}
        found: dict[Slot, None] = {}
        while waiting:
            for slot in self._records.meeting([waiting.pop()]):
                found[slot] = None
                news = {fact.alias for fact in self._facts(slot, Record) if fact.alias} - seen
                seen |= news
                waiting += news
        return list(found)

    @cached_property
    def _organizations(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot[0] is OrganizationSettings)

    @cached_property
    def memory(self) -> dict[object, Any]:
        """What was found out about this timeline, for those who ask again."""
        return {}

    def _policies_of(self, core: Iterable[Slot]) -> list[Slot]:
        ids = dict.fromkeys(
            item
            for slot in core
            for app in self._facts(slot, Application)
            for item in app.policies
            if isinstance(item, str)
        )
        return [(Policy, item) for item in ids]

    def _groups_of(self, policies: Iterable[Slot], core: Iterable[Slot] = ()) -> set[Slot]:
        waiting = [
            test
            for slot in policies
            for policy in self._facts(slot, Policy)
            for test in tests_in(policy.about)
        ]
        waiting += [
            test
            for slot in core
            for app in self._facts(slot, Application)
            for own in app.policies
            if isinstance(own, Policy)
            for test in tests_in(own.about)
        ]
        found: set[Slot] = set()
        while waiting:
            test = waiting.pop()
            slot = (Members, test.value)
            if test.selector == "group" and slot in self.slots and slot not in found:
                found.add(slot)
                for members in self._facts(slot, Members):
                    waiting += tests_in(members)
        return found

    def _facts(self, slot: Slot, sort: type[F]) -> Iterator[F]:
        for version in self.slots.get(slot, ()):
            if isinstance(version.fact, sort):
                yield version.fact

    @cached_property
    def _records(self) -> HostIndex[Slot]:
        return HostIndex(
            (slot, [fact.name])
            for slot in self.slots
            if slot[0] is Record
            for fact in self._facts(slot, Record)
        )

    @cached_property
    def _applications(self) -> HostIndex[Slot]:
        return HostIndex(
            (slot, [place.partition("/")[0] for place in fact.places])
            for slot in self.slots
            if slot[0] is Application
            for fact in self._facts(slot, Application)
        )

    # -- order ------------------------------------------------------------------------------

    @cached_property
    def _order(self) -> list[StepId]:
        steps = dict.fromkeys(
            version.step for versions in self.slots.values() for version in versions if version.step
        )
        known = dict.fromkeys([*steps, *(n for need in self.needs.values() for n in need)])
        return in_order(list(known), self.needs, str)

    @cached_property
    def _behind(self) -> Mapping[StepId, int]:
        """For each step, the set of all that come before it, as bits in the order."""
        bits: dict[StepId, int] = {}
        place = {step: index for index, step in enumerate(self._order)}
        for step in self._order:
            found = 0
            for need in self.needs.get(step, ()):
                found |= bits[need] | 1 << place[need]
            bits[step] = found
        return bits

    @cached_property
    def _place(self) -> Mapping[StepId, int]:
        return {step: index for index, step in enumerate(self._order)}

    def comes_before(self, one: StepId, other: StepId) -> bool:
        """True when the other step waits for the one, however many steps are between."""
        return bool(self._behind[other] >> self._place[one] & 1)

    def last_of(self, done: Iterable[StepId]) -> tuple[StepId, ...]:
        """The steps of these that none of the others waits for."""
        chosen = list(done)
        return tuple(
            sorted(
                step
                for step in chosen
                if not any(self.comes_before(step, other) for other in chosen)
            )
        )

    def states(self, steps: Iterable[StepId]) -> Iterator[frozenset[StepId]]:
        """Every set of these steps that can be done while the others of them are not."""
        chosen = sorted(steps, key=self._place.__getitem__)
        needed = [
            frozenset(i for i, other in enumerate(chosen) if self.comes_before(other, step))
            for step in chosen
        ]

        def grow(index: int, done: frozenset[int]) -> Iterator[frozenset[int]]:
            if index == len(chosen):
                yield done
                return
            yield from grow(index + 1, done)
            if needed[index] <= done:
                yield from grow(index + 1, done | {index})

        for done in grow(0, frozenset()):
            yield frozenset(chosen[index] for index in done)

    def with_needs(self, edges: Iterable[tuple[StepId, StepId]]) -> Timeline:
        """The same objects in a stricter order; each edge is a step and what it waits for."""
        needs = {step: set(found) for step, found in self.needs.items()}
        for step, need in edges:
            needs.setdefault(step, set()).add(need)
        return Timeline(self.slots, needs)

    @property
    def has_ring(self) -> bool:
        """True when steps wait for each other."""
        known = {step for versions in self.slots.values() for v in versions if (step := v.step)}
        return not known <= set(self._order)

    def closed(self, done: Iterable[StepId], among: Iterable[StepId]) -> frozenset[StepId]:
        """These steps, and those of the others that must have been done before them."""
        bits = 0
        for step in done:
            bits |= self._behind[step] | 1 << self._place[step]
        return frozenset(step for step in among if bits >> self._place[step] & 1)

    # -- moments ----------------------------------------------------------------------------

    def look(self, host: str) -> Look:
        """What one name needs to be looked at in any state."""
        core = self._core(host)
        policies = self._policies_of(core)
        applications = [fact for slot in core for fact in self._facts(slot, Application)]
        elsewhere = not any(slot[0] is TunnelRules for slot in core)
        return Look(
            self, host, tuple(core), tuple(policies), paths_of(host, applications), elsewhere
        )

    def fact_at(self, slot: Slot, done: Collection[StepId]) -> Any:
        """What an object is when these steps are done; ``None`` where there is none."""
        found: Fact | None = None
        for version in self.slots.get(slot, ()):
            if version.step is None or version.step in done:
                found = version.fact
        return found


@dataclass(frozen=True, slots=True)
class Look:
    """One name, and all that concerns it."""

    timeline: Timeline
    host: str
    core: tuple[Slot, ...]
    policies: tuple[Slot, ...]
    paths: tuple[str, ...]
    is_elsewhere: bool

    def at(self, done: Collection[StepId]) -> Moment:
        """Who reaches what when these steps are done and no others."""
        line = self.timeline
        facts = [line.fact_at(slot, done) for slot in self.core]

        def tunnel(key: str) -> TunnelRules | None:
            # What is neither read nor made here belongs to somebody else's account.
            found: TunnelRules | None = line.fact_at((TunnelRules, key), done)
            return found

        state = HostState(
            self.host,
            tuple(fact for fact in facts if isinstance(fact, Record)),
            tunnel,
            tuple(fact for fact in facts if isinstance(fact, Application)),
            lambda key: line.fact_at((Policy, key), done),
            lambda key: line.fact_at((Members, key), done),
            next(
                (fact for fact in facts if isinstance(fact, OrganizationSettings)),
                OrganizationSettings(),
            ),
            self.paths,
            self.is_elsewhere,
        )
        return Moment(frozenset(done), entries(state))


def now(facts: Mapping[Slot, Fact]) -> Timeline:
    """An account as it is, without any step."""
    return Timeline({slot: (Version(fact),) for slot, fact in facts.items()})
