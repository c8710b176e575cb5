"""Access rules, groups and policies as sets of visitors that can be compared.

Order of evaluation, from Cloudflare's documentation: Bypass and Service Auth first, then Allow and
Deny by precedence; a visitor who matches no policy is refused. ``include`` is any of, ``require``
all of, ``exclude`` none of; a rule that the decision cannot test is true of nobody. Containment is
syntactic: what cannot be compared counts as wider.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from ztctl.core.model.decisions import is_tested
from ztctl.core.model.facts import (
    EVERYONE,
    NO_SECOND_FACTOR,
    ORGANIZATION_FACTOR,
    Criterion,
    LoginProvider,
    Members,
    Openness,
    Policy,
    Test,
    stable_sorted,
)
from ztctl.core.reach.networks import is_subnet, parse_network

# One in 256 of the routed addresses: a policy for more than that restricts to no network of its
# own.
_WIDE_V4 = 2**24
_WIDE_V6 = 2**117
# All that is routed of IPv6 (IANA, global unicast), and IPv4 addresses written as IPv6 ones: how
# the service compares such a network with a visitor's address is not documented.
_ROUTED_V6 = ipaddress.IPv6Network("2000::/3")
_MAPPED_V4 = ipaddress.IPv6Network("::ffff:0:0/96")
# Never source addresses on the internet (RFC 1918, 6598), so they widen nothing.
_UNROUTED = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
)


class AdmittedBy(StrEnum):
    """What admits a visitor."""

    UNASKED = "unasked"  # no application covers the request
    OVERRIDE = "override"  # the application makes the path public
    BYPASS = "bypass"
    TOKEN = "token"  # noqa: S105 - Service Auth: a service token, or another test of no identity
    LOGIN = "login"
    UNREAD = "unread"  # a policy that was not read: it may ask nobody anything
    PREFLIGHT = "preflight"  # requests of the method OPTIONS, of which nobody is asked anything


@dataclass(frozen=True, slots=True)
class Grant:
    """One element of a policy's ``include``, with all that restricts it.

    Attributes:
        who: the element.
        require: tests that a visitor must pass in addition.
        exclude: tests that a visitor must not pass, Deny policies before this one included.
        session: duration in seconds; ``None``: unknown, longer than any.
        providers: the identity providers, one of which a login must use; ``None``: any.
        waives: demands that are made of others, and not of these visitors.
        policy: the live name of the policy, if any; not compared.
    """

    how: AdmittedBy
    who: Test
    require: frozenset[Test] = frozenset()
    exclude: frozenset[Test] = frozenset()
    session: float | None = None
    providers: frozenset[str] | None = None
    waives: frozenset[Criterion] = frozenset()
    policy: str = field(default="", compare=False)


OPEN = Grant(AdmittedBy.UNASKED, EVERYONE)
PREFLIGHT = Grant(AdmittedBy.PREFLIGHT, EVERYONE)
PUBLIC = Grant(AdmittedBy.OVERRIDE, EVERYONE)
# The grants that admit every visitor, whatever is asked of others.
_UNCONDITIONAL = (OPEN, PUBLIC, Grant(AdmittedBy.BYPASS, EVERYONE))


def public_at(written: str) -> Grant:
    """What an override grants at some of the paths for which a sample stands.

    ``written`` names them where the sample does not.
    """
    return Grant(AdmittedBy.OVERRIDE, EVERYONE, frozenset({Criterion("path", written)}))


Groups = Callable[[str], Members | None]
Logins = Callable[[str], LoginProvider | None]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an application says of everybody who logs in; see ``Application`` for the fields.

    ``asks_factor``: the organisation asks for a second factor, or may do so.
    """

    session: float | None = None
    providers: frozenset[str] | None = None
    second_factor: Criterion | None = None
    waives: frozenset[Criterion] = frozenset()
    asks_factor: bool = True


NO_TERMS = Terms()


