"""Faults that somebody might make, each as a patch of one small function of ztctl.

The walk has to find every one of them. A patch speaks of the function that decides today: where
that moves, the patch moves with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ztctl.cli.apply_flow import Plans
from ztctl.core.model import names
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.facts import Openness, Zones
from ztctl.core.model.flows import Flows, Unseen
from ztctl.core.model.names import dns_wildcard
from ztctl.core.model.plan import StepId
from ztctl.core.planning import planner, safety, step_graph
from ztctl.core.reach import access_changes, entries, invariants, people, versions
from ztctl.core.reach import unseen as unseen_module
from ztctl.core.reach.timeline import Timeline
from ztctl.engine.lock import Lock
from ztctl.kinds import facts

Patch = Callable[[pytest.MonkeyPatch], None]


def _states_in_between(patch: pytest.MonkeyPatch) -> None:
    """Only what is so after a run is looked at, not what is so on its way."""
    plain = invariants._find_bad_states

    def last(timeline: Timeline, host: str, public: Any) -> Any:
        found = plain(timeline, host, public)
        ends = (frozenset[StepId](), timeline.steps(host))
        return {done: broken for done, broken in found.items() if done in ends}

    patch.setattr(invariants, "_find_bad_states", last)


def _records_before_applications(patch: pytest.MonkeyPatch) -> None:
    """Steps are not ordered by the names that they open and cover."""
    _states_in_between(patch)
    patch.setattr(step_graph, "_by_host", lambda *_: iter(()))


def _foreign_applications(patch: pytest.MonkeyPatch) -> None:
    """Applications without a mark are not looked at."""
    plain = versions.facts_of

    def own(live: Any, kinds: Any) -> Any:
        kind = "access_application"
        marked = tuple(one for one in live.get(kind, ()) if one.mark is not None)
        return plain({**live, kind: marked}, kinds)

    patch.setattr(planner, "facts_of", own)


def _unread_zones(patch: pytest.MonkeyPatch) -> None:
    """What was not read is not there."""
    patch.setattr(planner, "unseen", lambda _: Unseen())
    patch.setattr(Zones, "is_empty_at", lambda zones, name: zones.of(name) is not None)


def _aliases(patch: pytest.MonkeyPatch) -> None:
    """A record that names another name leads somewhere else."""
    plain = facts.record

    def record(*given: Any) -> Any:
        found: Any = plain(*given)
        return replace(found, alias="nowhere.invalid") if found and found.alias else found

    patch.setattr(facts, "record", record)


def _catch_all(patch: pytest.MonkeyPatch) -> None:
    """A rule without a host name serves nobody."""
    plain = entries.rules_for

    def named(host: str, rules: Any) -> Any:
        return plain(host, [rule for rule in rules if rule.hostname not in ("", "*")])

    patch.setattr(entries, "rules_for", named)


def _elsewhere(patch: pytest.MonkeyPatch) -> None:
    """Whoever gets to what is no tunnel gets nowhere."""
    plain = entries.ends_of

    def ends(*given: Any) -> Any:
        return (end for end in plain(*given) if isinstance(end, str))

    patch.setattr(entries, "ends_of", ends)


def _no_record_is_unknown(patch: pytest.MonkeyPatch) -> None:
    """A name without a record may lead anywhere, though its zone was read."""
    patch.setattr(Zones, "is_empty_at", lambda *_: False)


def _bypass(patch: pytest.MonkeyPatch) -> None:
    """A policy that asks nobody counts as one that asks."""
    plain = people.openness

    def openness(policy: Any, *given: Any) -> Openness:
        return Openness.CLOSED if policy.decision == "bypass" else plain(policy, *given)

    patch.setattr(entries, "openness", openness)


def _groups(patch: pytest.MonkeyPatch) -> None:
    """Who is in a group changes nothing for the applications that use it."""
    patch.setattr(Timeline, "_groups_of", lambda *_: set())


def _paths(patch: pytest.MonkeyPatch) -> None:
    """An application before one path guards the whole host."""
    patch.setattr(entries, "path_matches", lambda *_: True)


def _depth(patch: pytest.MonkeyPatch) -> None:
    """The star of an application stands for names of any depth."""

    def covers(pattern: str, host: str) -> bool:
        return pattern == host or dns_wildcard(pattern, host)

    patch.setattr(entries, "access_covers", covers)


def _most_specific(patch: pytest.MonkeyPatch) -> None:
    """Of several applications before a name the widest decides."""
    plain = names.specificity

    def least(*given: Any) -> Any:
        return tuple(-rank for rank in plain(*given))

    patch.setattr(entries, "specificity", least)


def _zones_guard(patch: pytest.MonkeyPatch) -> None:
    """What only a zone lists decides like any application."""
    plain = entries.applications_for
    patch.setattr(entries, "deciding", lambda *given: (plain(*given), []))


def _zones_list(patch: pytest.MonkeyPatch) -> None:
    """No zone is asked for applications of its own."""
    patch.setattr(unseen_module, "_unread_guards", lambda *_: frozenset())


def _plan_under_lock(patch: pytest.MonkeyPatch) -> None:
    """A plan is carried out as it was shown, whatever has happened since."""

    async def as_shown(plans: Plans) -> Any:
        return plans.plan

    patch.setattr(Plans, "plan_under_lock", as_shown)


def _no_lock(patch: pytest.MonkeyPatch) -> None:
    """Two runs do not see each other's flag."""
    patch.setattr(Lock, "_others", lambda *_: [])


