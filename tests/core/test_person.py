"""Promises about whether one person enters: yes and no are certain, all else depends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.support.account import Account
from tests.support.examples import examples
from ztctl.core.model.facts import Criterion
from ztctl.core.reach.person import (
    Doubt,
    Enters,
    Person,
    PersonReach,
    Truth,
    Wording,
    is_true,
    person_reach,
)
from ztctl.sandbox.edge.values import Visitor

from .test_admission_agreement import (
    ADDRESSES,
    COUNTRIES,
    HELD,
    Built,
    File,
    Made,
    accounts,
)
from .test_exposure_agreement import modelled
from .test_reach import HOST, SERVICE, account, asked

ANN = "ann@example.com"
OKTA = {"okta": {"identity_provider": "Okta", "name": "infra"}}
IN_OKTA = Doubt("login", "Okta group infra")
FROM_PT = Doubt("network", "in PT")


def told(policy: dict[str, Any] | None = None, **who: Any) -> PersonReach:
    """The answer for Ann at a host with this policy."""
    person = Person(who.pop("email", ANN), who.pop("groups", None), who.pop("country", ""))
    found = asked(account(policy, **who), person=person).person
    assert found is not None
    return found


def allow(*include: Any, **more: Any) -> dict[str, Any]:
    """A policy that lets them in."""
    return {"decision": "allow", "include": list(include), **more}


@pytest.mark.parametrize(
    ("policy", "who", "enters", "doubts"),
    [
        (allow({"email": ANN}), {}, Enters.YES, ()),
        (allow({"email": "bob@example.com"}), {}, Enters.NO, ()),
        (allow({"email_domain": "example.com"}), {}, Enters.YES, ()),
        (allow({"email_domain": "example.org"}), {}, Enters.NO, ()),
        (allow({"email": ANN}, require=[{"country": "PT"}]), {}, Enters.DEPENDS, (FROM_PT,)),
        (allow({"email": ANN}, require=[{"country": "PT"}]), {"country": "PT"}, Enters.YES, ()),
        (allow({"email": ANN}, require=[{"country": "PT"}]), {"country": "US"}, Enters.NO, ()),
        (allow({"email": ANN}, exclude=[{"country": "PT"}]), {}, Enters.DEPENDS, (FROM_PT,)),
        (allow(OKTA), {}, Enters.DEPENDS, (IN_OKTA,)),
        (allow(OKTA), {"groups": frozenset({"infra"})}, Enters.YES, ()),
        (allow(OKTA), {"groups": frozenset({"others"})}, Enters.NO, ()),
        (allow(OKTA, {"email": ANN}), {}, Enters.YES, ()),
        (allow(OKTA, require=[{"email": "bob@example.com"}]), {}, Enters.NO, ()),
        (allow({"email": ANN}, {"ip": "192.0.2.0/24"}), {}, Enters.YES, ()),
        (
            allow({"ip": "192.0.2.0/24"}), {}, Enters.DEPENDS,
            (Doubt("network", "from 192.0.2.0/24"),),
        ),
        (
            allow({"email": ANN}, require=[{"auth_method": "mfa"}]), {}, Enters.DEPENDS,
            (Doubt("login", "logged in with several factors (MFA)"),),
        ),
        (
            allow({"email": ANN}, require=[{"certificate": True}]), {}, Enters.DEPENDS,
            (Doubt("device", "any client certificate"),),
        ),
        (
            allow(
                {"email": ANN}, approval_required=True,
                approval_groups=[{"approvals_needed": 1, "email_addresses": ["bob@example.com"]}],
            ), {}, Enters.DEPENDS, (Doubt("people", "approval by bob@example.com"),),
        ),
    ],
)  # fmt: skip
def test_what_is_known_decides_and_what_is_not_is_named(
    policy: dict[str, Any], who: dict[str, Any], enters: Enters, doubts: tuple[Doubt, ...]
) -> None:
    """An address is known, a group or country where it was said; of the rest, who knows it."""
    found = told(policy, **who)

    assert found.enters is enters
    assert found.answers[0].depends_on == doubts


@pytest.mark.parametrize(
    ("value", "groups", "truth"),
    [
        ({"google_workspace": {"email": "ops@example.com"}}, {"ops@example.com"}, True),
        ({"github_organization": {"name": "acme"}}, {"acme"}, True),
        ({"github_organization": {"name": "acme"}}, {"acme/ops"}, True),
        ({"github_organization": {"name": "acme", "team": "ops"}}, {"acme/ops"}, True),
        ({"github_organization": {"name": "acme", "team": "ops"}}, {"ops"}, True),
        ({"github_organization": {"name": "acme", "team": "ops"}}, {"acme"}, False),
        ({"saml": {"attribute_name": "dept", "attribute_value": "it"}}, {"it"}, True),
        ({"saml": {"attribute_name": "dept", "attribute_value": "it"}}, {"dept=it"}, True),
        ({"oidc": {"claim_name": "team", "claim_value": "it"}}, {"role=it"}, False),
        ({"azure_ad": {"id": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"}}, {"ops"}, None),
        (
            {"azure_ad": {"id": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"}},
            {"0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"}, True,
        ),
        (
            {"azure_ad": {"id": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"}},
            {"ffffffff-4b5a-4978-8695-a4b3c2d1e0f1"}, False,
        ),
    ],
)  # fmt: skip
def test_a_group_is_given_as_its_provider_spells_it(
    value: dict[str, Any], groups: set[str], truth: Truth
) -> None:
    """Names, teams, values; a name says nothing of an Entra group, which is written as its id."""
    ((selector, fields),) = value.items()
    test = Criterion(selector, json.dumps({"identity_provider": "any", **fields}))

    assert is_true(test, Person(ANN, frozenset(groups)), "allow") is truth


def test_the_first_policy_that_is_met_decides() -> None:
    """Behind a Deny nobody asks an Allow, and before it nobody asks the Deny."""
    policies = {
        "no": {"decision": "deny", "include": [{"email": ANN}]},
        "yes": allow({"email_domain": "example.com"}),
    }

    both = [
        told(policies=policies, applications={HOST: {"policies": order}})
        for order in (["no", "yes"], ["yes", "no"])
    ]

    assert [it.enters for it in both] == [Enters.NO, Enters.YES]
    assert [it.answers[0].rules[0].text for it in both] == [
        f"policy no (deny): {ANN}",
        "policy yes (allow, 24h): everyone with an @example.com address",
    ]


def test_what_asks_for_no_login_comes_before_every_denial() -> None:
    """A Bypass or Service Auth policy is looked at first, wherever it stands."""
    policies = {
        "no": {"decision": "deny", "include": [{"everyone": True}]},
        "office": {"decision": "non_identity", "include": [{"country": "PT"}]},
    }
    sections: dict[str, Any] = {
        "policies": policies,
        "applications": {HOST: {"policies": ["no", "office"]}},
    }

    inside, outside = told(**sections, country="PT"), told(**sections, country="US")

    assert (inside.enters, outside.enters) == (Enters.YES, Enters.NO)
    assert inside.answers[0].rules[0].text == "policy office (non_identity): in PT"


def test_a_denial_that_is_perhaps_met_leaves_it_open() -> None:
    """Both rules are told, and what it depends on."""
    policies = {
        "no": {"decision": "deny", "include": [OKTA]},
        "yes": allow({"email": ANN}),
    }

    found = told(policies=policies, applications={HOST: {"policies": ["no", "yes"]}})

    (answer,) = found.answers
    assert (answer.enters, answer.depends_on) == (Enters.DEPENDS, (IN_OKTA,))
    assert [it.lets_in for it in answer.rules] == [False, True]


def test_whom_a_bypass_lets_in_the_connector_may_refuse() -> None:
    """A bypassed request carries no token; where the connector asks for none it passes."""
    policies = {
        "all": {"decision": "bypass", "include": [{"everyone": True}]},
        "team": allow({"email": ANN}),
    }
    sections: dict[str, Any] = {
        "policies": policies,
        "applications": {HOST: {"policies": ["team", "all"]}},
    }
    rule = {"hostname": HOST, "service": SERVICE}

    checked, unchecked = (
        told(**sections, tunnels={"edge": {"ingress": [{**rule, "access": access}]}})
        for access in (True, False)
    )

    assert (checked.enters, unchecked.enters) == (Enters.NO, Enters.YES)
    assert "misses the token" in checked.answers[0].rules[0].text


def test_paths_with_another_answer_are_told_apart() -> None:
    """The host as a whole then depends on the path."""
    policies = {"team": allow({"email": ANN}), "bob": allow({"email": "bob@example.com"})}
    applications = {HOST: {"policies": ["team"]}, f"{HOST}/admin": {"policies": ["bob"]}}
    rule = {"hostname": HOST, "service": SERVICE, "access": False}

    found = told(
        policies=policies, applications=applications, tunnels={"edge": {"ingress": [rule]}}
    )

    assert found.enters is Enters.DEPENDS
    assert [(it.path, it.enters) for it in found.answers] == [
        ("", Enters.YES), ("admin", Enters.NO),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "enters"),
    [("access_policy", Enters.DEPENDS), ("access_group", Enters.DEPENDS), ("tunnel", Enters.NO)],
)
def test_what_was_not_read_is_never_told_as_known(missing: str, enters: Enters) -> None:
    """A policy or group that was not read may be any; what a tunnel serves matters to no denial."""
    group = {"include": [{"email": "bob@example.com"}]}
    include = {"email": "bob@example.com"} if missing == "tunnel" else {"group": "g"}
    live = account(allow(include), groups={"g": group})

    found = asked({**live, missing: ()}, person=Person(ANN)).person

    assert found is not None
    assert found.enters is enters


def test_nobody_gets_to_what_is_not_there() -> None:
    """A name without a record, and one that no rule serves."""
    nowhere = asked(account(), "nope.example.com", person=Person(ANN)).person
    unserved = told(tunnels={"edge": {}})

    assert nowhere is not None
    assert [nowhere.enters, unserved.enters] == [Enters.NO, Enters.NO]


# -- the edge agrees ------------------------------------------------------------------------

PERSONS: Made = st.builds(
    Person,
    st.sampled_from([ANN, "bob@example.com", "eve@elsewhere.invalid"]),
    st.none() | st.frozensets(st.sampled_from(["infra", "o@a.org", "x", "t", "b", "none"])),
    st.sampled_from(["", *COUNTRIES]),
)
# What no identity provider says of its groups, and what a person may have besides.
GROUPS = {"okta": "infra", "gsuite": "o@a.org", "azureAD": "x", "saml": "b", "oidc": "b"}
SILENT = Wording(lambda *_: "", lambda _: "", lambda _: "")


def completions(person: Person, built: Built) -> Made:
    """Visitors of whom all is true that is known of the person, and anything else."""

    def is_free(element: File) -> bool:
        (selector,) = element
        return selector != "linked_app_token" and (
            person.groups is None or selector not in (*GROUPS, "github-organization")
        )

    def held(element: File) -> bool:
        (selector,) = element
        known = "t" if selector == "github-organization" else GROUPS.get(selector)
        return person.groups is not None and known in person.groups

    (app,) = (it for it in built.account.call("GET", "{A}/access/apps") if it["name"] == "app")
    logins = app.get("allowed_idps") or built.filled(["@okta", "@pin", "@google"])
    free = [element for element in HELD if is_free(element)]
    more = st.lists(st.sampled_from(free), unique_by=str) | st.just(free)
    return st.builds(
        lambda address, country, login, holds: Visitor(
            address,
            person.country or country,
            person.email,
            login,
            tuple(built.filled([*filter(held, HELD), *holds])),
        ),
        st.sampled_from(ADDRESSES),
        st.sampled_from(COUNTRIES),
        st.sampled_from(logins),
        more,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of all generated accounts are written."""
    return tmp_path_factory.mktemp("persons")


@examples(20)
@given(given_account=accounts, persons=st.lists(PERSONS, min_size=1, max_size=6), data=st.data())
@pytest.mark.parametrize("checked", [False, True], ids=["unchecked", "checked"])
def test_the_edge_agrees_with_every_yes_and_every_no(
    folder: Path, given_account: File, persons: list[Person], data: Any, *, checked: bool
) -> None:
    """Whatever the identity provider, the device and the network say besides what is known."""
    built = Built(Account(folder), given_account)
    if checked:
        built.check_tokens()
    state = modelled(built.account).scope("ssh.example.com").state_at(())

    for person in persons:
        found = person_reach(state, person, SILENT)
        event(found.enters)
        if found.enters is not Enters.DEPENDS:
            some = st.lists(completions(person, built), min_size=1, max_size=6)
            entered = {built.lets_in(visitor) for visitor in data.draw(some)}
            assert entered == {found.enters is Enters.YES}
