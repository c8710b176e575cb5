"""Describe for people who may enter, and what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ztctl.core.model.facts import (
    EVERYONE,
    NO_SECOND_FACTOR,
    ORGANIZATION_FACTOR,
    PROVIDER_LOGIN,
    Criterion,
    DescribedEntry,
    Members,
    Test,
    stable_sorted,
)
from ztctl.core.model.objects import Mark
from ztctl.core.reach.entries import Entry, exact_path
from ztctl.core.reach.people import UNREAD_POLICY, AdmittedBy, Grant
from ztctl.core.reach.versions import address_of_new, is_new

DisplayNames = Mapping[str, str]


def describe_entries(
    entries: Iterable[Entry], names: DisplayNames, describe: Callable[[Test], str]
) -> tuple[DescribedEntry, ...]:
    """Describe access entries; ``describe`` describes the visitors."""
    return sorted_entries(
        {
            DescribedEntry(
                provided(describe_grant(it.grant, describe(it.grant.who), names), it),
                origin_of(it),
                it.openness,
                session=session_of(it.grant),
                policy=Mark.of_name(it.grant.policy)[0],
                tunnel=name_of(it.origin.tunnel, names) if it.origin.is_tunnel else "",
            )
            for it in entries
        }
    )


def name_of(key: str, names: DisplayNames) -> str:
    """The display name of an id; of an object that is still to be created, its key."""
    return names.get(key) or (address_of_new(key).key if is_new(key) else key)


def sorted_entries(found: Iterable[DescribedEntry]) -> tuple[DescribedEntry, ...]:
    """The most open first."""

    def place(entry: DescribedEntry) -> tuple[str | int, ...]:
        told = (entry.who, entry.origin, entry.change, entry.session, entry.policy, entry.tunnel)
        return -entry.openness, *told

    return tuple(sorted(found, key=place))


def provided(text: str, entry: Entry) -> str:
    """Say on what an entry depends that nobody knows."""
    said = ", and ".join(sorted(entry.provided))
    return f"perhaps {text}, {said}" if said else text


def origin_of(entry: Entry) -> str:
    """Where an entry leads."""
    place = f" below /{entry.path}" if entry.path else ""
    by = entry.served.by
    paths = f" by paths like {by}" if by and exact_path(by) is None else ""
    return f"{entry.origin.service}{place}{paths}"


def one_of(texts: Sequence[str]) -> str:
    """Join alternatives: ``in ES, PT or US``."""
    *most, last = texts
    return f"{', '.join(most)} or {last}" if most else last


def describe_duration(seconds: float | None) -> str:
    """Describe how long a session lasts: ``1h30m``."""
    if seconds is None:
        return "no known time"
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = {"h": hours, "m": minutes, "s": rest}
    return "".join(f"{count}{unit}" for unit, count in parts.items() if count) or "0s"


def session_of(grant: Grant) -> str:
    """How long a login by a grant lasts; empty where nobody logs in, or it is not known."""
    logs_in = grant.how is AdmittedBy.LOGIN and grant.session is not None
    return describe_duration(grant.session) if logs_in else ""


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
            return ", ".join([visitors, *map(describe_waived, stable_sorted(grant.waives))])


def _public_path(grant: Grant) -> str:
    """Name what an override makes public."""
    written = (test.value for test in grant.require if isinstance(test, Criterion))
    return next(filter(None, written), "the path")


_WAIVED: Mapping[Criterion, tuple[str, str]] = MappingProxyType(
    {
        ORGANIZATION_FACTOR: (
            "without the second factor that the organisation may ask for",
            "now asked: the second factor that the organisation may ask for",
        ),
        PROVIDER_LOGIN: (
            "an enrolled device's WARP session counts as the login",
            "an enrolled device's WARP session is no login any longer",
        ),
    }
)


def describe_waived(demand: Criterion) -> str:
    """Say that a demand is not made of everybody."""
    return _WAIVED[demand][0]


def describe_asked_again(demand: Criterion) -> str:
    """Say that a demand is made of everybody once more."""
    return _WAIVED[demand][1]


def describe_restricted(who: str, by: Grant | Members, describe: Callable[[Test], str]) -> str:
    """Add requirements and exclusions to ``who``, a description of visitors."""
    required = [
        f"with {demand}" if (demand := _demand(test)) else f"who is {describe(test)}"
        for test in stable_sorted(by.require)
    ]
    excluded = [f"but not {describe(test)}" for test in stable_sorted(by.exclude)]
    return ", ".join([who, *required, *excluded])


def describe_lack(test: Test, describe: Callable[[Test], str]) -> str:
    """Describe who does not meet a requirement."""
    demand = _demand(test)
    return f"who comes without {demand}" if demand else f"who is not {describe(test)}"


def _demand(test: Test) -> str:
    """Name what a visitor must provide besides passing rules; empty for a rule."""
    if not isinstance(test, Criterion):
        return ""
    match test.selector:
        case "approval":
            return " and ".join(map(_approval, json.loads(test.value)))
        case "second_factor" if test == NO_SECOND_FACTOR:
            return "no second factor"
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


def describe_asked(test: Test, names: DisplayNames) -> str:
    """Describe a requirement: a demand, or the test that a visitor must pass."""
    return _demand(test) or describe_test(test, names)


def describe_demand(test: Criterion) -> str:
    """Name a policy's demand, such as an approval."""
    return _demand(test) or test.selector.replace("_", " ")


