"""Who may enter, as sets: tables of cases, and the laws of containment against visitors."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.examples import examples
from ztctl.core.model.facts import EVERYONE, Criterion, Members, Policy, Test
from ztctl.core.reach.people import (
    OPEN,
    AdmittedBy,
    Grant,
    contained,
    grants,
    is_wide,
    openness,
    within,
)

ANN, BOB = Criterion("email", "ann@a.org"), Criterion("email", "bob@b.org")
A_ORG, B_ORG = Criterion("email_domain", "a.org"), Criterion("email_domain", "b.org")
PT, US = Criterion("country", "PT"), Criterion("country", "US")
TEN, TEN_ONE = Criterion("ip", "10.0.0.0/8"), Criterion("ip", "10.1.0.0/16")
ANY_TOKEN = Criterion("any_valid_service_token", "true")


def people(*include: Test, require: Iterable[Test] = (), exclude: Iterable[Test] = ()) -> Members:
    """A set of people."""
    return Members(frozenset(include), frozenset(exclude), frozenset(require))


# -- tables ---------------------------------------------------------------------------------

WITHIN: Sequence[tuple[str, Test, Test, bool]] = (
    ("the same", ANN, ANN, True),
    ("everybody is everyone", ANN, EVERYONE, True),
    ("everyone is nobody else", EVERYONE, ANN, False),
    ("a mail of the domain", ANN, A_ORG, True),
    ("a mail of another domain", ANN, B_ORG, False),
    ("a look-alike domain", Criterion("email", "x@nota.org"), A_ORG, False),
    ("a domain below", Criterion("email", "x@y.a.org"), A_ORG, False),
    ("a domain is not one mail", A_ORG, ANN, False),
    ("a network in a network", TEN_ONE, TEN, True),
    ("a network around a network", TEN, TEN_ONE, False),
    ("an address of the other sort", Criterion("ip", "::1"), Criterion("ip", "0.0.0.0/0"), False),
    ("what is no network", Criterion("ip", "what"), TEN, False),
    ("other selectors", ANN, PT, False),
    ("one of a group", ANN, people(ANN, BOB), True),
    ("not of a group", ANN, people(BOB), False),
    ("one of a group that asks for more", ANN, people(ANN, require=[PT]), False),
    ("one of a group that leaves some out", ANN, people(ANN, exclude=[PT]), False),
    ("a group in a domain", people(ANN), A_ORG, True),
    ("a group across domains", people(ANN, BOB), A_ORG, False),
    ("a smaller group", people(ANN), people(ANN, BOB), True),
    ("a larger group", people(ANN, BOB), people(ANN), False),
    ("a group that asks for more", people(ANN, require=[PT]), people(ANN), True),
    ("a group that leaves out more", people(ANN, exclude=[PT]), people(ANN), True),
    ("both ask the same", people(ANN, require=[PT]), people(ANN, BOB, require=[PT]), True),
    ("it asks for something else", people(ANN, require=[US]), people(ANN, require=[PT]), False),
    ("it asks for less than all", people(ANN, require=[ANN]), people(ANN, require=[A_ORG]), True),
    ("it leaves out somebody else", people(ANN, exclude=[US]), people(ANN, exclude=[PT]), False),
    ("it leaves out a wider set", people(BOB, exclude=[A_ORG]), people(BOB, exclude=[ANN]), True),
    ("it leaves out fewer", people(BOB, exclude=[ANN]), people(BOB, exclude=[A_ORG]), False),
    ("a group of a group", people(people(ANN)), people(ANN, BOB), True),
)


@pytest.mark.parametrize(
    ("what", "one", "other", "expected"), WITHIN, ids=[case[0] for case in WITHIN]
)
def test_a_set_is_within_another(what: str, one: Test, other: Test, expected: bool) -> None:
    """Whoever passes the one surely passes the other, as far as that can be read off."""
    assert within(one, other) is expected, what


BASE = Grant(AdmittedBy.LOGIN, A_ORG, session=3600)


def by(providers: str) -> Grant:
    """The same people, vouched for by these."""
    return replace(BASE, providers=frozenset(providers))


CONTAINED: Sequence[tuple[str, Grant, Grant, bool]] = (
    ("fewer people", replace(BASE, who=ANN), BASE, True),
    ("more people", BASE, replace(BASE, who=ANN), False),
    ("by another way", replace(BASE, how=AdmittedBy.BYPASS), BASE, False),
    ("no application at all", BASE, OPEN, True),
    ("from nothing to an application", OPEN, BASE, False),
    ("asked for more", replace(BASE, require=frozenset({PT})), BASE, True),
    ("asked for less", BASE, replace(BASE, require=frozenset({PT})), False),
    ("without some", replace(BASE, exclude=frozenset({PT})), BASE, True),
    ("with those who were left out", BASE, replace(BASE, exclude=frozenset({PT})), False),
    ("a shorter session", replace(BASE, session=60), BASE, True),
    ("a longer session", replace(BASE, session=7200), BASE, False),
    ("a session without a known end", replace(BASE, session=None), BASE, False),
    ("within a session without a known end", BASE, replace(BASE, session=None), True),
    ("one provider of two", by("a"), by("ab"), True),
    ("a provider more", by("ab"), by("a"), False),
    ("any provider", BASE, by("a"), False),
)  # fmt: skip


@pytest.mark.parametrize(
    ("what", "one", "other", "expected"), CONTAINED, ids=[case[0] for case in CONTAINED]
)
def test_a_grant_is_contained_in_another(
    what: str, one: Grant, other: Grant, expected: bool
) -> None:
    """Who comes in by the one could come in by the other: people, demands, session, provider."""
    assert contained(one, other) is expected, what


def ip(*networks: str) -> list[Test]:
    """Tests of networks."""
    return [Criterion("ip", network) for network in networks]


WIDE: Sequence[tuple[list[Test], bool]] = (
    ([EVERYONE], True),
    ([PT], True),
    ([ANN], False),
    ([], False),
    (ip("0.0.0.0/0"), True),
    (ip("::/0"), True),
    (ip("0.0.0.0/1", "128.0.0.0/1"), True),
    (ip("8.0.0.0/8"), True),
    (ip("8.0.0.0/9"), False),
    (ip("8.0.0.0/9", "8.128.0.0/9"), True),
    (ip("8.0.0.0/9", "8.0.0.0/9"), False),
    (ip("10.0.0.0/8"), False),
    (ip("10.0.0.0/7"), True),
    (ip("fc00::/7"), False),
    (ip("2000::/3"), True),
    (ip("2001:db8::/32"), False),
    (ip("no network"), False),
    (ip("2001::/16", "2400::/12", "2600::/12", "2a00::/12"), True),
    (ip("2a00::/11"), True),
    (ip("2a00::/12"), False),
    (ip("2a00::/12", "2600::/12"), True),
    (ip("::/3"), True),
    (ip("4000::/3"), False),
    (ip("::ffff:0:0/96"), True),
    (ip("::ffff:10.0.0.1"), True),
    (ip("::/0"), True),
    ([Criterion("ip_list", "l")], True),
    ([people(EVERYONE)], True),
    ([people(people(*ip("0.0.0.0/0")))], True),
    ([people(EVERYONE, require=[ANN])], False),
    ([people(EVERYONE, require=[EVERYONE])], True),
    ([people(EVERYONE, require=ip("0.0.0.0/0"))], True),
)


@pytest.mark.parametrize(("tests", "expected"), WIDE, ids=range(len(WIDE)))
def test_a_test_of_the_network_may_be_as_wide_as_the_internet(
    tests: list[Test], expected: bool
) -> None:
    """Networks count by how many routed addresses they hold, each once; a country always."""
    assert is_wide(tests) is expected


def policy(decision: str, about: Members, **fields: Any) -> Policy:
    """One policy."""
    return Policy(decision, about, **fields)


NO_GROUPS: Mapping[str, Members] = {}
BOSS = '[{"list": "", "needed": 1, "people": ["boss@a.org"]}]'
TERM = frozenset({Criterion("approval", BOSS)})
REASON = frozenset({Criterion("purpose_justification_required", "true")})
NAMELESS: Sequence[tuple[str, Policy, bool]] = (
    ("bypass for everyone", policy("bypass", people(EVERYONE)), True),
    ("bypass for a network", policy("bypass", people(TEN)), False),
    ("bypass with a wide demand", policy("bypass", people(EVERYONE, require=[PT])), True),
    ("bypass with a narrow demand", policy("bypass", people(EVERYONE, require=[TEN])), False),
    ("bypass but for some", policy("bypass", people(EVERYONE, exclude=[PT])), True),
    ("bypass for nobody", policy("bypass", people(EVERYONE, exclude=[EVERYONE])), False),
    ("service auth for a token", policy("non_identity", people(ANY_TOKEN)), False),
    ("service auth for everyone", policy("non_identity", people(EVERYONE)), True),
    ("deny everyone", policy("deny", people(EVERYONE)), False),
    ("allow a domain", policy("allow", people(A_ORG)), False),
    ("allow everyone", policy("allow", people(EVERYONE)), True),
    ("allow everyone of a country", policy("allow", people(EVERYONE, require=[PT])), False),
    ("allow every address", policy("allow", people(EVERYONE, require=ip("0.0.0.0/0"))), True),
    ("allow a group of a country", policy("allow", people(people(EVERYONE, require=[PT]))), False),
    ("allow everyone or one", policy("allow", people(EVERYONE, ANN)), True),
    ("allow everyone but one", policy("allow", people(EVERYONE, exclude=[ANN])), True),
    ("allow everyone approved", policy("allow", people(EVERYONE), terms=TERM), False),
    ("allow everyone with a reason", policy("allow", people(EVERYONE), terms=REASON), True),
    ("bypass with a mail", policy("bypass", people(EVERYONE, require=[ANN])), False),
    ("bypass but for a mail", policy("bypass", people(EVERYONE, exclude=[A_ORG])), True),
    ("bypass approved", policy("bypass", people(EVERYONE), terms=TERM), True),
    ("allow any method", policy("allow", people(Criterion("auth_method", "otp"))), True),
    ("allow a list of addresses", policy("allow", people(Criterion("ip_list", "l"))), True),
    ("bypass a list of addresses", policy("bypass", people(Criterion("ip_list", "l"))), True),
    ("allow everyone and a token", policy("allow", people(EVERYONE, require=[ANY_TOKEN])), False),
)  # fmt: skip


@pytest.mark.parametrize(("what", "one", "expected"), NAMELESS, ids=[case[0] for case in NAMELESS])
def test_a_policy_may_let_in_the_nameless(what: str, one: Policy, expected: bool) -> None:
    """Whoever has no credential of yours comes in by the one, and not by the other."""
    assert bool(openness(one, NO_GROUPS.get)) is expected, what


def test_a_group_counts_by_what_it_holds_now() -> None:
    """A reference is as wide as the group behind it; one that was not read may be everybody."""
    one = policy("bypass", people(Criterion("group", "g")))

    assert openness(one, {"g": people(EVERYONE)}.get)
    assert not openness(one, {"g": people(ANN)}.get)
    assert openness(one, NO_GROUPS.get)


def test_groups_that_hold_each_other_end() -> None:
    """A ring of groups, which the API refuses, is neither an endless task nor a door."""
    ring = {"a": people(Criterion("group", "b")), "b": people(Criterion("group", "a"))}

    assert not openness(policy("bypass", people(Criterion("group", "a"))), ring.get)


# -- laws, by visitors ----------------------------------------------------------------------


@dataclass(frozen=True)
class Visitor:
    """Everything that the tests of these laws ask about."""

    email: str
    country: str
    address: str
    token: bool


VISITORS = tuple(
    Visitor(email, country, address, token)
    for email in ("ann@a.org", "amy@a.org", "bob@b.org", "eve@c.org")
    for country in ("PT", "US", "FR")
    for address in ("10.1.2.3", "10.2.0.1", "192.0.2.1", "8.8.8.8")
    for token in (True, False)
)

_RULES = (
    ANN,
    BOB,
    A_ORG,
    B_ORG,
    PT,
    US,
    TEN,
    TEN_ONE,
    ANY_TOKEN,
    EVERYONE,
    Criterion("ip", "0.0.0.0/0"),
)
_rules: st.SearchStrategy[Test] = st.sampled_from(_RULES)


def _sets(tests: st.SearchStrategy[Test]) -> st.SearchStrategy[Test]:
    few = st.frozensets(tests, max_size=2)
    return st.builds(Members, st.frozensets(tests, min_size=1, max_size=3), few, few)


tests = st.recursive(_rules, _sets, max_leaves=6)
members = _sets(_rules | _sets(_rules))
small = st.frozensets(tests, max_size=2)
every_grant = st.builds(Grant, st.just(AdmittedBy.LOGIN), tests, small, small)


# Written again, so that the model's own table does not judge itself.
UNTESTED = {
    "bypass": ("email", "email_domain", "any_valid_service_token"),
    "non_identity": ("email", "email_domain"),
    "allow": ("any_valid_service_token",),
    "deny": ("any_valid_service_token",),
    "": (),
}


def passes(test: Test, visitor: Visitor, groups: Mapping[str, Members], decision: str = "") -> bool:
    """True when a visitor passes a test, by what the words mean and nothing else.

    ``decision``: of the policy that tests; none for all that could be known.
    """
    if not isinstance(test, Members) and test.selector in UNTESTED[decision]:
        return False
    if isinstance(test, Members):
        return is_one_of(test, visitor, groups, decision)
    match test.selector:
        case "email":
            return visitor.email == test.value
        case "email_domain":
            return visitor.email.endswith(f"@{test.value}")
        case "country":
            return visitor.country == test.value
        case "ip":
            return ipaddress.ip_address(visitor.address) in ipaddress.ip_network(test.value)
        case "group":
            known = groups.get(test.value)
            return known is not None and is_one_of(known, visitor, groups, decision)
        case "any_valid_service_token":
            return visitor.token
        case _:
            return test == EVERYONE


def is_one_of(
    who: Members, visitor: Visitor, groups: Mapping[str, Members], decision: str = ""
) -> bool:
    """Include is any of, require all of, exclude none of."""
    return (
        any(passes(test, visitor, groups, decision) for test in who.include)
        and all(passes(test, visitor, groups, decision) for test in who.require)
        and not any(passes(test, visitor, groups, decision) for test in who.exclude)
    )


def comes_in(grant: Grant, visitor: Visitor) -> bool:
    """True when a grant admits a visitor."""
    return is_one_of(Members(frozenset({grant.who}), grant.exclude, grant.require), visitor, {})


@given(one=tests)
def test_every_set_is_within_itself(one: Test) -> None:
    """Containment is reflexive."""
    assert within(one, one)
    assert within(one, EVERYONE)


@examples(60)
@given(one=tests, other=tests)
def test_within_is_true_of_every_visitor(one: Test, other: Test) -> None:
    """Whoever passes the inner test passes the outer one."""
    if within(one, other):
        assert all(passes(other, it, {}) for it in VISITORS if passes(one, it, {}))


@st.composite
def _chains(draw: st.DrawFn) -> tuple[Test, Test, Test]:
    """Three tests, each the one before it or a set that was made around it, or others."""
    first = draw(tests)
    found = [first]
    for _ in range(2):
        inner = found[-1]
        around = st.builds(lambda more, it=inner: Members(frozenset({it}) | more), small)
        found.append(draw(st.one_of(around, st.just(inner), tests, st.just(EVERYONE))))
    return found[0], found[1], found[2]


@examples(60)
@given(chain=_chains())
def test_within_is_transitive(chain: tuple[Test, Test, Test]) -> None:
    """What is within a part is within the whole."""
    one, other, third = chain
    assume(within(one, other) and within(other, third))

    assert within(one, third)


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Grant, Grant]:
    """Two grants, the one often a narrower form of the other."""
    wide = draw(every_grant)
    close = replace(
        wide,
        who=draw(st.sampled_from([wide.who, ANN, TEN_ONE]) | tests),
        require=wide.require | draw(small),
        exclude=wide.exclude | draw(small),
    )
    return draw(st.sampled_from([(close, wide), (wide, close)]))


@examples(60)
@given(pair=_pairs())
def test_contained_is_true_of_every_visitor(pair: tuple[Grant, Grant]) -> None:
    """Whoever is admitted by the one is admitted by the other."""
    one, other = pair
    if contained(one, other):
        assert all(comes_in(other, it) for it in VISITORS if comes_in(one, it))


GROUPS = ("g", "h")
_grouped = st.sampled_from([Criterion("group", name) for name in (*GROUPS, "gone")])
_abouts = _sets(_rules | _grouped)
every_policy = st.builds(
    Policy, st.sampled_from(["allow", "allow", "deny", "bypass", "non_identity"]), _abouts
)


def entering(
    policies: Sequence[Policy], visitor: Visitor, groups: Mapping[str, Members]
) -> AdmittedBy | None:
    """By what a visitor comes in: Bypass and Service Auth first, then the first that matches."""
    matching = [one for one in policies if is_one_of(one.about, visitor, groups, one.decision)]
    unasked = [one for one in matching if one.decision in ("bypass", "non_identity")]
    asked = [one for one in matching if one.decision in ("allow", "deny")]
    if unasked:
        return AdmittedBy.BYPASS if unasked[0].decision == "bypass" else AdmittedBy.TOKEN
    return AdmittedBy.LOGIN if asked and asked[0].decision == "allow" else None


@examples(50)
@given(
    policies=st.lists(every_policy, max_size=4),
    inner=members,
    outer=_sets(_rules | st.just(Criterion("group", "g"))),
)
def test_the_grants_of_policies_are_who_comes_in(
    policies: list[Policy], inner: Members, outer: Members
) -> None:
    """Some grant admits a visitor exactly when the policies, taken in turn, let them in."""
    groups = {"g": inner, "h": outer}
    found = list(grants(policies, groups.get))

    for visitor in VISITORS:
        admitted = any(comes_in(grant, visitor) for grant in found)
        assert admitted is (entering(policies, visitor, groups) is not None)
