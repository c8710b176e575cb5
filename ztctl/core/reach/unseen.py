"""What decides who reaches the hosts of a run, and is not among the facts yet.

Derived from what the run changes: the zones in which an affected name can lie, those into which its
aliases lead, and the tunnels at their ends. Only a rule for every host name concerns all zones.
Applications that a zone lists by itself matter where protection comes or goes, or a way in does;
those of every zone where a policy or group becomes open, which any of them may use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ztctl.core.model.facts import (
    Fact,
    Ingress,
    LoginProvider,
    Members,
    Openness,
    Policy,
    Slot,
    TunnelRules,
)
from ztctl.core.model.flows import Unseen
from ztctl.core.model.names import is_wildcard, may_meet, serves_every_name
from ztctl.core.model.plan import StepId
from ztctl.core.reach.effects import changed_names
from ztctl.core.reach.host_facts import sample_hosts
from ztctl.core.reach.people import openness
from ztctl.core.reach.timeline import Timeline, Versions


def unseen(timeline: Timeline, hosts: Iterable[str] | None = None) -> Unseen:
    """The names without known records and the tunnels without known rules that decide.

    ``hosts``: those to look at; by default those that the run affects, or may as far as is known.
    """
    names: set[str] = set()
    tunnels: set[str] = set()
    looked = {*timeline.affected_hosts, *_written(timeline)} if hosts is None else {*hosts}
    for host in looked:
        records = list(timeline.records_of(host))
        names |= {timeline.pattern(host), *(record.alias for record in records if record.alias)}
        tunnels |= {record.tunnel for record in records if record.tunnel is not None}
    if hosts is None and any(map(_serves_more_names, _tunnels(timeline))):
        names.add("*")
    return Unseen(
        frozenset(name for name in names if _is_unread(timeline, name)),
        frozenset(key for key in tunnels if _is_unknown(timeline, key)),
        _unread_guards(timeline, None if hosts is None else looked),
    )


def _unread_guards(timeline: Timeline, hosts: Iterable[str] | None) -> frozenset[str]:
    """The zones of these hosts whose lists are not known; by default of hosts opened or closed."""
    found: set[str] = set()
    if hosts is None and any(_changes_its_openness(timeline, slot) for slot in timeline.slots):
        found |= {zone.name for zone in timeline.zones.meeting("*")} - timeline.guarded
    for host in timeline.affected_hosts if hosts is None else hosts:
        zones = {zone.name for zone in timeline.zones.meeting(timeline.pattern(host))}
        # The zones first: to evaluate a host costs more.
        fresh = zones - timeline.guarded - found
        if fresh and (hosts is not None or _opens_or_closes(timeline, host)):
            found |= fresh
    return frozenset(found)


def _opens_or_closes(timeline: Timeline, host: str) -> bool:
    """True if protection of a host changes, or a way to it, or how open it is."""
    scope = timeline.scope(host)
    for slot in scope.core:
        facts = [version.fact for version in timeline.slots[slot]]
        for before, after in pairwise(facts):
            if any(may_meet(name, host) for name in changed_names(before, after)):
                return True
    first, last = (
        {(it.path, it.origin, it.openness) for it in scope.entries_at(done)}
        for done in ((), timeline.steps(host))
    )
    return first != last


def _changes_its_openness(timeline: Timeline, slot: Slot) -> bool:
    """True for a policy or group that becomes open, or less so, and that any zone may use.

    Less counts as well: a policy may exclude a group, and a Deny policy counts by its visitors.
    """
    versions = timeline.slots[slot]
    # Nobody uses what is new, and the service deletes nothing that is used.
    stays = versions[0].fact is not None and versions[-1].fact is not None
    if slot[0] not in (Policy, Members) or len(versions) == 1 or not stays:
        return False
    first, last = (_degrees(timeline, slot, done) for done in ((), timeline.all_steps))
    return first != last


def _degrees(timeline: Timeline, slot: Slot, done: Collection[StepId]) -> list[Openness]:
    """How open a policy is, or one about the same visitors."""

    def lookup(of: type[Fact]) -> Callable[[str], Any]:
        return lambda key: timeline.fact_at((of, key), done)

    fact = timeline.fact_at(slot, done)
    policy = Policy("bypass", fact) if isinstance(fact, Members) else fact
    tried = (replace(policy, decision=name) for name in ("bypass", "allow", policy.decision))
    return [openness(it, lookup(Members), lookup(LoginProvider)) for it in tried]


def _written(timeline: Timeline) -> Iterator[str]:
    """The names of what the run writes: whether they lead to it may depend on what is unknown.

    So may names that are known and are matched by a wildcard of what it writes, if they are
    aliases.
    """
    stars: set[str] = set()
    for versions in timeline.slots.values():
        for version in versions if len(versions) > 1 else ():
            yield from sample_hosts(version.fact, timeline.witness)
            names = version.fact.names if version.fact is not None else ()
            stars |= {name for name in names if is_wildcard(name)}
    for host in timeline.hosts if stars else ():
        if any(may_meet(star, host) for star in stars):
            yield from (host for record in timeline.records_of(host) if record.alias)


def _is_unread(timeline: Timeline, name: str) -> bool:
    return any(not (zone.read or zone.gap) for zone in timeline.zones.meeting(name))


def _is_unknown(timeline: Timeline, key: str) -> bool:
    found = timeline.tunnel_at(key, ())
    return found is not None and found.rules is None


def _tunnels(timeline: Timeline) -> Iterator[Versions]:
    return (found for (of, _), found in timeline.slots.items() if of is TunnelRules)


def _serves_more_names(versions: Versions) -> bool:
    """True if a rule for every host name appears. No record leads to a tunnel that is new."""
    first, *later = ([*_rules_for_every_name(version.fact)] for version in versions)
    added = any(rule not in first for rules in later for rule in rules)
    return added and versions[0].fact is not None


def _rules_for_every_name(fact: object) -> Iterator[Ingress]:
    rules = fact.every_rule if isinstance(fact, TunnelRules) else ()
    return (rule for rule in rules if rule.is_origin and serves_every_name(rule.hostname))