def describe_test(test: Test, names: DisplayNames) -> str:
    """Describe a test; ids are replaced by display names where they are known."""
    if test == EVERYONE:
        return "EVERYONE"
    if isinstance(test, Members):
        if test.label and not test.is_helper:
            return f"group {Mark.of_name(test.label)[0]}"
        inner = [describe_test(inner, names) for inner in stable_sorted(test.include)]
        if not test.is_helper or not inner:
            return f"any of {' or '.join(inner)}"
        # A preposition is said once: `in ES, PT or US`.
        word = {text.partition(" ")[0] for text in inner if " " in text}
        same = len(word) == 1 and word <= {"in", "from"}
        return one_of([inner[0], *(text.partition(" ")[2] if same else text for text in inner[1:])])
    value = names.get(test.value, test.value)
    known = _DESCRIPTIONS.get(test.selector)
    return known(value) if known else _generic(test, names)


def _generic(rule: Criterion, names: DisplayNames) -> str:
    what = _AT_PROVIDER.get(rule.selector, rule.selector.replace("_", " "))
    try:
        fields = json.loads(rule.value)
    except ValueError:
        fields = rule.value
    if not isinstance(fields, dict):
        return f"{what} {names.get(rule.value, rule.value)}".strip()
    # By which provider goes without saying.
    parts = [str(value) for name, value in fields.items() if not name.endswith("_provider")]
    return f"{what} {_JOINED.get(rule.selector, ' ').join(parts)}"


# What the groups of an identity provider are called, and what stands between name and value.
_AT_PROVIDER: Mapping[str, str] = MappingProxyType(
    {
        "okta": "Okta group",
        "google_workspace": "Google group",
        "azure_ad": "Entra group",
        "github_organization": "GitHub",
        "saml": "SAML",
        "oidc": "OIDC",
    }
)
_JOINED: Mapping[str, str] = MappingProxyType(
    {"github_organization": "/", "saml": "=", "oidc": "="}
)


# Of RFC 8176, as Access compares them.
_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "mfa": "several factors (MFA)",
        "otp": "a one-time password",
        "pwd": "a password",
        "hwk": "a hardware key",
        "swk": "a software key",
    }
)
_DESCRIPTIONS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "email": str,
        "email_domain": "everyone with an @{} address".format,
        "country": "in {}".format,
        "ip": "from {}".format,
        "any_valid_service_token": lambda _: "any service token",
        "service_token": "service token {}".format,
        "login_method": "logged in by {}".format,
        "auth_method": lambda how: f"logged in with {_METHODS.get(how, how)}",
        "certificate": lambda _: "any client certificate",
        UNREAD_POLICY: "whomever the policy {} lets in, which was not read".format,
    }
)


def reason_open(entry: Entry) -> str:
    """Explain an anonymous entry: why anyone may reach its origin."""
    return provided(_reason(entry), entry)


def _reason(entry: Entry) -> str:
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
        "country": "an address in a country is easily had",
        "ip": "the networks are about all there are",
        "ip_list": "what the list of addresses holds is not read",
    }
)


def describe_visitor(entry: Entry) -> str:
    """Describe the visitors of an entry; ids stay as they are."""
    return describe_test(entry.grant.who, {})
