"""Who gains and who loses entry to which host by a plan, in words."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from ztctl.core.model.address import Address
from ztctl.core.model.facts import EVERYONE, Criterion, Members, Test, Way
from ztctl.core.model.objects import Mark
from ztctl.core.model.plan import AccessChange
from ztctl.core.reach.entries import Entry
from ztctl.core.reach.invariants import (
    IsPublic,
    is_in,
    spanned,
)
from ztctl.core.reach.people import AdmittedBy, Grant, lasts_no_longer, vouched, within
from ztctl.core.reach.timeline import Timeline
from ztctl.core.reach.versions import is_new, made_at

DisplayNames = Mapping[str, str]


def access_changes(
    timeline: Timeline, public: IsPublic, names: DisplayNames
) -> tuple[AccessChange, ...]:
    """Every host or private range whose visitors are others after the run than before it."""
    found = (_change(timeline, host, public, names) for host in timeline.moving)
    every = (*found, *_beside_hosts(timeline, names))
    return tuple(change for change in every if change.gained or change.lost)


def _beside_hosts(timeline: Timeline, names: DisplayNames) -> Iterator[AccessChange]:
    """What facts open by themselves, place by place."""

    def name_of(key: str) -> str:
        return names.get(key) or (made_at(key).key if is_new(key) else key)

    before: dict[str, set[Way]] = defaultdict(set)
    after: dict[str, set[Way]] = defaultdict(set)
    by: dict[str, set[Address]] = defaultdict(set)
    for first, *later in timeline.slots.values():
        for fact, ways_ in ((first.fact, before), (later[-1].fact, after)) if later else ():
            for place, way in fact.ways(name_of) if fact is not None else ():
                ways_[place].add(way)
                by[place] |= {version.step.address for version in later if version.step}
    for place in sorted(by):
        gained, lost = after[place] - before[place], before[place] - after[place]
        told = _sorted(gained), _sorted(lost)
        yield AccessChange(place, frozenset(by[place]), *told, by_login=False)


def _change(timeline: Timeline, host: str, public: IsPublic, names: DisplayNames) -> AccessChange:
    _, span = spanned(timeline, host, public)
    gained = [entry for entry in span.after if not is_in(entry, span.before)]
    lost = [entry for entry in span.before if not is_in(entry, span.after)]
    by = frozenset(step.address for step in timeline.steps(host))
    return AccessChange(host, by, ways(gained, span.before, names), ways(lost, span.after, names))


def ways(entries: Iterable[Entry], others: Iterable[Entry], names: DisplayNames) -> tuple[Way, ...]:
    """These ways in, in words; beside others, only what goes further than they do."""
    known = list(others)
    found = {
        Way(text, _origin(entry), entry.nameless)
        for entry in entries
        for text in _texts(entry, known, names)
    }
    return _sorted(found)


def _sorted(found: Iterable[Way]) -> tuple[Way, ...]:
    return tuple(sorted(found, key=lambda way: (not way.loud, way.who, way.origin)))


def _origin(entry: Entry) -> str:
    place = f" below /{entry.path}" if entry.path else ""
    return f"{entry.origin.service}{place}"


def _texts(entry: Entry, others: Iterable[Entry], names: DisplayNames) -> Iterator[str]:
    """The people of one entry; beside one that is nearly the same only what is new in it."""
    twins = [other.grant for other in others if _is_twin(entry, other)]
    if not twins:
        yield sentence(entry.grant, words(entry.grant.who, names), names)
        return
    who = words(entry.grant.who, names)
    told = dict.fromkeys(beyond(entry.grant, twins[0], names))
    yield from (f"{who}: {text}" for text in told) if told else (who,)


def _is_twin(one: Entry, other: Entry) -> bool:
    same_who = one.grant.who == other.grant.who or (
        isinstance(one.grant.who, Members)
        and isinstance(other.grant.who, Members)
        and one.grant.who.label == other.grant.who.label
    )
    same_place = (one.path, one.origin) == (other.path, other.origin)
    return same_place and same_who and one.grant.how is other.grant.how


def beyond(one: Grant, other: Grant, names: DisplayNames) -> Iterator[str]:
    """In what the one way in goes further than the other, in words."""
    if isinstance(one.who, Members) and isinstance(other.who, Members):
        yield from _further(one.who, other.who, names)
    yield from _less_asked(one.require, other.require, names)
    yield from _less_excluded(one.exclude, other.exclude, names)
    if not lasts_no_longer(one.session, other.session):
        yield f"for {_lasting(one.session)} instead of {_lasting(other.session)}"
    if not vouched(one.providers, other.providers):
        yield "logged in by other identity providers"


def _further(one: Members, other: Members, names: DisplayNames) -> Iterator[str]:
    for test in _ordered(one.include):
        if not any(within(test, old) for old in other.include):
            yield words(test, names)
    yield from _less_asked(one.require, other.require, names)
    yield from _less_excluded(one.exclude, other.exclude, names)


def _less_asked(one: Iterable[Test], other: Iterable[Test], names: DisplayNames) -> Iterator[str]:
    mine = list(one)
    for asked in _ordered(other):
        if any(within(test, asked) for test in mine):
            continue
        twin = next((test for test in mine if _named_alike(test, asked)), None)
        if isinstance(twin, Members) and isinstance(asked, Members):
            yield from _further(twin, asked, names)
        else:
            yield f"whether or not {words(asked, names)}"


def _less_excluded(
    one: Iterable[Test], other: Iterable[Test], names: DisplayNames
) -> Iterator[str]:
    mine = list(one)
    for left_out in _ordered(other):
        if not any(within(left_out, test) for test in mine):
            yield f"also {words(left_out, names)}"


def _named_alike(one: Test, other: Test) -> bool:
    both = isinstance(one, Members) and isinstance(other, Members)
    return both and getattr(one, "label", "") == getattr(other, "label", "") != ""


def _lasting(seconds: float | None) -> str:
    if seconds is None:
        return "no known time"
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [
        f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if count
    ]
    return "".join(parts) or "0s"


def sentence(grant: Grant, who: str, names: DisplayNames) -> str:
    """A way in, with what is asked for beside."""
    beside = [f"who is {words(test, names)}" for test in _ordered(grant.require)]
    beside += [f"but not {words(test, names)}" for test in _ordered(grant.exclude)]
    told = ", ".join([who, *beside])
    match grant.how:
        case AdmittedBy.UNASKED:
            return "EVERYONE, no application stands in front"
        case AdmittedBy.BYPASS:
            return f"BYPASS, nobody is asked: {told}"
        case AdmittedBy.TOKEN:
            return f"without a login: {told}"
        case AdmittedBy.LOGIN:
            return told


def _ordered(tests: Iterable[Test]) -> list[Test]:
    return sorted(tests, key=str)


def words(test: Test, names: DisplayNames) -> str:
    """One test in words; names stand for ids."""
    if test == EVERYONE:
        return "EVERYONE"
    if isinstance(test, Members):
        if test.label:
            return f"group {Mark.of_name(test.label)[0]}"
        return "any of " + " or ".join(words(inner, names) for inner in _ordered(test.include))
    value = names.get(test.value, test.value)
    told = _WORDS.get(test.selector)
    return told(value) if told else _plainly(test, names)


def _plainly(rule: Criterion, names: DisplayNames) -> str:
    what = rule.selector.replace("_", " ")
    try:
        fields = json.loads(rule.value)
    except ValueError:
        fields = rule.value
    if not isinstance(fields, dict):
        return f"{what} {names.get(rule.value, rule.value)}".strip()
    parts = [str(value) for name, value in fields.items() if name != "identity_provider"]
    return f"{what} {' '.join(parts)}"


_WORDS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "email": str,
        "email_domain": "everyone with an @{} address".format,
        "country": "in {}".format,
        "ip": "from {}".format,
        "any_valid_service_token": lambda _: "any service token",
        "service_token": "service token {}".format,
        "login_method": "logged in by {}".format,
        "certificate": lambda _: "any client certificate",
    }
)


def door(entry: Entry) -> str:
    """Why anybody may come in, in words."""
    place = f"below /{entry.path} " if entry.path else ""
    match entry.grant.how:
        case AdmittedBy.UNASKED:
            return f"{place}no application covers it, and it leads to {entry.origin.service}"
        case AdmittedBy.BYPASS:
            return f"{place}a Bypass policy lets everybody in to {entry.origin.service}"
        case AdmittedBy.TOKEN:
            return f"{place}a Service Auth policy asks for no credential"
        case AdmittedBy.LOGIN:
            return f"{place}an Allow policy lets everyone in and requires nothing"


def who(entry: Entry) -> str:
    """Who comes in by an entry, in words."""
    return words(entry.grant.who, {})
