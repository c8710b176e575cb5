"""Whoever the sandbox's edge lets in, the model says may enter, whatever decides about it.

One application stands in front of a host; its policies, in their order, are of every decision and
test everything that the API documents, by groups within groups, too. Visitors of whom some of it
is true go there. The edge was written by other hands from the same documentation, and shares
nothing with the model. The model may be more cautious, never less.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.support.account import Account
from tests.support.examples import examples
from tests.support.observer.guests import LOGGED_IN, STRANGERS
from ztctl.core.model.canonical import canonical
from ztctl.core.model.decisions import TESTED_BY
from ztctl.core.model.facts import EVERYONE, Criterion, Members, Openness, Test
from ztctl.core.reach.entries import Entry
from ztctl.core.reach.people import AdmittedBy, Grant
from ztctl.kinds import facts
from ztctl.kinds.registry import KINDS
from ztctl.kinds.rules import rules_from_api
from ztctl.sandbox.edge.values import Visit, Visitor

from .test_exposure_agreement import modelled

Made = st.SearchStrategy[Any]
File = dict[str, Any]

HOST = "ssh.example.com"
UUID = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"
PEOPLE = ("ann@example.com", "Bob@example.com", "eve@elsewhere.invalid")
COUNTRIES = ("PT", "US", "T1")
ADDRESSES = ("192.0.2.7", "198.51.100.9", "2001:db8::7")
# Rules of every kind by the selector's name in the file; `@name` stands for an id.
ELEMENTS: Mapping[str, tuple[File, ...]] = {
    "everyone": ({"everyone": {}},),
    "email": tuple({"email": {"email": mail}} for mail in ("ann@example.com", "bob@Example.com")),
    "email_domain": ({"email_domain": {"domain": "example.com"}},),
    "email_list": ({"email_list": {"id": UUID}},),
    "ip": tuple({"ip": {"ip": ip}} for ip in ("192.0.2.0/24", "128.0.0.0/1", "2001:db8::/32")),
    "ip_list": ({"ip_list": {"id": UUID}},),
    "country": ({"geo": {"country_code": "PT"}}, {"geo": {"country_code": "T1"}}),
    "okta": ({"okta": {"identity_provider_id": "@okta", "name": "infra"}},),
    "google_workspace": ({"gsuite": {"identity_provider_id": "@google", "email": "o@a.org"}},),
    "azure_ad": ({"azureAD": {"identity_provider_id": "@okta", "id": "x"}},),
    "github_organization": (
        {"github-organization": {"identity_provider_id": "@okta", "name": "acme", "team": "t"}},
    ),
    "saml": (
        {
            "saml": {
                "identity_provider_id": "@okta",
                "attribute_name": "a",
                "attribute_value": "b",
            }
        },
    ),
    "oidc": ({"oidc": {"identity_provider_id": "@okta", "claim_name": "a", "claim_value": "b"}},),
    "login_method": ({"login_method": {"id": "@okta"}}, {"login_method": {"id": "@pin"}}),
    "auth_method": ({"auth_method": {"auth_method": "mfa"}},),
    "auth_context": ({"auth_context": {"identity_provider_id": "@okta", "id": "a", "ac_id": "b"}},),
    "any_valid_service_token": ({"any_valid_service_token": {}},),
    "service_token": ({"service_token": {"token_id": "@ci"}},),
    "certificate": ({"certificate": {}},),
    "common_name": ({"common_name": {"common_name": "laptop"}},),
    "device_posture": ({"device_posture": {"integration_uid": UUID}},),
    "external_evaluation": (
        {"external_evaluation": {"evaluate_url": "https://e.test", "keys_url": "https://k.test"}},
    ),
    "linked_app_token": ({"linked_app_token": {"app_uid": "@other"}},),
    "user_risk_score": ({"user_risk_score": {"user_risk_score": ["low", "medium"]}},),
    "cloudflare_account_member": ({"cloudflare_account_member": {}},),
}
# What a visitor's own data says; all else has to be held.
OWN = ("everyone", "email", "email_domain", "ip", "country", "login_method")
TOKENS = ("any_valid_service_token", "service_token")
HELD = [
    element
    for name, elements in ELEMENTS.items()
    if name not in (*OWN, *TOKENS)
    for element in elements
]
ANY = [element for elements in ELEMENTS.values() for element in elements]
GROUPS = ("inner", "middle", "outer")


def _ruled(tests: Made, **fields: Made) -> Made:
    few = st.lists(tests, max_size=2, unique_by=str)
    return st.fixed_dictionaries(
        {"include": st.lists(tests, min_size=1, max_size=3, unique_by=str), **fields},
        optional={"require": few, "exclude": few},
    )


def _tests(*groups: str) -> Made:
    """Any rule, or one of these groups; those that many meet come often."""
    common = st.sampled_from([{"everyone": {}}, *ELEMENTS["email"], *ELEMENTS["country"]])
    named = [{"group": {"id": f"@{name}"}} for name in groups]
    return st.one_of(st.sampled_from(ANY), common, *([st.sampled_from(named)] if named else []))


def _is_possible(policy: File) -> bool:
    before_login = policy["decision"] in ("bypass", "non_identity")
    return before_login or "linked_app_token" not in str(policy)


policies: Made = st.lists(
    _ruled(
        _tests(*GROUPS),
        decision=st.sampled_from(["allow", "allow", "deny", "bypass", "non_identity"]),
    ).filter(_is_possible),
    min_size=1,
    max_size=4,
)
accounts: Made = st.fixed_dictionaries(
    {
        "policies": policies,
        "inner": _ruled(_tests()),
        "middle": _ruled(_tests("inner")),
        "outer": _ruled(_tests("inner", "middle")),
        "allowed_idps": st.sampled_from([[], [], ["@okta"], ["@pin", "@google"]]),
    }
)
visitors: Made = st.fixed_dictionaries(
    {
        "address": st.sampled_from(ADDRESSES),
        "country": st.sampled_from(COUNTRIES),
        "email": st.sampled_from([None, *PEOPLE]),
        "login_method": st.sampled_from(["@okta", "@okta", "@pin"]),
        "token": st.booleans(),
        "holds": st.lists(st.sampled_from(HELD), max_size=6, unique_by=str) | st.just(HELD),
    }
)


class Built:
    """An account with the application, and the ids in it."""

    def __init__(self, account: Account, given: File) -> None:
        self.account = account
        providers = account.call("GET", "{A}/access/identity_providers")
        types = {"okta": "okta", "google-apps": "google", "onetimepin": "pin"}
        self._ids = {types[one["type"]]: one["id"] for one in providers if one["type"] in types}
        token = account.call("POST", "{A}/access/service_tokens", {"name": "ci"})
        self._ids["ci"] = token["id"]
        self._secret = (token["client_id"], token["client_secret"])
        other = {"type": "self_hosted", "name": "other", "domain": "other.example.com"}
        self._ids["other"] = account.call("POST", "{A}/access/apps", other)["id"]
        for name in GROUPS:
            body = {"name": name, **self.filled(given[name])}
            self._ids[name] = account.call("POST", "{A}/access/groups", body)["id"]
        listed = [
            {"name": f"p{place}", **self.filled(policy)}
            for place, policy in enumerate(given["policies"])
        ]
        idps = self.filled(given["allowed_idps"])
        body = {**other, "name": "app", "domain": HOST, "policies": listed, "allowed_idps": idps}
        self._audience = account.call("POST", "{A}/access/apps", body)["aud"]
        self._lead()

    def _lead(self) -> None:
        call = self.account.call
        tunnel = call("POST", "{A}/cfd_tunnel", {"name": "t", "config_src": "cloudflare"})["id"]
        self._serve(tunnel, {})
        zone = self.account.one("zones", name="example.com")["id"]
        record = {"type": "CNAME", "name": HOST, "content": f"{tunnel}.cfargotunnel.com"}
        call("POST", f"/zones/{zone}/dns_records", {**record, "proxied": True})

    def _serve(self, tunnel: str, settings: File) -> None:
        rule = {"service": "ssh://one:22", "originRequest": settings}
        place = f"{{A}}/cfd_tunnel/{tunnel}/configurations"
        self.account.call("PUT", place, {"config": {"ingress": [rule]}})

    def check_tokens(self) -> None:
        """Let the connector ask for the application's token."""
        domain = self.account.call("GET", "{A}/access/organizations")["auth_domain"]
        team = domain.partition(".")[0]
        check = {"required": True, "teamName": team, "audTag": [self._audience]}
        tunnel = self.account.one("tunnels", name="t")["id"]
        self._serve(tunnel, {"access": check})

    def filled(self, value: Any) -> Any:
        """The same with ids in place of names."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        is_name = isinstance(value, str) and value.startswith("@")
        return self._ids[value[1:]] if is_name else value

    def visitor(self, given: File) -> Visitor:
        """A visitor of whom this is true."""
        return Visitor(
            given["address"],
            given["country"],
            given["email"],
            self.filled(given["login_method"]) if given["email"] else None,
            tuple(self.filled(given["holds"])),
            self._secret if given["token"] else None,
        )

    def lets_in(self, visitor: Visitor) -> bool:
        """Whether the edge leads the visitor to the origin."""
        edge = self.account.sandbox.edge
        edge.assume_connectors = True
        return edge.visit(Visit(HOST, "/", visitor)).outcome == "origin"

    def truths(self, visitor: Visitor) -> Truths:
        """What is true of the visitor, in the words of the model."""
        elements: list[File] = [{"geo": {"country_code": visitor.country}}, *visitor.holds]
        if visitor.email is not None:
            elements.append({"email": {"email": visitor.email}})
            elements.append({"email_domain": {"domain": visitor.email.rpartition("@")[2]}})
            elements.append({"login_method": {"id": visitor.login_method}})
        if visitor.service_token is not None:
            elements.extend(self.filled(one) for name in TOKENS for one in ELEMENTS[name])
        return Truths(visitor, _criteria(elements))


def _criteria(elements: Iterable[File]) -> frozenset[Test]:
    read = rules_from_api({"include": list(elements)})["include"]
    values = canonical(KINDS["access_group"].specs["include"], read)
    return facts.members({"include": values}).include


@dataclass(frozen=True)
class Truths:
    """Reads the model's tests for one visitor."""

    visitor: Visitor
    known: frozenset[Test]

    def admits(self, entry: Entry) -> bool:
        """Whether an entry of the model is one of this visitor's."""
        grant = entry.grant
        if grant.how in (AdmittedBy.UNASKED, AdmittedBy.OVERRIDE, AdmittedBy.UNREAD):
            return True
        if grant.how is AdmittedBy.PREFLIGHT:
            return False
        return self._logs_in(grant) and self._passes(
            Members(frozenset({grant.who}), grant.exclude, grant.require)
        )

    def _logs_in(self, grant: Grant) -> bool:
        if grant.how is not AdmittedBy.LOGIN:
            return True
        known = grant.providers is None or self.visitor.login_method in grant.providers
        return known and self.visitor.email is not None

    def _passes(self, members: Members) -> bool:
        return (
            any(map(self._is_true, members.include))
            and all(map(self._is_true, members.require))
            and not any(map(self._is_true, members.exclude))
        )

    def _is_true(self, test: Test) -> bool:
        if isinstance(test, Members):
            return self._passes(test)
        if isinstance(test, Criterion) and test.selector == "ip":
            return ipaddress.ip_address(self.visitor.address) in ipaddress.ip_network(test.value)
        return test == EVERYONE or test in self.known


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of all generated accounts are written."""
    return tmp_path_factory.mktemp("admission")


def test_rules_of_every_kind_are_tried() -> None:
    """The generated policies test what the files know."""
    assert ELEMENTS.keys() == TESTED_BY.keys()


@examples(25)
@given(given_account=accounts, who=st.lists(visitors, min_size=1, max_size=12))
def test_whoever_gets_in_may_enter_by_the_model(
    folder: Path, given_account: File, who: list[File]
) -> None:
    """Each visitor whom the edge lets in is admitted by an entry; strangers by an open one."""
    built = Built(Account(folder), given_account)
    entries = modelled(built.account).scope(HOST).entries_at(())
    entered = [it for it in map(built.visitor, who) if built.lets_in(it)]
    strange = {name: it for name, it in STRANGERS.items() if built.lets_in(it)}

    event("somebody enters" if entered else "nobody enters")
    missed = [it for it in entered if not any(map(built.truths(it).admits, entries))]
    assert missed == []
    degrees = {Openness.ANY_LOGIN if name == LOGGED_IN else Openness.OPEN for name in strange}
    assert max((it.openness for it in entries), default=Openness.CLOSED) >= max(
        degrees, default=Openness.CLOSED
    )
