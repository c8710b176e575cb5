"""Describe for people which access a plan grants and takes away, host by host."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ztctl.core.model.address import Address
from ztctl.core.model.facts import (
    EVERYONE,
    ORGANIZATION_FACTOR,
    PROVIDER_LOGIN,
    Criterion,
    DescribedEntry,
    Members,
    Test,
    stable_sorted,
)
from ztctl.core.model.objects import Mark
from ztctl.core.model.plan import AccessChange
from ztctl.core.reach.entries import Entry, exact_path
from ztctl.core.reach.invariants import IsPublic, host_span, is_covered
from ztctl.core.reach.people import (
    UNREAD_POLICY,
    AdmittedBy,
    Grant,
    lasts_no_longer,
    providers_within,
    within,
)
from ztctl.core.reach.timeline import Timeline
from ztctl.core.reach.versions import address_of_new, is_new

DisplayNames = Mapping[str, str]


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

    def name_of(key: str) -> str:
        return names.get(key) or (address_of_new(key).key if is_new(key) else key)

    before: dict[str, set[DescribedEntry]] = defaultdict(set)
    after: dict[str, set[DescribedEntry]] = defaultdict(set)
    by: dict[str, set[Address]] = defaultdict(set)
    for first, *later in timeline.slots.values():
        for fact, found in ((first.fact, before), (later[-1].fact, after)) if later else ():
            for place, entry in fact.entries(name_of) if fact is not None else ():
                found[place].add(entry)
                by[place] |= {version.step.address for version in later if version.step}
    for place in sorted(by):
        gained, lost = after[place] - before[place], before[place] - after[place]
        both = _sorted(gained), _sorted(lost)
        yield AccessChange(place, frozenset(by[place]), *both, by_login=False)


def _change(timeline: Timeline, host: str, public: IsPublic, names: DisplayNames) -> AccessChange:
    _, span = host_span(timeline, host, public)

    def added(entries: frozenset[Entry], others: frozenset[Entry]) -> tuple[DescribedEntry, ...]:
        new = (entry for entry in entries if not is_covered(entry, others))
        found = describe_entries(new, others, names)
        return tuple(replace(entry, origin=timeline.pattern(entry.origin)) for entry in found)

    by = frozenset(step.address for step in timeline.steps(host))
    gained, lost = added(span.after, span.before), added(span.before, span.after)
    return AccessChange(timeline.pattern(host), by, gained, lost)


def describe_entries(
    entries: Iterable[Entry], others: Iterable[Entry], names: DisplayNames
) -> tuple[DescribedEntry, ...]:
    """Describe access entries; omit what ``others`` already grants."""
    known = list(others)
    found = {
        DescribedEntry(text, _origin(entry), entry.openness)
        for entry in entries
        for text in _texts(entry, known, names)
    }
    return _sorted(found)


def _sorted(found: Iterable[DescribedEntry]) -> tuple[DescribedEntry, ...]:
    return tuple(sorted(found, key=lambda entry: (-entry.openness, entry.who, entry.origin)))


def _origin(entry: Entry) -> str:
    place = f" below /{entry.path}" if entry.path else ""
    by = entry.served.by
    paths = f" by paths like {by}" if by and exact_path(by) is None else ""
    return f"{entry.origin.service}{place}{paths}"


def _texts(entry: Entry, others: Iterable[Entry], names: DisplayNames) -> Iterator[str]:
    """Describe the visitors of an entry; where a similar one exists, only what exceeds that."""
    who = describe_test(entry.grant.who, names)
    similar = [other.grant for other in others if _is_similar(entry, other)]
    if not similar:
        yield describe_grant(entry.grant, who, names)
        return
    # Of several similar ones the closest: they come from a set, whose order differs by process.
    found = (dict.fromkeys(describe_excess(entry.grant, other, names)) for other in similar)
    excess = min(found, key=lambda texts: (len(texts), *texts))
    yield from (f"{who}: {text}" for text in excess) if excess else (who,)


def _is_similar(one: Entry, other: Entry) -> bool:
    """True for entries to the same origin by the same test, or by versions of the same group."""
    same_who = one.grant.who == other.grant.who or (
        isinstance(one.grant.who, Members)
        and isinstance(other.grant.who, Members)
        and one.grant.who.label == other.grant.who.label
    )
    same_way = one.grant.how is other.grant.how is not AdmittedBy.OVERRIDE
    return one.is_at(other) and same_who and same_way


def describe_excess(one: Grant, other: Grant, names: DisplayNames) -> Iterator[str]:
    """Describe what grant ``one`` admits beyond ``other``: visitors, time, less asked."""
    if isinstance(one.who, Members) and isinstance(other.who, Members):
        yield from _added_members(one.who, other.who, names)
    yield from _dropped_restrictions(one, other, names)
    if not lasts_no_longer(one.session, other.session):
        yield f"for {_duration(one.session)} instead of {_duration(other.session)}"
    if not providers_within(one.providers, other.providers):
        yield "logged in by other identity providers"
    yield from (_WAIVED[waived] for waived in stable_sorted(one.waives - other.waives))


def _added_members(one: Members, other: Members, names: DisplayNames) -> Iterator[str]:
    for test in stable_sorted(one.include):
        if not any(within(test, old) for old in other.include):
            yield describe_test(test, names)
    yield from _dropped_restrictions(one, other, names)


def _dropped_restrictions(
    one: Grant | Members, other: Grant | Members, names: DisplayNames
) -> Iterator[str]:
    """Describe what ``other`` requires or whom it excludes, and ``one`` does not."""
    for asked in stable_sorted(other.require):
        if any(within(test, asked) for test in one.require):
            continue
        namesake = next((test for test in one.require if _has_same_label(test, asked)), None)
        if isinstance(namesake, Members) and isinstance(asked, Members):
            yield from _added_members(namesake, asked, names)
        else:
            demand = _demand(asked)
            described = f"whether or not {describe_test(asked, names)}"
            yield f"without {demand}" if demand else described
    for excluded in stable_sorted(other.exclude):
        if not any(within(excluded, test) for test in one.exclude):
            yield f"also {describe_test(excluded, names)}"


def _has_same_label(one: Test, other: Test) -> bool:
    both = isinstance(one, Members) and isinstance(other, Members)
    return both and getattr(one, "label", "") == getattr(other, "label", "") != ""


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "no known time"
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = {"h": hours, "m": minutes, "s": rest}
    return "".join(f"{count}{unit}" for unit, count in parts.items() if count) or "0s"


def describe_grant(grant: Grant, who: str, names: DisplayNames) -> str:
    """Describe a grant: how it admits, ``who`` (a description), requirements and exclusions."""
    visitors = describe_restricted(who, grant, lambda test: describe_test(test, names))
    match grant.how:
        case AdmittedBy.UNASKED:
            return "EVERYONE, no application stands in front"
        case AdmittedBy.OVERRIDE:
            return f"EVERYONE, the application makes {_public_path(grant)} public"
        case AdmittedBy.BYPASS:
            return f"BYPASS, nobody is asked: {visitors}"
        case AdmittedBy.TOKEN:
            return f"without a login: {visitors}"
        case AdmittedBy.UNREAD:
            return f"perhaps EVERYONE: {visitors}"
        case AdmittedBy.PREFLIGHT:
            return "EVERYONE, by requests of the method OPTIONS alone"
        case AdmittedBy.LOGIN:
            return ", ".join([visitors, *(_WAIVED[it] for it in stable_sorted(grant.waives))])


def _public_path(grant: Grant) -> str:
    """Name what an override makes public."""
    written = (test.value for test in grant.require if isinstance(test, Criterion))
    return next(filter(None, written), "the path")


_WAIVED: Mapping[Criterion, str] = MappingProxyType(
    {
        ORGANIZATION_FACTOR: "without the second factor that the organisation may ask for",
        PROVIDER_LOGIN: "an enrolled device's WARP session counts as the login",
    }
)


def describe_restricted(who: str, by: Grant | Members, describe: Callable[[Test], str]) -> str:
    """Add requirements and exclusions to ``who``, a description of visitors."""
    required = [
        f"with {demand}" if (demand := _demand(test)) else f"who is {describe(test)}"
        for test in stable_sorted(by.require)
    ]
    excluded = [f"but not {describe(test)}" for test in stable_sorted(by.exclude)]
    return ", ".join([who, *required, *excluded])


def _demand(test: Test) -> str:
    """Name what a visitor must provide besides passing rules; empty for a rule."""
    if not isinstance(test, Criterion):
        return ""
    match test.selector:
        case "approval":
            return " and ".join(map(_approval, json.loads(test.value)))
        case "second_factor":
            factor = json.loads(test.value)
            kinds = " or ".join(factor["kinds"]).replace("_", " ")
            details = [kinds, f"for {factor['session']}" if factor["session"] else ""]
            shown = ", ".join(filter(None, details))
            return f"a second factor ({shown})" if shown else "a second factor"
        case "purpose_justification_required":
            return "a stated purpose"
        case "isolation_required":
            return "an isolated browser"
        case _:
            return ""


def _approval(group: Mapping[str, Any]) -> str:
    people = [*group["people"], *([f"the list {group['list']}"] if group["list"] else ())]
    needed = int(group["needed"])
    count = "approval" if needed == 1 else f"{needed} approvals"
    return f"{count} by {' or '.join(people)}"


def describe_demand(test: Criterion) -> str:
    """Name a policy's demand, such as an approval."""
    return _demand(test) or test.selector.replace("_", " ")