def grants(policies: Sequence[Policy], groups: Groups, terms: Terms = NO_TERMS) -> Iterator[Grant]:
    """The grants of policies given in order of precedence; group references are resolved."""
    denied: set[Test] = set()
    for policy in policies:
        about = tested(resolved(policy.about, groups), policy.decision)
        if about is None:
            continue
        if policy.decision == "deny":
            # A set with require or exclude must stay whole: its includes alone are a wider set.
            denied |= {about} if about.require or about.exclude else set(about.include)
            continue
        how = _HOW.get(policy.decision, AdmittedBy.LOGIN)
        excluded = about.exclude | (denied if how is AdmittedBy.LOGIN else frozenset())
        # Behind a Deny for everyone a policy admits nobody.
        if any(within(EVERYONE, test) for test in excluded):
            continue
        for who in about.include:
            label = policy.about.label
            grant = Grant(how, who, about.require, frozenset(excluded), policy=label)
            yield _by_login(grant, policy, terms) if how is AdmittedBy.LOGIN else grant


def _by_login(grant: Grant, policy: Policy, terms: Terms) -> Grant:
    """Add what is asked of people who log in. The policy's own second factor goes before others."""
    factor = policy.second_factor or terms.second_factor
    asked = policy.terms if factor in (None, NO_SECOND_FACTOR) else {*policy.terms, factor}
    replaces = factor == NO_SECOND_FACTOR or (factor is not None and terms.asks_factor)
    return replace(
        grant,
        require=grant.require | asked,
        session=terms.session if policy.session is None else policy.session,
        providers=terms.providers,
        waives=terms.waives | ({ORGANIZATION_FACTOR} if replaces else frozenset()),
    )


def tested(members: Members, decision: str) -> Members | None:
    """The rule lists as this decision evaluates them; ``None``: nobody can pass them.

    Group references must be resolved. An unknown group may hold anybody.
    """

    def one(test: Test) -> Test | None:
        if isinstance(test, Members):
            return tested(test, decision)
        return test if is_tested(test.selector, decision) else None

    def some(tests: frozenset[Test]) -> frozenset[Test]:
        if not any(isinstance(test, Members) for test in tests):
            return frozenset(test for test in tests if one(test) is not None)
        # Of two groups that are equal here one stays: in every process the same one.
        found = map(one, stable_sorted(tests))
        return frozenset(test for test in found if test is not None)

    include, exclude = some(members.include), some(members.exclude)
    fails = any(one(test) is None for test in members.require)
    if fails or not include or any(within(EVERYONE, test) for test in exclude):
        return None
    return Members(include, exclude, some(members.require), members.label)


_HOW = {
    "bypass": AdmittedBy.BYPASS,
    "non_identity": AdmittedBy.TOKEN,
    AdmittedBy.UNREAD: AdmittedBy.UNREAD,
}
# Whom a policy admits that was not read; the value is its id.
UNREAD_POLICY = "unread_policy"


def unread_policy(key: str) -> Policy:
    """What takes the place of a policy that is attached somewhere, and was not read."""
    return Policy(AdmittedBy.UNREAD, Members(frozenset({Criterion(UNREAD_POLICY, key)})))


# In place of a reference to a group that was not read.
UNREAD_GROUP = "unread_group"


def resolved(members: Members, groups: Groups, above: frozenset[str] = frozenset()) -> Members:
    """Replace references to groups by the groups' rule lists, recursively.

    A reference to a group that contains itself stays, and one to a group that was not read says so;
    ``above`` holds the ids of the groups being resolved.
    """

    def resolved_all(tests: frozenset[Test]) -> frozenset[Test]:
        if not any(isinstance(test, Criterion) and test.selector == "group" for test in tests):
            return tests
        # Of two groups with equal rules one stays: in every process the same one.
        return frozenset(map(resolved_test, stable_sorted(tests)))

    def resolved_test(test: Test) -> Test:
        if not isinstance(test, Criterion) or test.selector != "group" or test.value in above:
            return test
        found = groups(test.value)
        if found is None:
            return Criterion(UNREAD_GROUP, test.value)
        return resolved(found, groups, above | {test.value})

    return Members(
        resolved_all(members.include),
        resolved_all(members.exclude),
        resolved_all(members.require),
        members.label,
    )


