"""Whether one person enters a host: each test of a policy is true, false, or not known from here.

Not known is what only the identity provider, the device or the network knows, and what was not
read. The policies are taken in the order in which Access takes them: Bypass and Service Auth, then
Allow and Deny, and the first that is met decides. One that is perhaps met decides perhaps, and the
next ones are looked at, too.

The person has logged in with the address, at an identity provider that the application takes, and
comes without a service token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from types import MappingProxyType

from ztctl.core.model.decisions import is_tested
from ztctl.core.model.facts import (
    EVERYONE,
    Application,
    Criterion,
    Ingress,
    Members,
    Policy,
    Test,
    stable_sorted,
)
from ztctl.core.reach.entries import (
    DIRECT,
    HostState,
    Origin,
    begins_at,
    deciding,
    denied_unmatched,
    ends_of,
    paths_at,
    public_grants,
    routes,
)
from ztctl.core.reach.people import APPROVAL, PUBLIC, AdmittedBy, public_at, resolved

# True, false, or not known (Kleene's logic of three values).
Truth = bool | None


class Enters(StrEnum):
    """Whether somebody enters."""

    YES = "yes"
    NO = "no"
    DEPENDS = "depends"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has logged in.

    Attributes:
        email: the address, in small letters.
        groups: all groups that an identity provider says; ``None``: not known.
        country: from where; empty: not known.
    """

    email: str
    groups: frozenset[str] | None = None
    country: str = ""


