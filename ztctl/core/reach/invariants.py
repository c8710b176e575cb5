"""Safety invariants of every intermediate state of a run, and further needs that enforce them.

No exposure: no request without a credential reaches an origin, unless the file states it. No
widening: an entry during the run exists before it or after it. No lock-out: an entry of before and
after exists throughout. What is exposed already breaks nothing: a run answers for what it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from ztctl.core.model.facts import Openness, stable_sorted
from ztctl.core.model.plan import Edge, StepId
from ztctl.core.reach.entries import Entry
from ztctl.core.reach.order_search import Order
from ztctl.core.reach.people import PUBLIC, AdmittedBy, contained
from ztctl.core.reach.timeline import HostScope, Timeline

# Up to this many steps all combinations are checked; more of them policy by policy, which is enough
# because an entry depends on one policy and the Deny policies before it.
_MAX_JOINT_STEPS = 6
# More states than this are not enumerated: the plan is refused as not shown to be safe.
_MAX_STATES = 4096
# A host's needs may be dropped for a cycle with those of another; the next round tries others.
_MAX_ROUNDS = 4


class Invariant(IntEnum):
    """Which invariant is broken, most severe first; ``NOT_SHOWN``: too many states to check."""

    NO_EXPOSURE = 1
    NO_WIDENING = 2
    NO_LOCK_OUT = 3
    NOT_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that a state breaks for one host name.

    Attributes:
        entry: the entry that should not exist, or for a lock-out the one that is missing.
        done: the steps of this host that are finished in that state.
        after: the last of them, which no other finished step needs.
    """

    invariant: Invariant
    host: str
    entry: Entry | None
    done: frozenset[StepId]
    after: tuple[StepId, ...]

    @property
    def openness(self) -> Openness:
        """To how many strangers the host is open in that state, where it should not be."""
        exposes = self.invariant is Invariant.NO_EXPOSURE
        return self.entry.openness if exposes and self.entry else Openness.CLOSED


@dataclass(frozen=True, slots=True)
class Span:
    """The entries of one host before a run and after it; ``may_be_open``: of which paths."""

    before: frozenset[Entry]
    after: frozenset[Entry]
    may_be_open: Callable[[str], bool] = lambda _: False

    def broken_by(self, now: frozenset[Entry]) -> Iterator[tuple[Invariant, Entry]]:
        """The invariants that an intermediate state with these entries breaks."""
        both = self.before | self.after
        exposed_before = [entry for entry in self.before if entry.openness]
        added: dict[Entry, Invariant] = {}
        for entry in now:
            exposed = entry.openness and not self.may_be_open(entry.path)
            if exposed and not _was_as_open(entry, exposed_before):
                added[entry] = Invariant.NO_EXPOSURE
            elif entry not in both and not is_covered(entry, both):
                added[entry] = Invariant.NO_WIDENING
        yield from ((added[entry], entry) for entry in stable_sorted(added))
        if now not in (self.before, self.after):
            missing = (it for it in self._lasting() if not is_covered(it, now, anywhere=True))
            yield from ((Invariant.NO_LOCK_OUT, entry) for entry in stable_sorted(missing))

    def _lasting(self) -> Iterator[Entry]:
        """Entries whose visitors are admitted before and after, by whatever entry."""
        for one, other in ((self.before, self.after), (self.after, self.before)):
            yield from (entry for entry in one if is_covered(entry, other, anywhere=True))


def is_covered(entry: Entry, among: Iterable[Entry], *, anywhere: bool = False) -> bool:
    """True if every visitor of ``entry`` reaches the same origin by another entry, for as long.

    ``anywhere``: any origin will do, and any session, as for the question who is shut out.
    """
    grant = replace(entry.grant, session=0.0) if anywhere else entry.grant
    return any(
        (entry.path == other.path and entry.is_as_sure(other) if anywhere else entry.is_at(other))
        and contained(grant, other.grant)
        for other in among
    )


def _was_as_open(entry: Entry, before: Sequence[Entry]) -> bool:
    """True if the same visitors reached the origin before, or it was open to more than logins."""
    return is_covered(entry, before) or any(
        entry.is_at(it)
        and it.openness > entry.openness
        and (it.grant.how is not AdmittedBy.OVERRIDE or it.grant == PUBLIC)
        for it in before
    )


# Whether a file states that a path of a host is open; a wildcard of the path is a `*`.
IsPublic = Callable[[str, str], bool]


def violations(
    timeline: Timeline, public: IsPublic, hosts: Iterable[str] | None = None
) -> tuple[Violation, ...]:
    """Check every state of a run, host by host.

    Of several states that break one invariant on one path, the one with the fewest steps is given;
    of those in which it is open, one for each degree: whoever agrees to one has not seen the other.
    """
    return tuple(
        violation
        for host in (timeline.affected_hosts if hosts is None else hosts)
        for violation in _violations_of(timeline, host, _bad_states(timeline, host, public))
    )


