"""Order the steps of a plan so that no reachable state breaks an invariant, or refuse the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from shlex import quote

from ztctl.core.model.address import Address
from ztctl.core.model.allowances import Allowances, allowed
from ztctl.core.model.facts import Fact, Openness, Slot
from ztctl.core.model.kind import Alternative, Kinds, Resolve
from ztctl.core.model.names import any_other
from ztctl.core.model.plan import AccessChange, Change, Refusal, Step, StepId
from ztctl.core.planning.step_graph import ordered, with_needs
from ztctl.core.reach.access_changes import access_changes
from ztctl.core.reach.access_wording import describe_visitor, reason_open
from ztctl.core.reach.invariants import Invariant, IsPublic, Violation, repaired, violations
from ztctl.core.reach.timeline import Timeline
from ztctl.core.reach.versions import timeline_of, with_effects

# Refusals name at most so many hosts.
_MAX_LISTED = 5


@dataclass(frozen=True)
class Run:
    """What a plan is checked against: live facts, hosts stated as public, approvals."""

    now: Mapping[Slot, Fact]
    kinds: Kinds
    resolve: Resolve
    public: IsPublic
    allowances: Allowances

    def stepped(self, change: Change, steps: Iterable[Step]) -> Change:
        """The change with these steps, their facts and effects filled in."""
        kind = self.kinds[change.address.kind]
        return with_effects(change, steps, self.by_id, kind, self.resolve)

    def alternatives(self, change: Change) -> Iterator[Alternative]:
        """Other steps for the change."""
        return self.kinds[change.address.kind].alternatives(change, self.resolve)

    @cached_property
    def by_id(self) -> Mapping[str, Fact]:
        """The facts by id alone: a step that deletes an object does not know their class."""
        return {key: fact for (_, key), fact in self.now.items()}


@dataclass(frozen=True, slots=True)
class Safe:
    """Ordered changes, refusals, changes of access, and the timeline of the run."""

    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]
    access: tuple[AccessChange, ...]
    timeline: Timeline


def made_safe(changes: Sequence[Change], run: Run, names: Mapping[str, str]) -> Safe:
    """Order the changes so that no state of the run breaks an invariant, else add refusals.

    Where no order is safe, alternative steps of the kinds are tried: first those without an
    interruption, then those that ``--allow-interruption`` permits.
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
        found = (
            replace(item, host=strict.pattern(item.host)) for item in violations(strict, run.public)
        )
        broken = tuple(item for item in found if not _is_allowed(item, run.allowances))
        return cls(with_needs(changes, strict.needs), strict, broken)

    @property
    def weight(self) -> tuple[int, ...]:
        """Number of violations of each invariant, most severe first; attempts compare by it."""
        found = [item.invariant for item in self.broken]
        return tuple(found.count(invariant) for invariant in Invariant)


def _with_alternatives(attempt: _Attempt, run: Run, *, interrupts: bool) -> _Attempt:
    """Replace steps by alternatives: all at once if that breaks less, else one by one."""
    chosen = {
        place: alternative
        for place, alternative in _possible(attempt, run, interrupts=interrupts)
        if not interrupts or _may_interrupt(attempt.changes[place], run)
    }
    combined = _tried(attempt, chosen, run)
    if combined.weight < attempt.weight:
        return combined
    for place, alternative in chosen.items():
        tried = _tried(attempt, {place: alternative}, run)
        attempt = tried if tried.weight < attempt.weight else attempt
    return attempt


def _possible(
    attempt: _Attempt, run: Run, *, interrupts: bool
) -> Iterator[tuple[int, Alternative]]:
    """Alternatives, by index, to changes that affect a host for which an invariant is broken."""
    timeline = attempt.timeline
    hosts = {violation.host.replace("*", timeline.witness) for violation in attempt.broken}
    affected = {step.address for host in hosts for step in timeline.steps(host)}
    for place, change in enumerate(attempt.changes):
        for alternative in run.alternatives(change) if change.address in affected else ():
            if alternative.interrupts is interrupts:
                yield place, alternative


