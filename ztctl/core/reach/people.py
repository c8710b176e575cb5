"""Access rules, groups and policies as sets of visitors that can be compared.

Order of evaluation, from Cloudflare's documentation: Bypass and Service Auth first, then Allow and
Deny by precedence; a visitor who matches no policy is refused. ``include`` is any of, ``require``
all of, ``exclude`` none of. Containment is syntactic: what cannot be compared counts as wider.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ztctl.core.model.facts import EVERYONE, Criterion, Members, Policy, Test, stable_sorted
from ztctl.core.reach.networks import is_subnet, parse_network

# One in 256 of the routed addresses: a policy for more than that restricts to no network of its
# own.
_WIDE_V4 = 2**24
_WIDE_V6 = 2**120
# Never source addresses on the internet (RFC 1918, 6598, 4193, 4291), so they widen nothing.
_UNROUTED = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
) + tuple(ipaddress.ip_network(text) for text in ("fc00::/7", "fe80::/10", "::1/128"))


class AdmittedBy(StrEnum):
    """What admits a visitor."""

    UNASKED = "unasked"  # no application covers the request
    BYPASS = "bypass"
    TOKEN = "token"  # noqa: S105 - Service Auth: a service token, or another test of no identity
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Grant:
    """One element of a policy's ``include``, with all that restricts it.

    Attributes:
        who: the element.
        require: tests that a visitor must pass in addition.
        exclude: tests that a visitor must not pass, Deny policies before this one included.
        session: duration in seconds; ``None``: unknown, longer than any.
        providers: the identity providers, one of which a login must use; ``None``: any.
    """

    how: AdmittedBy
    who: Test
    require: frozenset[Test] = frozenset()
    exclude: frozenset[Test] = frozenset()
    session: float | None = None
    providers: frozenset[str] | None = None


OPEN = Grant(AdmittedBy.UNASKED, EVERYONE)

Groups = Callable[[str], Members | None]


def grants(
    policies: Sequence[Policy],
    groups: Groups,
    *,
    session: float | None = None,
    providers: frozenset[str] | None = None,
) -> Iterator[Grant]:
    """The grants of policies given in order of precedence; group references are resolved.

    ``session`` and ``providers`` are the application's.
    """
    denied: set[Test] = set()
    for policy in policies:
        about = resolved(policy.about, groups)
        if policy.decision == "deny":
            # A set with require or exclude must stay whole: its includes alone are a wider set.
            denied |= {about} if about.require or about.exclude else set(about.include)
            continue
        how = _HOW.get(policy.decision, AdmittedBy.LOGIN)
        excluded = about.exclude | (denied if how is AdmittedBy.LOGIN else frozenset())
        # Behind a Deny for everyone a policy admits nobody.
        if any(within(EVERYONE, test) for test in excluded):
            continue
        lasting = session if policy.session is None else policy.session
        for who in filter(_is_satisfiable, about.include):
            yield Grant(
                how,
                who,
                about.require | policy.terms,
                frozenset(excluded),
                lasting if how is AdmittedBy.LOGIN else None,
                providers if how is AdmittedBy.LOGIN else None,
            )


def _is_satisfiable(test: Test) -> bool:
    """Whether anyone can match this test; ``require`` is not considered."""
    if isinstance(test, Criterion):
        return True
    excludes_all = any(within(EVERYONE, other) for other in test.exclude)
    return not excludes_all and any(map(_is_satisfiable, test.include))


_HOW = {"bypass": AdmittedBy.BYPASS, "non_identity": AdmittedBy.TOKEN}


def resolved(members: Members, groups: Groups, above: frozenset[str] = frozenset()) -> Members:
    """Replace references to groups by the groups' rule lists, recursively.

    A reference to an unknown group, or to one that contains itself, stays; ``above`` holds the ids
    of the groups being resolved.
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
        return test if found is None else resolved(found, groups, above | {test.value})

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
    return False


def _members_within(one: Members, other: Test) -> bool:
    # Where ``other`` has no require or exclude, those of ``one`` only narrow it: include decides.
    if isinstance(other, Members) and (other.require or other.exclude):
        return all(
            any(within(test, wide) for wide in other.include) for test in one.include
        ) and _restricts_as_much(one, other)
    return bool(one.include) and all(within(test, other) for test in one.include)


def contained(one: Grant, other: Grant) -> bool:
    """True if every visitor of grant ``one`` is admitted by ``other``, for as long at least."""
    if other == OPEN or one == other:
        return True
    return (
        one.how is other.how
        and within(one.who, other.who)
        and _restricts_as_much(one, other)
        and lasts_no_longer(one.session, other.session)
        and providers_within(one.providers, other.providers)
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


def admits_anonymous(policy: Policy, groups: Groups) -> bool:
    """True if a policy admits visitors whom nobody has given a credential.

    That is a Bypass or Service Auth policy whose tests are all of the network and as wide as the
    internet, or an Allow policy for everyone that requires nothing: whoever can log in at any
    identity provider. A purpose justification and a second factor, which visitors provide
    themselves, do not count as requirements; an approval by a person does. A country counts as
    wide as the internet: a source address in it is easily had.
    """
    about = resolved(policy.about, groups)
    if policy.decision == "deny" or EVERYONE in about.exclude:
        return False
    by_login = policy.decision == "allow"
    if by_login and any(term.selector == "approval_required" for term in policy.terms):
        return False
    wide = is_wide(about.include, by_login=by_login)
    return wide and all(_is_trivial(test, by_login) for test in about.require)


def is_wide(tests: Iterable[Test], *, by_login: bool = False) -> bool:
    """True if any of these network tests, or all together, match about the whole internet.

    ``by_login``: visitors log in as well, so that a required country does narrow a group.
    """
    flat = list(_flat(tests, by_login))
    if any(rule == EVERYONE or rule.selector == "country" for rule in flat):
        return True
    return _cover_internet(tuple(sorted(rule.value for rule in flat if rule.selector == "ip")))


def _flat(tests: Iterable[Test], by_login: bool) -> Iterator[Criterion]:
    """The criteria of which each alone admits; sets with a real requirement are left out."""
    for test in tests:
        if isinstance(test, Criterion):
            yield test
        elif all(_is_trivial(need, by_login) for need in test.require):
            yield from _flat(test.include, by_login)


def _is_trivial(test: Test, by_login: bool) -> bool:
    """True if practically every internet user passes this required test."""
    if not is_wide((test,), by_login=by_login):
        return False
    return not by_login or not any(rule.selector == "country" for rule in _flat((test,), by_login))


@lru_cache(maxsize=4096)
def _cover_internet(networks: tuple[str, ...]) -> bool:
    known = [found for text in networks if (found := parse_network(text)) is not None]
    routed = [net for net in known if not any(is_subnet(net, own) for own in _UNROUTED)]
    # Ranges are collapsed before they are added up, so that overlapping ones count once.
    v4 = [net for net in routed if isinstance(net, ipaddress.IPv4Network)]
    v6 = [net for net in routed if isinstance(net, ipaddress.IPv6Network)]
    return (
        sum(net.num_addresses for net in ipaddress.collapse_addresses(v4)) >= _WIDE_V4
        or sum(net.num_addresses for net in ipaddress.collapse_addresses(v6)) >= _WIDE_V6
    )


@lru_cache(maxsize=4096)
def _is_subnet(one: str, other: str) -> bool:
    inner, outer = parse_network(one), parse_network(other)
    return inner is not None and outer is not None and is_subnet(inner, outer)
