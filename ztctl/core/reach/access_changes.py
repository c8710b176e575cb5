"""Compare who may enter before and after a plan, host by host, and describe what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ztctl.core.model.address import Address
from ztctl.core.model.facts import (
    Criterion,
    DescribedEntry,
    Members,
    Openness,
    Test,
    stable_sorted,
)
from ztctl.core.model.plan import AccessChange
from ztctl.core.reach.access_wording import (
    DisplayNames,
    describe_asked,
    describe_asked_again,
    describe_duration,
    describe_entries,
    describe_grant,
    describe_test,
    describe_waived,
    name_of,
    one_of,
    origin_of,
    provided,
    session_of,
    sorted_entries,
)
from ztctl.core.reach.entries import Entry, Origin
from ztctl.core.reach.invariants import IsPublic, host_span, is_covered
from ztctl.core.reach.people import (
    AdmittedBy,
    Grant,
    lasts_no_longer,
    providers_within,
    within,
)
from ztctl.core.reach.timeline import Timeline


def access_changes(
    timeline: Timeline, public: IsPublic, names: DisplayNames
) -> tuple[AccessChange, ...]:
    """The hosts and private ranges whose access entries differ before and after the run.

    ``names`` maps ids to display names.
    """
    found = (_change(timeline, host, public, names) for host in timeline.affected_hosts)
    every = (*found, *_changes_without_host(timeline, names))
    return tuple(change for change in every if change.gained or change.lost)


def _changes_without_host(timeline: Timeline, names: DisplayNames) -> Iterator[AccessChange]:
    """Changes of the entries that facts grant by themselves, such as a private route."""
    before: dict[str, set[DescribedEntry]] = defaultdict(set)
    after: dict[str, set[DescribedEntry]] = defaultdict(set)
    by: dict[str, set[Address]] = defaultdict(set)
    for first, *later in timeline.slots.values():
        for fact, found in ((first.fact, before), (later[-1].fact, after)) if later else ():
            entries = fact.entries(lambda key: name_of(key, names)) if fact is not None else ()
            for place, entry in entries:
                found[place].add(entry)
                by[place] |= {version.step.address for version in later if version.step}
    for place in sorted(by):
        gained, lost = after[place] - before[place], before[place] - after[place]
        both = sorted_entries(gained), sorted_entries(lost)
        whole = sorted_entries(before[place]), sorted_entries(after[place])
        yield AccessChange(place, frozenset(by[place]), *both, False, *whole)


def _change(timeline: Timeline, host: str, public: IsPublic, names: DisplayNames) -> AccessChange:
    _, span = host_span(timeline, host, public)

    def shown(found: Iterable[DescribedEntry]) -> tuple[DescribedEntry, ...]:
        return tuple(replace(entry, origin=timeline.pattern(entry.origin)) for entry in found)

    by = frozenset(step.address for step in timeline.steps(host))
    gained, lost = describe_changes(span.before, span.after, names)
    whole = (
        shown(describe_entries(entries, names, lambda test: describe_test(test, names)))
        for entries in ((span.before, span.after) if gained or lost else ())
    )
    return AccessChange(timeline.pattern(host), by, shown(gained), shown(lost), True, *whole)


def describe_changes(
    before: Iterable[Entry], after: Iterable[Entry], names: DisplayNames
) -> tuple[tuple[DescribedEntry, ...], tuple[DescribedEntry, ...]]:
    """Describe the entries that come, and those that go; what stays is left out."""
    old, new = list(before), list(after)
    come = [entry for entry in new if not is_covered(entry, old)]
    go = [entry for entry in old if not is_covered(entry, new)]
    return (
        sorted_entries(_Side(old, come, go, names, gains=True).described()),
        sorted_entries(_Side(new, go, come, names, gains=False).described()),
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """What is gained, or what is lost.

    Attributes:
        others: the entries of the other side, from which these differ.
        entries: those that come, or those that go.
        opposite: those that go, or those that come.
    """

    others: list[Entry]
    entries: list[Entry]
    opposite: list[Entry]
    names: DisplayNames
    gains: bool

    def described(self) -> set[DescribedEntry]:
        return {
            replace(told, who=provided(told.who, entry))
            for entry in self.entries
            for told in self._described(entry)
        }

    def _described(self, entry: Entry) -> Iterator[DescribedEntry]:
        who = describe_test(entry.grant.who, self.names)
        similar = [other.grant for other in self.others if _is_similar(entry, other)]
        differences = map(self._differences, [entry.grant] * len(similar), similar)
        # Of several similar ones the closest: they come from a set, whose order varies.
        found = min(differences, key=lambda them: (len(them), *them), default=())
        session = session_of(entry.grant)
        told = DescribedEntry(who, origin_of(entry), entry.openness, session=session)
        for more, change in found:
            yield replace(told, who=f"{who}: {more}" if more else who, change=change)
        if not found and similar:
            yield told
        elif not found:
            yield from self._whole_or_moved(entry, told)

    def _differences(self, one: Grant, other: Grant) -> tuple[tuple[str, str], ...]:
        return tuple(dict.fromkeys(_differences(one, other, self.names, gains=self.gains)))

    def _whole_or_moved(self, entry: Entry, told: DescribedEntry) -> Iterator[DescribedEntry]:
        """An entry by itself, or as one whose visitors are led elsewhere now."""
        whole = replace(told, who=describe_grant(entry.grant, told.who, self.names))
        away = self._elsewhere(entry)
        if away is None:
            yield whole
            return
        old, new = (away, entry) if self.gains else (entry, away)
        move = _moved(old.origin, new.origin, self.names)
        # Both ways, so that both sides tell the same: each way tells what is more in it.
        found = [
            *_differences(new.grant, old.grant, self.names, gains=True),
            *_differences(old.grant, new.grant, self.names, gains=False),
        ]
        changes = dict.fromkeys(filter(None, (move, *(change for _, change in found))))
        yield replace(told if found else whole, change=", ".join(changes))
        for more, _ in self._differences(entry.grant, away.grant):
            if more:
                yield replace(told, who=f"{told.who}: {more}")

    def _elsewhere(self, entry: Entry) -> Entry | None:
        """The entry of the same visitors on the other side; none where that is not certain."""
        away = [it for it in self.opposite if _is_led_elsewhere(it, entry)]
        back = [it for it in self.entries if away and _is_led_elsewhere(it, away[0])]
        certain = entry.openness is Openness.CLOSED and len(away) == 1 and len(back) == 1
        return away[0] if certain else None


def _is_led_elsewhere(one: Entry, other: Entry) -> bool:
    """True for entries that are similar, but for their origin."""
    return not one.is_at(other) and _is_similar(replace(one, origin=other.origin), other)


def _moved(old: Origin, new: Origin, names: DisplayNames) -> str:
    service = old.service if old.service != new.service else ""
    if old.tunnel == new.tunnel or not (old.is_tunnel and new.is_tunnel):
        return f"moved from {service}" if service else ""
    tunnels = (f"tunnel {name_of(it.tunnel, names)}" for it in (old, new))
    return f"moved from {' of '.join(filter(None, (service, ' to '.join(tunnels))))}"


def _is_similar(one: Entry, other: Entry) -> bool:
    """True for entries to the same origin by the same test, or by versions of the same group."""
    same_who = one.grant.who == other.grant.who or _has_same_label(one.grant.who, other.grant.who)
    same_way = one.grant.how is other.grant.how is not AdmittedBy.OVERRIDE
    return one.is_at(other) and same_who and same_way


def _differences(
    one: Grant, other: Grant, names: DisplayNames, *, gains: bool
) -> Iterator[tuple[str, str]]:
    """Describe what grant ``one`` admits beyond ``other``: visitors, or what changes for them.

    What changes is told from before to after: ``one`` is after the run if ``gains``.
    """
    before, after = (other, one) if gains else (one, other)
    if isinstance(one.who, Members) and isinstance(other.who, Members):
        yield from _of_members(one.who, other.who, names, gains=gains)
    yield from _of_restrictions(one, other, names, gains=gains)
    if not lasts_no_longer(one.session, other.session):
        sessions = map(describe_duration, (before.session, after.session))
        yield "", f"session {' → '.join(sessions)}"
    if not providers_within(one.providers, other.providers):
        yield "", f"identity provider {_providers(before, names)} → {_providers(after, names)}"
    for waived in stable_sorted(one.waives - other.waives):
        yield "", describe_waived(waived) if gains else describe_asked_again(waived)


def _providers(grant: Grant, names: DisplayNames) -> str:
    if grant.providers is None:
        return "any"
    return one_of([name_of(key, names) for key in stable_sorted(grant.providers)])


def _of_members(
    one: Members, other: Members, names: DisplayNames, *, gains: bool
) -> Iterator[tuple[str, str]]:
    for test in stable_sorted(one.include):
        if not any(within(test, old) for old in other.include):
            yield describe_test(test, names), ""
    yield from _of_restrictions(one, other, names, gains=gains)


def _of_restrictions(
    one: Grant | Members, other: Grant | Members, names: DisplayNames, *, gains: bool
) -> Iterator[tuple[str, str]]:
    """Describe what ``other`` requires or whom it excludes, and ``one`` does not."""
    for asked in stable_sorted(other.require):
        if any(within(test, asked) for test in one.require):
            continue
        new = stable_sorted(one.require - other.require)
        twin = next((it for it in new if _is_twin(it, asked)), None)
        named = isinstance(twin, Members) and not twin.is_helper
        if isinstance(twin, Members) and isinstance(asked, Members) and named:
            yield from _of_members(twin, asked, names, gains=gains)
        elif twin is not None:
            both = (asked, twin) if gains else (twin, asked)
            yield "", f"asked: {' → '.join(describe_asked(it, names) for it in both)}"
        else:
            yield "", f"{'no longer' if gains else 'now'} asked: {describe_asked(asked, names)}"
    word = "also" if gains else "no longer"
    for excluded in stable_sorted(other.exclude):
        if not any(within(excluded, test) for test in one.exclude):
            yield from ((f"{word} {text}", "") for text in _let_in(excluded, one, names))


def _let_in(excluded: Test, one: Grant | Members, names: DisplayNames) -> Iterator[str]:
    """Describe the visitors of a test who are excluded no more; of a group that has less, those."""
    whole = describe_test(excluded, names)
    twin = next((it for it in stable_sorted(one.exclude) if _has_same_label(it, excluded)), None)
    if isinstance(twin, Members) and isinstance(excluded, Members):
        found = list(_of_members(excluded, twin, names, gains=True))
        if found and not any(change for _, change in found):
            yield from (f"{text} ({whole})" for text, _ in found)
            return
    yield whole


def _is_twin(one: Test, other: Test) -> bool:
    """True for demands of the same kind: by the same selector, or versions of a group."""
    return _has_same_label(one, other) or bool(_kinds(one) & _kinds(other))


def _kinds(test: Test) -> set[str]:
    """The selector of a demand; a helper group is a list of values of one."""
    if isinstance(test, Criterion):
        return {test.selector}
    inner = test.include if test.is_helper else ()
    return {it.selector for it in inner if isinstance(it, Criterion)}


def _has_same_label(one: Test, other: Test) -> bool:
    both = isinstance(one, Members) and isinstance(other, Members)
    return both and getattr(one, "label", "") == getattr(other, "label", "") != ""