def _may_interrupt(change: Change, run: Run) -> bool:
    return allowed(change.address, run.allowances.interruption)


def _tried(attempt: _Attempt, chosen: Mapping[int, Alternative], run: Run) -> _Attempt:
    """The attempt with these alternatives by index; unchanged where they form a cycle of needs."""
    changes = list(attempt.changes)
    for place, alternative in chosen.items():
        changes[place] = run.stepped(changes[place], alternative.steps)
    try:
        return _Attempt.of(ordered(changes, run.kinds, run.by_id), run)
    except ValueError:
        return attempt


def _refusals(attempt: _Attempt, run: Run) -> tuple[Refusal, ...]:
    found: dict[tuple[Invariant, Openness, tuple[StepId, ...], str], list[str]] = defaultdict(list)
    # The most open first: of refusals that the same flag lifts, the first is the one that is shown.
    for it in sorted(attempt.broken, key=lambda it: -it.openness):
        why = attempt.timeline.pattern(_why(it))
        found[it.invariant, it.openness, it.after, why].append(it.host)
    interruptible = _interruptible(attempt, run)
    return tuple(
        _refusal(invariant, openness, after, why, hosts, interruptible)
        for (invariant, openness, after, why), hosts in found.items()
    )


def _interruptible(attempt: _Attempt, run: Run) -> tuple[Address, ...]:
    """The changes for which ``--allow-interruption`` would permit alternative steps."""
    possible = (attempt.changes[place] for place, _ in _possible(attempt, run, interrupts=True))
    return tuple(dict.fromkeys(it.address for it in possible if not _may_interrupt(it, run)))


def _is_allowed(violation: Violation, allowances: Allowances) -> bool:
    match violation.invariant:
        case Invariant.NO_EXPOSURE:
            return "all" in allowances.exposure or violation.host in allowances.exposure
        case Invariant.NO_LOCK_OUT:
            return any(allowed(step.address, allowances.interruption) for step in violation.after)
        case _:
            return False


def _refusal(
    invariant: Invariant,
    openness: Openness,
    after: tuple[StepId, ...],
    why: str,
    hosts: Sequence[str],
    interruptible: Sequence[Address],
) -> Refusal:
    address: Address | None = after[0].address if after else None
    names = _listed([any_other(host) for host in hosts])
    behind = " and ".join(str(step) for step in after) or "the run"
    match invariant:
        case Invariant.NO_EXPOSURE:
            flag = " ".join(f"--allow-exposure {quote(host)}" for host in hosts[:_MAX_LISTED])
            opened = "open to anybody who logs in" if openness is Openness.ANY_LOGIN else "open"
            return Refusal(address, f"{names} would be {opened} after {behind}: {why}", flag)
        case Invariant.NO_WIDENING:
            flag = " ".join(f"--allow-interruption {quote(str(other))}" for other in interruptible)
            return Refusal(
                address,
                f"no order of the steps is safe for {names}: after {behind}, {why}, which is so "
                "neither before this run nor after it; apply the changes in two parts"
                + (", or let some be shut out for a moment" if interruptible else ""),
                flag,
            )
        case Invariant.NO_LOCK_OUT:
            flag = f"--allow-interruption {quote(str(address))}" if address else ""
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
    shown = ", ".join(hosts[:_MAX_LISTED])
    return f"{shown} and {len(hosts) - _MAX_LISTED} more" if len(hosts) > _MAX_LISTED else shown


def _why(violation: Violation) -> str:
    entry = violation.entry
    if entry is None:
        return ""
    match violation.invariant:
        case Invariant.NO_EXPOSURE:
            return reason_open(entry)
        case Invariant.NO_WIDENING:
            return f"{describe_visitor(entry)} would reach {entry.origin.service}"
        case _:
            return describe_visitor(entry)
