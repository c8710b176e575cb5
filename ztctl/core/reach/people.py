"""Who may enter: rules, groups and policies as sets that can be compared.

Order of evaluation, from Cloudflare's documentation: Bypass and Service Auth first, then Allow and
Deny by precedence; who matches no policy is refused. ``include`` is any of, ``require`` all of,
``exclude`` none of. Containment is syntactic: what cannot be compared counts as wider.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from ztctl.core.model.facts import EVERYONE, Criterion, Members, Policy, Test

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


# Of the addresses that are routed, one in 256: who names more of them names no network of theirs.
_WIDE_V4 = 2**24
_WIDE_V6 = 2**120
# Nobody comes from these over the internet (RFC 1918, 6598, 4193, 4291).
_UNROUTED = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
) + tuple(ipaddress.ip_network(text) for text in ("fc00::/7", "fe80::/10", "::1/128"))


class AdmittedBy(StrEnum):
    """By what a visitor comes in."""

    UNASKED = "unasked"  # no application stands in front
    BYPASS = "bypass"
    TOKEN = "token"  # noqa: S105 - Service Auth: a service token, or another test of no identity
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class Grant:
    """One way to be let in.

    Attributes:
        who: one element of a policy's ``include``.
        require: what holds of everybody beside it, ``exclude``: of nobody.
        session: how long it lasts in seconds; ``None``: no end is known.
        providers: the identity providers of which one must vouch; ``None``: any.
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
    """Every way in that these policies give, in order of precedence; groups are resolved."""
    denied: set[Test] = set()
    for policy in policies:
        about = resolved(policy.about, groups)
        if policy.decision == "deny":
            denied |= {about} if about.require or about.exclude else set(about.include)
            continue
        how = _HOW.get(policy.decision, AdmittedBy.LOGIN)
        excluded = about.exclude | (denied if how is AdmittedBy.LOGIN else frozenset())
        if any(within(EVERYONE, test) for test in excluded):
            continue
        lasting = session if policy.session is None else policy.session
        for who in filter(_is_somebody, about.include):
            yield Grant(
                how,
                who,
                about.require | policy.terms,
                frozenset(excluded),
                lasting if how is AdmittedBy.LOGIN else None,
                providers if how is AdmittedBy.LOGIN else None,
            )


def _is_somebody(test: Test) -> bool:
    """False for a set that leaves everybody out."""
    if isinstance(test, Criterion):
        return True
    left_out = any(within(EVERYONE, other) for other in test.exclude)
    return not left_out and any(map(_is_somebody, test.include))


_HOW = {"bypass": AdmittedBy.BYPASS, "non_identity": AdmittedBy.TOKEN}


def resolved(members: Members, groups: Groups, above: frozenset[str] = frozenset()) -> Members:
    """The same set with what its groups hold in place of the references to them.

    A group that is not known, or that holds itself, stays a reference.
    """

    def inside(tests: frozenset[Test]) -> frozenset[Test]:
        if not any(isinstance(test, Criterion) and test.selector == "group" for test in tests):
            return tests
        return frozenset(one(test) for test in tests)

    def one(test: Test) -> Test:
        if not isinstance(test, Criterion) or test.selector != "group" or test.value in above:
            return test
        found = groups(test.value)
        return test if found is None else resolved(found, groups, above | {test.value})

    return Members(
        inside(members.include), inside(members.exclude), inside(members.require), members.label
    )


def within(one: Test, other: Test) -> bool:
    """True when whoever passes the one surely passes the other."""
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
    # What else a set asks for only makes it smaller.
    if isinstance(other, Members) and (other.require or other.exclude):
        return (
            all(any(within(test, wide) for wide in other.include) for test in one.include)
            and _asks_for_all(one.require, other.require)
            and _leaves_out_all(one.exclude, other.exclude)
        )
    return bool(one.include) and all(within(test, other) for test in one.include)


