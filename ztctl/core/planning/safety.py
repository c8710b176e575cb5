"""A plan that nowhere breaks what must hold: the order made stricter, or the reason why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances, allowed
from ztctl.core.model.facts import Fact, Slot
from ztctl.core.model.kind import Alternative, Kind, Kinds, Resolve
from ztctl.core.model.plan import AccessChange, Change, Refusal, Step, StepId
from ztctl.core.planning.step_graph import ordered
from ztctl.core.reach.access_wording import access_changes, door, who
from ztctl.core.reach.invariants import Invariant, IsPublic, Violation, repaired, violations
from ztctl.core.reach.timeline import Timeline
from ztctl.core.reach.versions import timeline_of, with_effects

_MANY = 5


@dataclass(frozen=True)
class Run:
    """What a run is judged by: the account, what is stated to be open, the yes that was given."""

    now: Mapping[Slot, Fact]
    kinds: Kinds
    resolve: Resolve
    public: IsPublic
    allowances: Allowances

    def kind_of(self, change: Change) -> Kind:
        """The kind of the object that changes."""
        found: Kind = self.kinds[change.address.kind]
        return found

    def stepped(self, change: Change, steps: Iterable[Step]) -> Change:
        """The change done by these steps, their facts and effects filled in."""
        return with_effects(change, steps, self._by_id, self.kind_of(change), self.resolve)

    @cached_property
    def _by_id(self) -> Mapping[str, Fact]:
        """The facts by id alone: a step that deletes an object does not know their class."""
        return {key: fact for (_, key), fact in self.now.items()}


@dataclass(frozen=True, slots=True)
class Safe:
    """Changes in their order, why they may not be made, whom they let in or shut out, and when."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    access: tuple[AccessChange, ...]
    timeline: Timeline


def made_safe(changes: Sequence[Change], run: Run, names: Mapping[str, str]) -> Safe:
    """The same changes in an order that nowhere breaks what must hold, or why there is none.

    Where no order is safe, other ways to do the changes are tried: those that interrupt nobody
    first, the others as far as a yes was given.
    """
    best = _Attempt.of(changes, run)
    for interrupts in (False, True):
        if best.broken:
            best = _with_alternatives(best, run, interrupts=interrupts)
    return Safe(
        best.changes,
        _refusals(best, run),
        access_changes(best.timeline, run.public, names),
        best.timeline,
    )


@dataclass(frozen=True, slots=True)
class _Attempt:
    changes: tuple[Change, ...]
    timeline: Timeline
    broken: tuple[Violation, ...]

    @classmethod
    def of(cls, changes: Sequence[Change], run: Run) -> _Attempt:
        timeline = timeline_of(changes, run.now)
        strict = repaired(timeline, run.public)
        found = [
            item for item in violations(strict, run.public) if not _is_allowed(item, run.allowances)
        ]
        return cls(_reordered(changes, strict), strict, tuple(found))

    @property
    def weight(self) -> tuple[int, ...]:
        """What is broken how often, the gravest first."""
        found = [item.invariant for item in self.broken]
        return tuple(found.count(invariant) for invariant in Invariant)


def _reordered(changes: Sequence[Change], timeline: Timeline) -> tuple[Change, ...]:
    return tuple(
        replace(
            change,
            steps=tuple(
                replace(step, needs=frozenset(timeline.needs.get(step.id, ())))
                for step in change.steps
            ),
        )
        for change in changes
    )


def _with_alternatives(attempt: _Attempt, run: Run, *, interrupts: bool) -> _Attempt:
    """The best that can be had by other ways: all of them at once, else one by one."""
    chosen = dict(_possible(attempt, run, interrupts=interrupts))
    together = _tried(attempt, chosen, run)
    if together.weight < attempt.weight:
        return together
    for place, way in chosen.items():
        tried = _tried(attempt, {place: way}, run)
        attempt = tried if tried.weight < attempt.weight else attempt
    return attempt


def _possible(
    attempt: _Attempt, run: Run, *, interrupts: bool
) -> Iterator[tuple[int, Alternative]]:
    concerned = _concerned(attempt)
    for place, change in enumerate(attempt.changes):
        if change.address in concerned:
            given = not interrupts or allowed(change.address, run.allowances.interruption)
            for way in _ways(change, run):
                if way.interrupts is interrupts and given:
                    yield place, way