def _one_lock_a_stack(patch: pytest.MonkeyPatch) -> None:
    """A run sees the flags of its own stack alone."""
    plain = Lock._others

    def others(lock: Lock, seen: Any) -> Any:
        return [flag for flag in plain(lock, seen) if flag.holder.stack == lock.holder.stack]

    patch.setattr(Lock, "_others", others)


def _lost_answers(patch: pytest.MonkeyPatch) -> None:
    """What was made while the answer was lost is made again."""

    def create(kind: Flows, values: Any) -> Any:
        try:
            return (yield from kind.create(values))
        except CallFailed as failure:
            if not failure.lost:
                raise
        return (yield from kind.create(values))

    patch.setattr(Flows, "create_once", create)


def _told(patch: pytest.MonkeyPatch) -> None:
    """Who gains entry is told of the names of the file alone."""
    plain = access_changes.access_changes

    def changes(*given: Any) -> Any:
        found = plain(*given)
        return tuple(change for change in found if change.host.endswith("example.com"))

    patch.setattr(safety, "access_changes", changes)


def _exposure(patch: pytest.MonkeyPatch) -> None:
    """A yes to one open name is a yes to all."""
    plain = safety._is_allowed

    def is_allowed(violation: Any, allowances: Any) -> bool:
        return bool(allowances.exposure) or plain(violation, allowances)

    patch.setattr(safety, "_is_allowed", is_allowed)


FAULTS: dict[str, Patch] = {
    "states in between": _states_in_between,
    "records before applications": _records_before_applications,
    "foreign applications": _foreign_applications,
    "unread zones": _unread_zones,
    "aliases": _aliases,
    "catch-all rules": _catch_all,
    "names that lead elsewhere": _elsewhere,
    "no record is unknown": _no_record_is_unknown,
    "bypass": _bypass,
    "groups": _groups,
    "paths": _paths,
    "depth of stars": _depth,
    "the most specific application": _most_specific,
    "guards of zones": _zones_guard,
    "lists of zones": _zones_list,
    "plan under the lock": _plan_under_lock,
    "no lock": _no_lock,
    "one lock a stack": _one_lock_a_stack,
    "lost answers": _lost_answers,
    "what is told": _told,
    "a yes to one name": _exposure,
}