def within(one: Test, other: Test) -> bool:
    """True if every visitor who passes ``one`` certainly passes ``other``."""
    if one == other or other == EVERYONE:
        return True
    if isinstance(one, Members):
        return _members_within(one, other)
    if isinstance(other, Members):
        plain = not other.require and not other.exclude
        return plain and any(within(one, test) for test in other.include)
    if one.selector == "email" and other.selector == "email_domain":
        return one.value.rpartition("@")[2] == other.value
    if one.selector == other.selector == "ip":
        return _is_subnet(one.value, other.value)
    if one.selector == other.selector == APPROVAL:
        return _asks_as_much(one.value, other.value)
    return False


# Approvals that a visitor needs: the value is JSON, a list of groups of people who may give one.
APPROVAL = "approval"


def _asks_as_much(one: str, other: str) -> bool:
    """True if each group of approvals of either side has one on the other, ``one`` the stricter.

    Whether every group must agree or one of them is enough is not documented: so both are asked.
    """
    strict, mild = json.loads(one), json.loads(other)

    def implies(group: Any, needed: Any) -> bool:
        return (
            group["needed"] >= needed["needed"]
            and {*group["people"]} <= {*needed["people"]}
            and group["list"] in ("", needed["list"])
        )

    return all(any(implies(group, it) for group in strict) for it in mild) and all(
        any(implies(group, it) for it in mild) for group in strict
    )


def _members_within(one: Members, other: Test) -> bool:
    # Where ``other`` has no require or exclude, those of ``one`` only narrow it: include decides.
    if isinstance(other, Members) and (other.require or other.exclude):
        return all(
            any(within(test, wide) for wide in other.include) for test in one.include
        ) and _restricts_as_much(one, other)
    return bool(one.include) and all(within(test, other) for test in one.include)


def contained(one: Grant, other: Grant) -> bool:
    """True if every visitor of grant ``one`` is admitted by ``other``, for as long at least."""
    if other in _UNCONDITIONAL or one == other:
        return True
    return (
        one.how is other.how
        and within(one.who, other.who)
        and _restricts_as_much(one, other)
        and lasts_no_longer(one.session, other.session)
        and providers_within(one.providers, other.providers)
        and one.waives <= other.waives
    )


def _restricts_as_much(one: Grant | Members, other: Grant | Members) -> bool:
    """True if ``one`` requires whatever ``other`` requires, and excludes whom it excludes."""
    requires_all = other.require <= one.require or all(
        any(within(test, wide) for test in one.require) for wide in other.require
    )
    return requires_all and (
        other.exclude <= one.exclude
        or all(any(within(test, wide) for wide in one.exclude) for test in other.exclude)
    )


def lasts_no_longer(one: float | None, other: float | None) -> bool:
    """Compare session durations in seconds; ``None`` is longer than any."""
    return one == other or (one is not None and (other is None or one <= other))


