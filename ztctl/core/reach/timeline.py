"""Versions of objects and the partial order of steps: every state a run can be interrupted in.

A state is a set of finished steps that contains all steps which its members need. States are
enumerated per host name, over the few objects that affect that name, because the number of states
is exponential in the number of steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from ztctl.core.model.facts import (
    DEFAULT_SETTINGS,
    UNKNOWN_TUNNEL,
    Application,
    Fact,
    LoginProvider,
    Members,
    OrganizationSettings,
    Policy,
    Record,
    Slot,
    TunnelRules,
    ZoneApplications,
    ZoneRecords,
    Zones,
)
from ztctl.core.model.graph import in_order
from ztctl.core.model.names import (
    HostIndex,
    closest_below,
    dns_wildcard,
    is_wildcard,
    upwards,
)
from ztctl.core.model.plan import StepId
from ztctl.core.reach.entries import Entry, HostState, entries, paths_of
from ztctl.core.reach.host_facts import sample_hosts, tests_in, witness
from ztctl.core.reach.people import unread_policy

Needs = Mapping[StepId, Collection[StepId]]
F = TypeVar("F", bound=Fact)
# Records that come, or go, by which one name exists: so many are told apart in the states of a run.
_MOST_PASSING = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """The fact of an object after a step; without a step, its present fact. ``None``: absent."""

    fact: Fact | None
    step: StepId | None = None


Versions = tuple[Version, ...]


@dataclass(frozen=True)
class Timeline:
    """The versions of every object of an account, and the steps that each step needs."""

    slots: Mapping[Slot, Versions]
    needs: Needs = field(default_factory=dict)

    # -- host names -------------------------------------------------------------------------

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """Exact names of all facts, and sample names for each wildcard; sorted.

        With them names without a record that stop a wildcard in a part of the run.
        """
        found = (sample_hosts(fact, self.witness) for fact in self._every_fact())
        records = (fact.name for fact in self._every_fact() if isinstance(fact, Record))
        stars = [name for name in records if is_wildcard(name)]
        passing = (name for name in self._passing if not is_wildcard(name))
        stopped = (name for name in passing if any(dns_wildcard(it, name) for it in stars))
        return tuple(sorted(set(stopped if stars else ()).union(*found)))

    @cached_property
    def witness(self) -> str:
        """The label that stands for a wildcard in sample names; it occurs nowhere else."""
        return witness(self._every_fact())

    def pattern(self, host: str) -> str:
        """The pattern for which a sample name stands; the name itself if it is a real one."""
        return host.replace(self.witness, "*")

    def _every_fact(self) -> Iterator[Fact]:
        for versions in self.slots.values():
            yield from (version.fact for version in versions if version.fact is not None)

    @cached_property
    def affected_hosts(self) -> tuple[str, ...]:
        """The host names that at least one step affects."""
        return tuple(host for host in self.hosts if self.steps(host))

    # -- objects and steps that affect a host name ------------------------------------------

    def steps(self, host: str) -> frozenset[StepId]:
        """Every step that may change who reaches which origin under a host name."""
        return self.cached(("steps", host), lambda: self.steps_of(self._slots_of(host)))

    def steps_of(self, slots: Iterable[Slot]) -> frozenset[StepId]:
        """Every step that writes one of these objects."""
        return frozenset(
            version.step
            for slot in slots
            for version in self.slots.get(slot, ())
            if version.step is not None
        )

    def groups_of_inline_policies(self, scope: HostScope) -> set[Slot]:
        """Groups that the app-scoped (not reusable) policies of the host's applications use."""
        return self._groups_of(scope.core)

    def steps_by_policy(self, scope: HostScope) -> Iterator[frozenset[StepId]]:
        """For each reusable policy of a host: its steps, those of Deny policies and their groups.

        Deny policies count with each policy: they restrict every Allow behind them.
        """
        denials = [
            slot
            for slot in scope.policies
            if any(policy.decision == "deny" for policy in self._facts(slot, Policy))
        ]
        for slot in scope.policies:
            together = [slot, *denials]
            yield self.steps_of([*together, *self._groups_of(together)])

    def _slots_of(self, host: str) -> frozenset[Slot]:
        core = self._core(host)
        policies = [slot for slot in self._policies_of(core) if slot in self.slots]
        return frozenset({*core, *policies, *self._groups_of([*policies, *core])})

    def _core(self, host: str) -> list[Slot]:
        """DNS records, the tunnels they point to, applications and the organisation."""
        records = self._records_of(host)
        ids = {fact.tunnel for slot in records for fact in self._facts(slot, Record) if fact.tunnel}
        tunnels: Iterable[Slot] = ((TunnelRules, key) for key in sorted(ids))
        found = [*records, *(slot for slot in tunnels if slot in self.slots)]
        found += dict.fromkeys(self._meeting(Application, host))
        return [*found, *self._organizations]

    def records_of(self, host: str) -> Iterator[Record]:
        """Every version of each record that may answer for a host, following CNAMEs."""
        return (fact for slot in self._records_of(host) for fact in self._facts(slot, Record))

    def _records_of(self, host: str) -> list[Slot]:
        """The DNS records of a host, following CNAMEs; each name once, so loops end.

        With them those that stop a wildcard and come or go in the run.
        """
        waiting, seen = [host], {host}
        found: dict[Slot, None] = {}
        while waiting:
            name = waiting.pop()
            for slot in self._meeting(Record, name):
                found[slot] = None
                found |= dict.fromkeys(self._stopping(slot, name))
                aliases = {fact.alias for fact in self._facts(slot, Record) if fact.alias} - seen
                seen |= aliases
                waiting += aliases
        return list(found)

    def _stopping(self, slot: Slot, host: str) -> Iterator[Slot]:
        for record in self._facts(slot, Record):
            if is_wildcard(record.name) and record.name != host:
                yield from self._passing.get(closest_below(record.name, host), ())

    @cached_property
    def _passing(self) -> Mapping[str, Collection[Slot]]:
        """Names that exist in a part of the run only, with some records by which they exist.

        Of many that come, or go, a few are enough: as long as one of them is there, the name
        exists, and both ends of the run are as they are. With all there would be too many states.
        """
        going, coming = defaultdict[str, list[Slot]](list), defaultdict[str, list[Slot]](list)
        for slot, versions in self.slots.items():
            first, last = versions[0].fact, versions[-1].fact
            for found, fact, other in ((going, first, last), (coming, last, first)):
                if isinstance(fact, Record) and (other is None or other.names != fact.names):
                    for name in upwards(fact.name):
                        found[name].append(slot)
        return {
            name: (*going[name][:_MOST_PASSING], *coming[name][:_MOST_PASSING])
            for name in (*going, *coming)
            if not self.zones.exists(name)
        }

    @cached_property
    def _organizations(self) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.slots if slot[0] is OrganizationSettings)

    def cached(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
        """Memoise a result, also for other modules; keys begin with the result's name."""
        if key not in self._cache:
            self._cache[key] = compute()
        found: T = self._cache[key]
        return found

    @cached_property
    def _cache(self) -> dict[tuple[object, ...], Any]:
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

    def _groups_of(self, slots: Iterable[Slot]) -> set[Slot]:
        """Groups used by policies and by app-scoped policies of applications, nested ones too."""
        waiting = [
            test
            for slot in slots
            for fact in self._facts(slot, Fact)
            for policy in (fact.policies if isinstance(fact, Application) else (fact,))
            if isinstance(policy, Policy)
            for test in tests_in(policy.about)
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

    def _facts(self, slot: Slot, of: type[F]) -> Iterator[F]:
        for version in self.slots.get(slot, ()):
            if isinstance(version.fact, of):
                yield version.fact

    def _meeting(self, of: type[Fact], host: str) -> Iterator[Slot]:
        """Objects of this class of facts with a name that meets the host; may repeat some."""
        index = self.cached(
            ("index", of),
            lambda: HostIndex(
                (slot, fact.names)
                for slot in self.slots
                if slot[0] is of
                for fact in self._facts(slot, of)
            ),
        )
        return index.meeting([host])

    # -- order ------------------------------------------------------------------------------

    @cached_property
    def _order(self) -> list[StepId]:
        steps = dict.fromkeys(
            version.step for versions in self.slots.values() for version in versions if version.step
        )
        # Steps without facts count as well: they may stand between two steps that have them.
        known = dict.fromkeys([*steps, *(n for need in self.needs.values() for n in need)])
        return in_order(list(known), self.needs, str)

    @cached_property
    def _predecessors(self) -> Mapping[StepId, int]:
        """For each step, all its direct and transitive needs, as a bit set over ``_place``.

        Bit sets, because ``comes_before`` is asked for every pair of steps of every host.
        """
        bits: dict[StepId, int] = {}
        for step in self._order:
            found = 0
            for need in self.needs.get(step, ()):
                found |= bits[need] | 1 << self._place[need]
            bits[step] = found
        return bits

    @cached_property
    def _place(self) -> Mapping[StepId, int]:
        return {step: index for index, step in enumerate(self._order)}

    def comes_before(self, one: StepId, other: StepId) -> bool:
        """True if ``other`` needs ``one``, directly or transitively."""
        return bool(self._predecessors[other] >> self._place[one] & 1)

    def last_of(self, done: Iterable[StepId]) -> tuple[StepId, ...]:
        """The maximal steps of a set: those that no other step of it needs; sorted."""
        chosen = set(done)
        needed = {one for one in chosen for other in chosen if self.comes_before(one, other)}
        return tuple(sorted(chosen - needed))

    def states(self, steps: Iterable[StepId]) -> Iterator[frozenset[StepId]]:
        """Every subset of these steps that holds, with a step, all of its needs among them."""
        # In topological order, so that the needs of a step are decided before it.
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
        """A copy with further needs; each edge is (step, the step it needs)."""
        needs = {step: set(found) for step, found in self.needs.items()}
        for step, need in edges:
            needs.setdefault(step, set()).add(need)
        return Timeline(self.slots, needs)

    @cached_property
    def all_steps(self) -> frozenset[StepId]:
        """Every step that changes a fact."""
        return self.steps_of(self.slots)

    @property
    def has_cycle(self) -> bool:
        """True if the needs of the steps form a cycle."""
        known = {step for versions in self.slots.values() for v in versions if (step := v.step)}
        return not known <= set(self._order)

    def closure(self, done: Iterable[StepId], among: Iterable[StepId]) -> frozenset[StepId]:
        """Those steps of ``among`` that are in ``done`` or that ``done`` needs transitively."""
        bits = 0
        for step in done:
            bits |= self._predecessors[step] | 1 << self._place[step]
        return frozenset(step for step in among if bits >> self._place[step] & 1)

    # -- states -----------------------------------------------------------------------------

    def scope(self, host: str) -> HostScope:
        """Collect the objects that decide who reaches a host name, over all states."""
        core = self._core(host)
        policies = self._policies_of(core)
        applications = [fact for slot in core for fact in self._facts(slot, Application)]
        tunnels = (fact for slot in core for fact in self._facts(slot, TunnelRules))
        rules = (rule for fact in tunnels for rule in fact.every_rule)
        paths = paths_of(host, applications, rules, self.witness)
        return HostScope(self, host, tuple(core), tuple(policies), paths)

    @cached_property
    def zones(self) -> Zones:
        """The zones of the account; they are the same in every state."""
        found = [it for it in self._every_fact() if isinstance(it, ZoneRecords)]
        bare = Zones(found)
        lasting = (
            versions[0].fact.name
            for versions in self.slots.values()
            if isinstance(versions[0].fact, Record)
            and bare.decides(versions[0].fact)
            and all(
                it.fact is not None and it.fact.names == versions[0].fact.names for it in versions
            )
        )
        return Zones(found, lasting)

    @cached_property
    def guarded(self) -> frozenset[str]:
        """The zones whose own lists of applications were asked for."""
        return frozenset(it.name for it in self._every_fact() if isinstance(it, ZoneApplications))

    def tunnel_at(self, key: str, done: Collection[StepId]) -> TunnelRules | None:
        """The rules of a tunnel; ``None``: absent. One that is not among the facts is unknown."""
        slot = (TunnelRules, key)
        found: TunnelRules | None = self.fact_at(slot, done)
        return found if slot in self.slots else UNKNOWN_TUNNEL

    def policy_at(self, key: str, done: Collection[StepId]) -> Policy | None:
        """A reusable policy; ``None``: absent. One that is not among the facts admits anybody."""
        slot = (Policy, key)
        found: Policy | None = self.fact_at(slot, done)
        return found if slot in self.slots else unread_policy(key)

    def fact_at(self, slot: Slot, done: Collection[StepId]) -> Any:
        """The fact of an object when exactly these steps are done; ``None``: absent."""
        # Versions are in plan order: the last finished one holds.
        found: Fact | None = None
        for version in self.slots.get(slot, ()):
            if version.step is None or version.step in done:
                found = version.fact
        return found


@dataclass(frozen=True, slots=True)
class HostScope:
    """A host name and every object that decides who reaches it in some state.

    Attributes:
        core: records, tunnels, applications, the organisation.
        policies: the reusable policies of the applications.
        paths: sample paths; computed over all states, so that entries of two states compare.
    """

    timeline: Timeline
    host: str
    core: tuple[Slot, ...]
    policies: tuple[Slot, ...]
    paths: tuple[str, ...]

    def entries_at(self, done: Collection[StepId]) -> frozenset[Entry]:
        """The entries of the host when exactly these steps are done."""
        return entries(self.state_at(done))

    def state_at(self, done: Collection[StepId]) -> HostState:
        """The facts that decide about the host when exactly these steps are done."""
        facts = [self.timeline.fact_at(slot, done) for slot in self.core]

        def lookup(of: type[Fact]) -> Callable[[str], Any]:
            return lambda key: self.timeline.fact_at((of, key), done)

        return HostState(
            self.host,
            tuple(fact for fact in facts if isinstance(fact, Record)),
            self.timeline.zones,
            lambda key: self.timeline.tunnel_at(key, done),
            tuple(fact for fact in facts if isinstance(fact, Application)),
            lambda key: self.timeline.policy_at(key, done),
            lookup(Members),
            next((it for it in facts if isinstance(it, OrganizationSettings)), DEFAULT_SETTINGS),
            self.paths,
            lookup(LoginProvider),
        )


def current_timeline(facts: Mapping[Slot, Fact]) -> Timeline:
    """The timeline of an account as it is now, without any step."""
    return Timeline({slot: (Version(fact),) for slot, fact in facts.items()})