def describe_test(test: Test, names: DisplayNames) -> str:
    """Describe a test; ids are replaced by display names where they are known."""
    if test == EVERYONE:
        return "EVERYONE"
    if isinstance(test, Members):
        if test.label:
            return f"group {Mark.of_name(test.label)[0]}"
        inner = (describe_test(inner, names) for inner in stable_sorted(test.include))
        return f"any of {' or '.join(inner)}"
    value = names.get(test.value, test.value)
    known = _DESCRIPTIONS.get(test.selector)
    return known(value) if known else _generic(test, names)


def _generic(rule: Criterion, names: DisplayNames) -> str:
    what = rule.selector.replace("_", " ")
    try:
        fields = json.loads(rule.value)
    except ValueError:
        fields = rule.value
    if not isinstance(fields, dict):
        return f"{what} {names.get(rule.value, rule.value)}".strip()
    # By which provider goes without saying.
    parts = [str(value) for name, value in fields.items() if not name.endswith("_provider")]
    return f"{what} {' '.join(parts)}"


_DESCRIPTIONS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "email": str,
        "email_domain": "everyone with an @{} address".format,
        "country": "in {}".format,
        "ip": "from {}".format,
        "any_valid_service_token": lambda _: "any service token",
        "service_token": "service token {}".format,
        "login_method": "logged in by {}".format,
        "certificate": lambda _: "any client certificate",
        UNREAD_POLICY: "whomever the policy {} lets in, which was not read".format,
    }
)