def providers_within(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    """True if ``other`` accepts every identity provider of ``one``; ``None`` is any."""
    return other is None or (one is not None and one <= other)


def openness(policy: Policy, groups: Groups, logins: Logins = lambda _: None) -> Openness:
    """To how many strangers a policy is open: visitors whom nobody has given a credential.

    A Bypass or Service Auth policy is open where its tests are all of the network and as wide as
    the internet. An Allow policy is open to any login where its tests are such, or met by whoever
    has a mailbox or a free account (``_is_met_by_any_login``). A purpose justification and a second
    factor, which visitors provide themselves, do not count as requirements; an approval by a person
    does. A country counts as wide as the internet: a source address in it is easily had.

    Args:
        policy: the policy, its groups by reference.
        groups: looks up a group by id.
        logins: looks up an identity provider by id; one that is not known counts as open.
    """
    about = tested(resolved(policy.about, groups), policy.decision)
    if about is None or policy.decision == "deny":
        return Openness.CLOSED
    by_login = policy.decision not in _HOW
    if by_login and any(term.selector == APPROVAL for term in policy.terms):
        return Openness.CLOSED
    known = logins if by_login else None
    if not is_wide(about.include, known):
        return Openness.CLOSED
    if not all(_is_trivial(test, known) for test in about.require):
        return Openness.CLOSED
    return Openness.ANY_LOGIN if by_login else Openness.OPEN


def is_wide(tests: Iterable[Test], logins: Logins | None = None) -> bool:
    """True if any of these tests, or all together, match about the whole internet.

    ``logins`` is given where visitors log in: then tests of the login count as well, and a required
    country does narrow a group.
    """
    flat = list(_flat(tests, logins))
    if any(rule == EVERYONE or rule.selector in _WIDE for rule in flat):
        return True
    if logins is not None and any(_is_met_by_any_login(rule, logins) for rule in flat):
        return True
    return _cover_internet(tuple(sorted(rule.value for rule in flat if rule.selector == "ip")))


# What a list of addresses, a group or a policy holds that was not read may be everybody.
_WIDE = ("country", "ip_list", UNREAD_GROUP, UNREAD_POLICY)


def _is_met_by_any_login(rule: Criterion, logins: Logins) -> bool:
    """True for a test that strangers meet by logging in.

    Documented for the one-time PIN ("anyone will be able to access your application"). A method
    such as ``otp`` or ``pwd`` says how somebody logged in, and not who. A risk score "acts as a
    threshold", and a stranger has the lowest there is.
    """
    if rule.selector == "login_method":
        provider = logins(rule.value)
        return provider is None or provider.is_open
    return rule.selector in ("auth_method", "user_risk_score")


def _flat(tests: Iterable[Test], logins: Logins | None) -> Iterator[Criterion]:
    """The criteria of which each alone admits; sets with a real requirement are left out."""
    for test in tests:
        if isinstance(test, Criterion):
            yield test
        elif all(_is_trivial(need, logins) for need in test.require):
            yield from _flat(test.include, logins)


def _is_trivial(test: Test, logins: Logins | None) -> bool:
    """True if practically every internet user passes this required test."""
    if not is_wide((test,), logins):
        return False
    return logins is None or not any(rule.selector == "country" for rule in _flat((test,), logins))


@lru_cache(maxsize=4096)
def _cover_internet(networks: tuple[str, ...]) -> bool:
    known = [found for text in networks if (found := parse_network(text)) is not None]
    v4 = [
        net
        for net in known
        if isinstance(net, ipaddress.IPv4Network)
        and not any(is_subnet(net, it) for it in _UNROUTED)
    ]
    v6 = [net for net in known if isinstance(net, ipaddress.IPv6Network)]
    if any(net.overlaps(_MAPPED_V4) for net in v6):
        return True
    routed = [
        net if is_subnet(net, _ROUTED_V6) else _ROUTED_V6 for net in v6 if net.overlaps(_ROUTED_V6)
    ]
    # Ranges are collapsed before they are added up, so that overlapping ones count once.
    return (
        sum(net.num_addresses for net in ipaddress.collapse_addresses(v4)) >= _WIDE_V4
        or sum(net.num_addresses for net in ipaddress.collapse_addresses(routed)) >= _WIDE_V6
    )


@lru_cache(maxsize=4096)
def _is_subnet(one: str, other: str) -> bool:
    inner, outer = parse_network(one), parse_network(other)
    return inner is not None and outer is not None and is_subnet(inner, outer)