def _tried(attempt: _Attempt, ways: Mapping[int, Alternative], run: Run) -> _Attempt:
    changes = list(attempt.changes)
    for place, way in ways.items():
        changes[place] = run.stepped(changes[place], way.steps)
    try:
        return _Attempt.of(ordered(changes, run.kinds), run)
    except ValueError:
        return attempt


def _concerned(attempt: _Attempt) -> frozenset[Address]:
    """The addresses of all that has to do with the names for which something is broken."""
    timeline = attempt.timeline
    hosts = {violation.host for violation in attempt.broken}
    return frozenset(step.address for host in hosts for step in timeline.steps(host))


def _ways(change: Change, run: Run) -> Iterator[Alternative]:
    return run.kind_of(change).alternatives(change, run.resolve)


def _refusals(attempt: _Attempt, run: Run) -> tuple[Refusal, ...]:
    found: dict[tuple[Invariant, tuple[StepId, ...], str], list[str]] = defaultdict(list)
    for violation in attempt.broken:
        found[violation.invariant, violation.after, _why(violation)].append(violation.host)
    gentle = _interruptible(attempt, run)
    return tuple(
        _refusal(invariant, after, why, hosts, gentle)
        for (invariant, after, why), hosts in found.items()
    )


def _interruptible(attempt: _Attempt, run: Run) -> tuple[Address, ...]:
    """The changes that a yes to an interruption would do in another way."""
    concerned = _concerned(attempt) if attempt.broken else frozenset()
    return tuple(
        change.address
        for change in attempt.changes
        if change.address in concerned
        and not allowed(change.address, run.allowances.interruption)
        and any(way.interrupts for way in _ways(change, run))
    )


def _is_allowed(violation: Violation, allowances: Allowances) -> bool:
    match violation.invariant:
        case Invariant.NO_OPEN_DOOR:
            return "all" in allowances.exposure or violation.host in allowances.exposure
        case Invariant.NO_LOCK_OUT:
            return any(allowed(step.address, allowances.interruption) for step in violation.after)
        case _:
            return False


def _refusal(
    invariant: Invariant,
    after: tuple[StepId, ...],
    why: str,
    hosts: Sequence[str],
    gentle: Sequence[Address],
) -> Refusal:
    address: Address | None = after[0].address if after else None
    names = _listed(hosts)
    behind = " and ".join(str(step) for step in after) or "the run"
    match invariant:
        case Invariant.NO_OPEN_DOOR:
            flag = " ".join(f"--allow-exposure {host}" for host in hosts[:_MANY])
            return Refusal(address, f"{names} would be open after {behind}: {why}", flag)
        case Invariant.NO_WIDENING:
            flag = " ".join(f"--allow-interruption {other}" for other in gentle)
            return Refusal(
                address,
                f"no order of the steps is safe for {names}: after {behind}, {why}, which is so "
                "neither before this run nor after it; apply the changes in two parts"
                + (", or let some be shut out for a moment" if gentle else ""),
                flag,
            )
        case Invariant.NO_LOCK_OUT:
            flag = f"--allow-interruption {address}" if address else ""
            return Refusal(
                address, f"{names} would be closed for a moment after {behind} to {why}", flag
            )
        case Invariant.NOT_SHOWN:
            return Refusal(
                address,
                f"so many steps concern {names} at once that the run cannot be shown to be "
                "safe; apply it in parts by --target",
            )


def _listed(hosts: Sequence[str]) -> str:
    shown = ", ".join(hosts[:_MANY])
    return f"{shown} and {len(hosts) - _MANY} more" if len(hosts) > _MANY else shown


def _why(violation: Violation) -> str:
    entry = violation.entry
    if entry is None:
        return ""
    match violation.invariant:
        case Invariant.NO_OPEN_DOOR:
            return door(entry)
        case Invariant.NO_WIDENING:
            return f"{who(entry)} would reach {entry.origin.service}"
        case _:
            return who(entry)