def contained(one: Grant, other: Grant) -> bool:
    """True when everybody who comes in by the one could come in by the other as well."""
    if other == OPEN or one == other:
        return True
    return (
        one.how is other.how
        and within(one.who, other.who)
        and _asks_for_all(one.require, other.require)
        and _leaves_out_all(one.exclude, other.exclude)
        and lasts_no_longer(one.session, other.session)
        and vouched(one.providers, other.providers)
    )


def _asks_for_all(one: frozenset[Test], other: frozenset[Test]) -> bool:
    return other <= one or all(any(within(test, wide) for test in one) for wide in other)


def _leaves_out_all(one: frozenset[Test], other: frozenset[Test]) -> bool:
    return other <= one or all(any(within(test, wide) for wide in one) for test in other)


def lasts_no_longer(one: float | None, other: float | None) -> bool:
    """True when the one session ends no later than the other; ``None`` has no known end."""
    return one == other or (one is not None and (other is None or one <= other))


def vouched(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    """True when the one asks for identity providers that the other takes; ``None`` is any."""
    return other is None or (one is not None and one <= other)


def lets_in_the_nameless(policy: Policy, groups: Groups) -> bool:
    """True when somebody without any credential of yours may come in by this policy.

    That is a Bypass or a Service Auth whose every test is of the network and as wide as the
    internet, and an Allow for everyone that requires nothing: any identity provider will do, a
    reason is quickly given and a second factor quickly made; only an approval is somebody's yes.
    A country is as wide as the internet: whoever is in it, or seems to be, comes in.
    """
    about = resolved(policy.about, groups)
    if policy.decision == "deny" or EVERYONE in about.exclude:
        return False
    asked = policy.decision == "allow"
    if asked and any(term.selector == "approval_required" for term in policy.terms):
        return False
    wide = is_wide(about.include, asked=asked)
    return wide and all(_is_no_demand(test, asked) for test in about.require)


def is_wide(tests: Iterable[Test], *, asked: bool = False) -> bool:
    """True when tests of the network alone let in as much as the internet, taken as any of.

    Of those who are asked to log in, a country that is required in addition narrows the way.
    """
    flat = list(_flat(tests, asked))
    if any(rule == EVERYONE or rule.selector == "country" for rule in flat):
        return True
    return _many(tuple(sorted(rule.value for rule in flat if rule.selector == "ip")))


def _flat(tests: Iterable[Test], asked: bool) -> Iterator[Criterion]:
    for test in tests:
        if isinstance(test, Criterion):
            yield test
        elif all(_is_no_demand(need, asked) for need in test.require):
            yield from _flat(test.include, asked)


def _is_no_demand(test: Test, asked: bool) -> bool:
    """True for what as good as everybody meets."""
    if not is_wide((test,), asked=asked):
        return False
    return not asked or not any(rule.selector == "country" for rule in _flat((test,), asked))


@lru_cache(maxsize=4096)
def _many(networks: tuple[str, ...]) -> bool:
    known = [found for text in networks if (found := _network(text)) is not None]
    routed = [net for net in known if not any(_inside(net, own) for own in _UNROUTED)]
    v4 = [net for net in routed if isinstance(net, ipaddress.IPv4Network)]
    v6 = [net for net in routed if isinstance(net, ipaddress.IPv6Network)]
    return (
        sum(net.num_addresses for net in ipaddress.collapse_addresses(v4)) >= _WIDE_V4
        or sum(net.num_addresses for net in ipaddress.collapse_addresses(v6)) >= _WIDE_V6
    )


@lru_cache(maxsize=4096)
def _is_subnet(one: str, other: str) -> bool:
    inner, outer = _network(one), _network(other)
    return inner is not None and outer is not None and _inside(inner, outer)


def _inside(inner: Network, outer: Network) -> bool:
    match inner, outer:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return inner.subnet_of(outer)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return inner.subnet_of(outer)
        case _:
            return False


@lru_cache(maxsize=4096)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
