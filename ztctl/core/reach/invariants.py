"""What must hold in every state that a run can be cut off in, and the order that makes it hold.

No open door: nobody without a credential reaches an origin, unless the file states it. No widening
on the way: who enters during the run could before, or may after. No lock-out on the way: who may
enter before and after may enter throughout. What is open already is no reason to refuse: a run is
held to what it breaks or makes worse itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from ztctl.core.model.plan import StepId
from ztctl.core.reach.entries import UNSEEN, Entry
from ztctl.core.reach.order_search import Order
from ztctl.core.reach.people import contained
from ztctl.core.reach.timeline import Look, Timeline

Edge = tuple[StepId, StepId]

# So few steps are gone through in every combination; more of them policy by policy, since nobody's
# way in depends on two policies but for the denials before it.
_TOGETHER = 6
# What exceeds this is refused instead of being gone through.
_MOST_STATES = 4096
_ROUNDS = 4


class Invariant(IntEnum):
    """What is broken, the gravest first."""

    NO_OPEN_DOOR = 1
    NO_WIDENING = 2
    NO_LOCK_OUT = 3
    NOT_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that some state breaks for one name.

    Attributes:
        entry: who reaches what, or for a lock-out whom it concerns.
        done: the steps of this name that are finished in that state.
        after: those of them behind which it comes about.
    """

    invariant: Invariant
    host: str
    entry: Entry | None
    done: frozenset[StepId]
    after: tuple[StepId, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Who reaches what under one name before a run and after it."""

    before: frozenset[Entry]
    after: frozenset[Entry]
    may_be_open: bool = False

    def broken_by(self, now: frozenset[Entry]) -> Iterator[tuple[Invariant, Entry]]:
        """What a state between the two breaks."""
        both = self.before | self.after
        for entry in sorted(now - both if self.may_be_open else now, key=str):
            if entry.nameless and not self.may_be_open and not is_in(entry, self._open_before):
                yield Invariant.NO_OPEN_DOOR, entry
            elif entry not in both and not is_in(entry, both):
                yield Invariant.NO_WIDENING, entry
        if now not in (self.before, self.after):
            seen = frozenset(entry for entry in now if entry.origin != UNSEEN)
            for entry in sorted(self._lasting(), key=str):
                if not _admitted(entry, now if entry.origin == UNSEEN else seen):
                    yield Invariant.NO_LOCK_OUT, entry

    @property
    def _open_before(self) -> frozenset[Entry]:
        return frozenset(entry for entry in self.before if entry.nameless)

    def _lasting(self) -> Iterator[Entry]:
        """Who may enter before and after; to an origin that is seen on both sides if there is."""
        seen = frozenset(entry for entry in self.after if entry.origin != UNSEEN)
        for entry in self.before:
            if _admitted(entry, seen):
                yield entry
            elif _admitted(entry, self.after):
                yield replace(entry, origin=UNSEEN)


def is_in(entry: Entry, among: Iterable[Entry]) -> bool:
    """True when everybody of this entry reaches the same origin by one of the others."""
    return any(
        entry.path == other.path
        and (entry.origin in (other.origin, UNSEEN))
        and contained(entry.grant, other.grant)
        for other in among
    )


def _admitted(entry: Entry, among: Iterable[Entry]) -> bool:
    """True when everybody of this entry comes in by one of the others, wherever to."""
    return any(
        entry.path == other.path
        and (entry.grant == other.grant or contained(entry.grant, other.grant))
        for other in among
    )


IsPublic = Callable[[str], bool]


def violations(
    timeline: Timeline, public: IsPublic, hosts: Iterable[str] | None = None
) -> tuple[Violation, ...]:
    """What every state of a run breaks, name by name; of each sort the earliest state."""
    found: list[Violation] = []
    for host in timeline.moving if hosts is None else hosts:
        bad = _bad_states(timeline, host, public)
        found += _told(timeline, host, bad)
    return tuple(found)


def spanned(timeline: Timeline, host: str, public: IsPublic) -> tuple[Look, Span]:
    """A name, and who reaches what before and after everything is done."""
    key = "span", host, public(host)
    if key not in timeline.memory:
        look = timeline.look(host)
        before, after = look.at(()), look.at(timeline.steps(host))
        timeline.memory[key] = look, Span(before.entries, after.entries, public(host))
    found: tuple[Look, Span] = timeline.memory[key]
    return found


Bad = dict[frozenset[StepId], tuple[tuple[Invariant, Entry | None], ...]]


def _bad_states(timeline: Timeline, host: str, public: IsPublic) -> Bad:
    key = "bad", host, public(host)
    if key not in timeline.memory:
        timeline.memory[key] = _found_bad(timeline, host, public)
    found: Bad = timeline.memory[key]
    return found


def _found_bad(timeline: Timeline, host: str, public: IsPublic) -> Bad:
    look, span = spanned(timeline, host, public)
    steps = timeline.steps(host)
    bad: Bad = {}
    for unit in _units(timeline, look, steps):
        states = list(islice(timeline.states(unit), _MOST_STATES + 1))
        if len(states) > _MOST_STATES:
            bad[frozenset(unit)] = ((Invariant.NOT_SHOWN, None),)
            continue
        for done in states:
            whole = timeline.closed(done, steps)
            if whole not in bad:
                broken = tuple(span.broken_by(look.at(whole).entries))
                if broken:
                    bad[whole] = broken
    return bad


def _units(timeline: Timeline, look: Look, steps: frozenset[StepId]) -> list[frozenset[StepId]]:
    """Sets of steps of which every combination is looked at."""
    if len(steps) <= _TOGETHER:
        return [steps]
    core = timeline.steps_of([*look.core, *timeline.groups_of_own(look)])
    return [core | found for found in timeline.steps_by_policy(look)] or [core]


def _told(timeline: Timeline, host: str, bad: Bad) -> Iterator[Violation]:
    seen: set[tuple[Invariant, str]] = set()
    for done in sorted(bad, key=lambda done: (len(done), sorted(map(str, done)))):
        for invariant, entry in bad[done]:
            key = (invariant, entry.path if entry else "")
            if key not in seen:
                seen.add(key)
                yield Violation(invariant, host, entry, done, timeline.last_of(done))


# -- a stricter order -----------------------------------------------------------------------


def repaired(timeline: Timeline, public: IsPublic) -> Timeline:
    """The same run in the least strict order that was found to break less.

    An edge is added only where it takes states away that break something, and never such that
    steps wait for each other.
    """
    hosts: Sequence[str] = timeline.moving
    for _ in range(_ROUNDS):
        wanted = {host: edges for host in hosts if (edges := list(_edges(timeline, host, public)))}
        if not wanted:
            break
        timeline = _with_all(timeline, wanted.values())
        hosts = list(wanted)
    return timeline


def _with_all(timeline: Timeline, groups: Iterable[list[Edge]]) -> Timeline:
    together = timeline.with_needs(edge for edges in groups for edge in edges)
    if not together.has_ring:
        return together
    for edges in groups:
        for edge in edges:
            stricter = timeline.with_needs([edge])
            timeline = timeline if stricter.has_ring else stricter
    return timeline


def _edges(timeline: Timeline, host: str, public: IsPublic) -> list[Edge]:
    """What this name's steps must wait for, so that as little as possible is broken."""
    steps = timeline.steps(host)
    broken = {
        done: min(invariant for invariant, _ in found)
        for done, found in _bad_states(timeline, host, public).items()
        if done and done != steps
    }
    order = Order.of(timeline, steps)
    # The gravest at least, where not everything can be had at once.
    for most in (Invariant.NO_LOCK_OUT, Invariant.NO_WIDENING, Invariant.NO_OPEN_DOOR):
        bad = [order.bits(done) for done, worst in broken.items() if worst <= most]
        found = order.forbidding(sorted(bad, key=int.bit_count)) if bad else None
        if found is not None:
            return [(order.steps[step], order.steps[need]) for step, need in found]
    return []