def host_span(timeline: Timeline, host: str, public: IsPublic) -> tuple[HostScope, Span]:
    """The scope of a host, and its entries before and after the run; memoised."""

    def compute() -> tuple[HostScope, Span]:
        scope = timeline.scope(host)
        before, after = scope.entries_at(()), scope.entries_at(timeline.steps(host))
        return scope, Span(before, after, lambda path: public(host, timeline.pattern(path)))

    return timeline.cached(("span", host, public), compute)


Bad = dict[frozenset[StepId], tuple[tuple[Invariant, Entry | None], ...]]


def _bad_states(timeline: Timeline, host: str, public: IsPublic) -> Bad:
    return timeline.cached(("bad", host, public), lambda: _find_bad_states(timeline, host, public))


def _find_bad_states(timeline: Timeline, host: str, public: IsPublic) -> Bad:
    scope, span = host_span(timeline, host, public)
    steps = timeline.steps(host)
    bad: Bad = {}
    for unit in _units(scope, steps):
        states = list(islice(timeline.states(unit), _MAX_STATES + 1))
        if len(states) > _MAX_STATES:
            bad[frozenset(unit)] = ((Invariant.NOT_SHOWN, None),)
            continue
        for done in states:
            # A unit is a part of the host's steps; a state also holds what its steps need.
            whole = timeline.closure(done, steps)
            if whole not in bad:
                broken = tuple(span.broken_by(scope.entries_at(whole)))
                if broken:
                    bad[whole] = broken
    return bad


def _units(scope: HostScope, steps: frozenset[StepId]) -> list[frozenset[StepId]]:
    """Sets of steps; all combinations within each set are checked."""
    if len(steps) <= _MAX_JOINT_STEPS:
        return [steps]
    timeline = scope.timeline
    core = timeline.steps_of([*scope.core, *timeline.groups_of_inline_policies(scope)])
    return [core | found for found in timeline.steps_by_policy(scope)] or [core]


def _violations_of(timeline: Timeline, host: str, bad: Bad) -> Iterator[Violation]:
    seen: set[tuple[Invariant, Openness, str]] = set()
    for done in sorted(bad, key=lambda done: (len(done), sorted(map(str, done)))):
        for invariant, entry in bad[done]:
            found = Violation(invariant, host, entry, done, timeline.last_of(done))
            key = (invariant, found.openness, entry.path if entry else "")
            if key not in seen:
                seen.add(key)
                yield found


# -- further needs --------------------------------------------------------------------------


def repaired(timeline: Timeline, public: IsPublic) -> Timeline:
    """Add needs to the steps so that as few states as possible break an invariant.

    A need is added only where it excludes states that break something and closes no cycle.
    """
    hosts: Sequence[str] = timeline.affected_hosts
    for _ in range(_MAX_ROUNDS):
        wanted = {host: edges for host in hosts if (edges := list(_edges(timeline, host, public)))}
        if not wanted:
            break
        timeline = _with_all(timeline, wanted.values())
        hosts = list(wanted)
    return timeline


def _with_all(timeline: Timeline, groups: Iterable[list[Edge]]) -> Timeline:
    """Add the edges of all hosts; if together they form a cycle, each that closes none."""
    together = timeline.with_needs(edge for edges in groups for edge in edges)
    if not together.has_cycle:
        return together
    for edges in groups:
        for edge in edges:
            stricter = timeline.with_needs([edge])
            timeline = timeline if stricter.has_cycle else stricter
    return timeline


def _edges(timeline: Timeline, host: str, public: IsPublic) -> list[Edge]:
    """Needs for the steps of one host that exclude as many of its bad states as possible."""
    steps = timeline.steps(host)
    bad_states = _bad_states(timeline, host, public)
    # No order excludes what is so after the last step; looked for is one that breaks no more on
    # its way, such as opening a host that may be open to what it led to before.
    lasting = {*bad_states.get(steps, ())}
    broken = {
        done: min(invariant for invariant, _ in more)
        for done, found in bad_states.items()
        if done and done != steps and (more := {*found} - lasting)
    }
    order = Order.of(timeline, steps)
    # Where no order excludes all bad states, exclude those that break the most severe invariants.
    for most in (Invariant.NO_LOCK_OUT, Invariant.NO_WIDENING, Invariant.NO_EXPOSURE):
        bad = [order.bits(done) for done, worst in broken.items() if worst <= most]
        edges = order.forbidding(sorted(bad, key=int.bit_count)) if bad else None
        if edges is not None:
            return [(order.steps[step], order.steps[need]) for step, need in edges]
    return []