@dataclass(frozen=True, slots=True)
class Decider:
    """What decides, or may decide: a policy, or that there is none."""

    lets_in: bool
    text: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is not known from here, and who knows it."""

    knows: str
    what: str


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """The answer below a path; empty: for the whole host, but for paths with another answer."""

    path: str
    enters: Enters
    rules: tuple[Decider, ...]
    depends_on: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class PersonReach:
    """Whether a person enters a host. The field names here and above are keys of the JSON output.

    Attributes:
        groups: as given; ``None``: none were.
        enters: by all paths alike; it depends where they differ.
        answers: path by path, those alone that differ from the root's.
    """

    email: str
    groups: tuple[str, ...] | None
    country: str
    enters: Enters
    answers: tuple[PathAnswer, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """How a policy and a test are told."""

    policy: Callable[[Policy, Application], str]
    test: Callable[[Test], str]
    demand: Callable[[Criterion], str]


def person_reach(state: HostState, person: Person, wording: Wording) -> PersonReach:
    """Whether a person enters a host by each of its paths."""
    return _Look(state, person, wording).answer()


# -- tests ----------------------------------------------------------------------------------


def is_true(test: Test, person: Person, decision: str) -> Truth:
    """Whether a test is true of a person, as a policy of this decision looks at it.

    References to groups must be resolved.
    """
    if isinstance(test, Members):
        included = _any(is_true(it, person, decision) for it in test.include)
        required = (is_true(it, person, decision) for it in test.require)
        excluded = _any(is_true(it, person, decision) for it in test.exclude)
        return _all((included, *required, None if excluded is None else not excluded))
    if not is_tested(test.selector, decision):
        return False
    return _is_met(test, person)


def _any(truths: Iterable[Truth]) -> Truth:
    found = set(truths)
    return True if True in found else None if None in found else False


def _all(truths: Iterable[Truth]) -> Truth:
    found = set(truths)
    return False if False in found else None if None in found else True


def _is_met(test: Criterion, person: Person) -> Truth:
    if test == EVERYONE:
        return True
    match test.selector:
        case "email":
            return test.value == person.email
        case "email_domain":
            return test.value == person.email.rpartition("@")[2]
        case "country":
            return test.value == person.country if person.country else None
        case "any_valid_service_token" | "service_token":
            return False
        case _ if test.selector in _GROUPS and person.groups is not None:
            return _is_member(test, person.groups)
    return None


# An Entra group is written as the id of the group, and may be given by its name.
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# The selectors of groups at an identity provider, and where their value says which.
_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "okta": "name",
        "google_workspace": "email",
        "azure_ad": "id",
        "github_organization": "name",
        "saml": "attribute_value",
        "oidc": "claim_value",
    }
)


def _is_member(test: Criterion, groups: frozenset[str]) -> Truth:
    try:
        fields = json.loads(test.value)
    except ValueError:
        return None
    name = fields.get(_GROUPS[test.selector]) if isinstance(fields, dict) else None
    if not isinstance(name, str):
        return None
    match test.selector:
        case "github_organization":
            team = fields.get("team")
            names = {f"{name}/{team}", str(team)} if team else {name}
            # Who is in a team is in its organisation.
            above = set() if team else {group.partition("/")[0] for group in groups}
            return not names.isdisjoint(groups | above)
        case "saml" | "oidc":
            key = fields.get("attribute_name", fields.get("claim_name"))
            return not {name, f"{key}={name}"}.isdisjoint(groups)
        case "azure_ad" if name not in groups:
            return False if all(map(_ID.fullmatch, groups)) else None
    return name in groups


_KNOWS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((*_GROUPS, "login_method", "auth_method", "auth_context"), "login"),
        **dict.fromkeys(("certificate", "common_name", "device_posture"), "device"),
        **dict.fromkeys(("ip", "ip_list", "country"), "network"),
        **dict.fromkeys(
            ("email_list", "user_risk_score", "cloudflare_account_member", "linked_app_token"),
            "cloudflare",
        ),
        "external_evaluation": "service",
        APPROVAL: "people",
    }
)
# Who knows what was not read, or is nowhere documented.
UNREAD = "nobody"


def _doubts(test: Test, person: Person, decision: str) -> Iterator[Test]:
    """The smallest tests of which it is not known whether they are true."""
    if is_true(test, person, decision) is not None:
        return
    # Any of the countries of a list is one test to people.
    if isinstance(test, Criterion) or test.is_helper:
        yield test
        return
    # Where one of several is true that are any of, the others do not matter.
    is_included = _any(is_true(it, person, decision) for it in test.include)
    for inner in (*(() if is_included else test.include), *test.require, *test.exclude):
        yield from _doubts(inner, person, decision)


# -- policies, applications, ways -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Case:
    """How it may end: one case that is certain, or several of which each is possible."""

    decider: Decider
    doubts: tuple[Doubt, ...] = ()


def _case(lets_in: bool, text: str, *doubts: Doubt) -> _Case:
    return _Case(Decider(lets_in, text), doubts)


@dataclass(frozen=True, slots=True)
class _Look:
    """The facts about one host, looked at for one person."""

    state: HostState
    person: Person
    wording: Wording

    def answer(self) -> PersonReach:
        """Whether the person enters, path by path."""
        found = {path: list(self._cases_at(path)) for path in self.state.paths}
        served = {path: cases for path, cases in found.items() if cases}
        nowhere = {"": [_case(False, "nobody gets there: it leads nowhere")]}
        answers = [_answer(path, cases) for path, cases in (served or nowhere).items()]
        first, *others = answers
        differing = [it for it in others if (it.enters, it.rules) != (first.enters, first.rules)]
        ways = {it.enters for it in answers}
        enters = ways.pop() if len(ways) == 1 else Enters.DEPENDS
        who, groups = self.person, self.person.groups
        named = None if groups is None else tuple(sorted(groups))
        return PersonReach(who.email, named, who.country, enters, (first, *differing))

    def _cases_at(self, path: str) -> Iterator[_Case]:
        state = self.state
        ends = list(ends_of(state.host, state.records, state.zones))
        if DIRECT in ends:
            yield _case(True, "its record is not proxied, so that nobody is asked anything")
        for rule, tunnel, _ in routes(state, ends):
            if path in paths_at(rule, state.paths):
                origin = Origin(tunnel, rule.service)
                for case in self._cases_by(path, rule):
                    yield from (case,) if origin.is_known else _perhaps(case, rule.service)

    def _cases_by(self, path: str, rule: Ingress) -> Iterator[_Case]:
        """Of several applications that may decide it is not known which does."""
        sure, perhaps = deciding(self.state.host, path, self.state.applications)
        several = len(sure) + len(perhaps) > 1 or (perhaps and not sure)
        if not sure:
            yield self._unguarded(rule)
        for app in (*sure, *perhaps):
            doubt = Doubt(UNREAD, "which application decides")
            for case in self._by_application(path, rule, app):
                yield _Case(case.decider, (*case.doubts, doubt)) if several else case

    def _unguarded(self, rule: Ingress) -> _Case:
        if rule.audience is not None:
            return _case(False, "no application covers it, and the connector wants a token")
        if denied_unmatched(self.state):
            return _case(False, "the account refuses hosts for which no application decides")
        return _case(True, "no application covers it, so that nobody is asked anything")

    def _by_application(self, path: str, rule: Ingress, app: Application) -> Iterator[_Case]:
        public = set(public_grants(app, self.state.host, path))
        if public:
            below = begins_at(app, self.state.host, path)
            is_all = PUBLIC in public or (public_at("") in public and not below)
            # Access issues no token there, so that a connector which checks takes nobody.
            told = "the application makes it public, so that nobody is asked anything"
            doubts = () if is_all else (Doubt(UNREAD, "which path is asked for"),)
            yield _case(rule.audience is None, told, *doubts)
            if is_all:
                return
        if rule.audience is not None and app.aud not in rule.audience:
            yield _case(False, "the connector takes no token of the application that decides")
        else:
            yield from self._by_policies(app, is_checked=rule.audience is not None)

    def _by_policies(self, app: Application, *, is_checked: bool) -> Iterator[_Case]:
        listed = (self.state.policies(it) if isinstance(it, str) else it for it in app.policies)
        policies = [policy for policy in listed if policy is not None]
        unread = [it for it in policies if it.decision == AdmittedBy.UNREAD]
        first = [it for it in policies if it.decision in ("bypass", "non_identity")]
        later = [it for it in policies if it not in unread and it not in first]
        for policy in unread:
            # It may be of any decision.
            doubt = Doubt(UNREAD, "a policy that was not read")
            told = self.wording.policy(policy, app)
            yield from (_case(True, told, doubt), _case(False, told, doubt))
        unmet: list[_Case] = []
        for policy in (*first, *later):
            about = resolved(policy.about, self.state.groups)
            truth = is_true(about, self.person, policy.decision)
            if truth is not False:
                yield from self._met(policy, about, app, is_checked=is_checked)
            elif policy.decision != "deny":
                unmet.append(_case(False, f"not met: {self.wording.policy(policy, app)}"))
            if truth:
                return
        yield from (_case(False, "no policy is met"), *unmet)

    def _met(
        self, policy: Policy, about: Members, app: Application, *, is_checked: bool
    ) -> Iterator[_Case]:
        """What a policy does that is met, perhaps."""
        told = self.wording.policy(policy, app)
        doubts = [self._doubt(it) for it in _doubts(about, self.person, policy.decision)]
        if policy.decision == "bypass" and is_checked:
            # It is evaluated first, and a bypassed request carries no token.
            yield _case(False, f"{told}; the connector then misses the token", *doubts)
            return
        lets_in = policy.decision != "deny"
        approvals = [it for it in policy.terms if it.selector == APPROVAL]
        if lets_in and approvals:
            asked = [Doubt(_KNOWS[APPROVAL], self.wording.demand(it)) for it in approvals]
            yield _case(True, told, *doubts, *asked)
            yield _case(False, "nobody gives the approval", *asked)
        else:
            yield _case(lets_in, told, *doubts)

    def _doubt(self, test: Test) -> Doubt:
        some = [test] if isinstance(test, Criterion) else stable_sorted(test.include)
        first = next((it for it in some if isinstance(it, Criterion)), None)
        knows = _KNOWS.get(first.selector, UNREAD) if first else UNREAD
        return Doubt(knows, self.wording.test(test))


def _perhaps(case: _Case, service: str) -> Iterator[_Case]:
    """Who passes Access may meet anything behind it."""
    if case.decider.lets_in:
        doubt = Doubt(UNREAD, service)
        yield _Case(case.decider, (*case.doubts, doubt))
        yield _case(False, "perhaps it leads nowhere", doubt)
    else:
        yield case


def _answer(path: str, cases: Iterable[_Case]) -> PathAnswer:
    found = list(cases)
    ways = {case.decider.lets_in for case in found}
    enters = Enters.DEPENDS if len(ways) > 1 else Enters.YES if True in ways else Enters.NO
    doubts = stable_sorted(set(chain.from_iterable(case.doubts for case in found)))
    rules = tuple(dict.fromkeys(case.decider for case in found))
    return PathAnswer(path, enters, rules, tuple(doubts) if len(ways) > 1 else ())