def reason_open(entry: Entry) -> str:
    """Explain an anonymous entry: why anyone may reach its origin."""
    place = f"below /{entry.path} " if entry.path else ""
    match entry.grant.how:
        case AdmittedBy.UNASKED:
            return f"{place}no application covers it, and it leads to {entry.origin.service}"
        case AdmittedBy.OVERRIDE:
            path = _public_path(entry.grant)
            return f"{place}its application makes {path} public, to {entry.origin.service}"
        case AdmittedBy.BYPASS:
            return f"{place}a Bypass policy lets everybody in to {entry.origin.service}"
        case AdmittedBy.TOKEN:
            return f"{place}a Service Auth policy asks for no credential"
        case AdmittedBy.UNREAD:
            return f"{place}{describe_visitor(entry)}, may reach {entry.origin.service}"
        case AdmittedBy.PREFLIGHT:
            return f"{place}requests of the method OPTIONS reach {entry.origin.service} unasked"
        case AdmittedBy.LOGIN:
            return f"{place}an Allow policy lets in {_any_login(entry.grant)}"


def _any_login(grant: Grant) -> str:
    """Say why it is met by whoever logs in."""
    if grant.who == EVERYONE and not grant.require:
        return "everyone and requires nothing"
    tests = [grant.who, *stable_sorted(grant.require)]
    met = sorted({_STRANGERS[it.selector] for test in tests for it in _criteria(test)})
    return f"whoever logs in: {'; '.join(met)}" if met else "everyone and requires nothing"


def _criteria(test: Test) -> Iterator[Criterion]:
    if isinstance(test, Members):
        for inner in (*test.include, *test.require):
            yield from _criteria(inner)
    elif test.selector in _STRANGERS:
        yield test


# Why a test of a login is met by strangers.
_STRANGERS: Mapping[str, str] = MappingProxyType(
    {
        "login_method": "at that identity provider a mailbox or a free account is enough",
        "auth_method": "a method of login says how, and not who",
        "user_risk_score": "a stranger has no risk score, or the lowest",
        "ip": "the networks are about all there are",
        "ip_list": "what the list of addresses holds is not read",
    }
)


def describe_visitor(entry: Entry) -> str:
    """Describe the visitors of an entry; ids stay as they are."""
    return describe_test(entry.grant.who, {})
