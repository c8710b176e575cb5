"""Attacks by rules that a policy's decision cannot test: they admit nobody, whatever they say.

One table says which decision tests which selector; the sandbox's edge, written by other hands, is
asked for every pair of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene, gained
from tests.support.account import Account, refused
from tests.support.by_hand import put
from tests.support.files import HOST, whole
from ztctl.core.model.decisions import AFTER_LOGIN, ALWAYS, TESTED_BY, is_tested
from ztctl.core.model.diagnostics import Problem, Severity
from ztctl.core.planning import check
from ztctl.kinds.registry import KINDS
from ztctl.kinds.selectors import Rule
from ztctl.sandbox.edge.values import Visitor

File = dict[str, Any]
UUID = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1"
EVERYONE: list[File] = [{"everyone": True}]
ANYBODY: list[File] = [{"everyone": {}}]
MACHINE: File = {"service_token": "ci"}
ANN: File = {"email": "ann@example.com"}


@pytest.fixture(autouse=True)
def _token(scene: Scene) -> None:
    """A service token that policies may name."""
    scene.account.call("POST", "{A}/access/service_tokens", {"name": "ci"})


def entered_by(*policies: File) -> File:
    """The whole file with these policies at its application, the connector checking nothing."""
    file = whole()
    file["policies"] = {f"p{number}": policy for number, policy in enumerate(policies)}
    file["applications"][HOST] = {"policies": list(file["policies"])}
    file["applications"]["other"] = {"domain": "other.example.com"}
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    return file


def told_of_policies(scene: Scene, file: File) -> list[Problem]:
    """What validate says of the policies: the other application is there to be named, no more."""
    found = check.problems(scene.account.declared(file), KINDS)
    return [it for it in found if it.summary.startswith("access_policy.")]


# A rule with each selector, as the API has it; a name in angle brackets stands for an id.
ELEMENTS: dict[str, Any] = {
    "everyone": {"everyone": {}},
    "email": {"email": {"email": "ann@example.com"}},
    "email_domain": {"email_domain": {"domain": "example.com"}},
    "email_list": {"email_list": {"id": UUID}},
    "ip": {"ip": {"ip": "192.0.2.0/24"}},
    "ip_list": {"ip_list": {"id": UUID}},
    "country": {"geo": {"country_code": "PT"}},
    "okta": {"okta": {"identity_provider_id": "<okta>", "name": "infra"}},
    "google_workspace": {"gsuite": {"identity_provider_id": "<okta>", "email": "o@example.com"}},
    "azure_ad": {"azureAD": {"identity_provider_id": "<okta>", "id": "x"}},
    "github_organization": {
        "github-organization": {"identity_provider_id": "<okta>", "name": "acme"}
    },
    "saml": {
        "saml": {
            "identity_provider_id": "<okta>",
            "attribute_name": "a",
            "attribute_value": "b",
        }
    },
    "oidc": {"oidc": {"identity_provider_id": "<okta>", "claim_name": "a", "claim_value": "b"}},
    "login_method": {"login_method": {"id": "<okta>"}},
    "auth_method": {"auth_method": {"auth_method": "mfa"}},
    "auth_context": {"auth_context": {"identity_provider_id": "<okta>", "id": "a", "ac_id": "b"}},
    "any_valid_service_token": {"any_valid_service_token": {}},
    "service_token": {"service_token": {"token_id": "<ci>"}},
    "certificate": {"certificate": {}},
    "common_name": {"common_name": {"common_name": "laptop"}},
    "device_posture": {"device_posture": {"integration_uid": UUID}},
    "external_evaluation": {
        "external_evaluation": {
            "evaluate_url": "https://e.example",
            "keys_url": "https://k.example",
        }
    },
    "linked_app_token": {"linked_app_token": {"app_uid": "<other>"}},
    "user_risk_score": {"user_risk_score": {"user_risk_score": ["low"]}},
    "cloudflare_account_member": {"cloudflare_account_member": {}},
}


def test_f4_every_selector_has_its_row() -> None:
    """The table and the files know the same selectors; a group counts by what it holds."""
    assert TESTED_BY.keys() == ELEMENTS.keys() == Rule.model_fields.keys() - {"group"}


@pytest.mark.parametrize("place", ["include", "group", "require", "exclude"])
@pytest.mark.parametrize("decision", sorted(ALWAYS))
def test_f4_the_edge_agrees(scene: Scene, decision: str, place: str) -> None:
    """Whoever meets a rule, and all else, is let in, denied or left out where the table says so.

    The policies are made by hand, since a plan would refuse them. Behind a Deny all are let in.
    """
    scene.account.apply(entered_by({"decision": "allow", "include": [ANN]}))

    found = {
        selector: is_true(scene, with_ids(scene.account, element), decision, place)
        for selector, element in ELEMENTS.items()
        if selector != "linked_app_token" or decision not in AFTER_LOGIN
    }

    assert found == {selector: is_tested(selector, decision) for selector in found}


def test_f4_the_service_refuses_a_linked_app_token_after_a_login(scene: Scene) -> None:
    """The pairs that cannot be visited are those that cannot be made."""
    scene.account.apply(entered_by({"decision": "allow", "include": [ANN]}))
    element = with_ids(scene.account, ELEMENTS["linked_app_token"])
    for decision in AFTER_LOGIN:
        assert not is_tested("linked_app_token", decision)
        with pytest.raises(AssertionError, match="non_identity or bypass"):
            by_hand(scene.account, {"decision": decision, "include": [element]})


def is_true(scene: Scene, element: File, decision: str, place: str) -> bool:
    """True where the edge finds that a rule is met, in this place of a policy."""
    account = scene.account
    policy: File = {"decision": decision, "include": ANYBODY}
    if place == "group":
        body = {"name": "by hand", "include": [element]}
        group = account.call("POST", "{A}/access/groups", body)["id"]
        policy["include"] = [{"group": {"id": group}}]
    else:
        policy[place] = [element]
    behind = {"decision": "allow", "include": ANYBODY}
    by_hand(account, policy, *([behind] if decision == "deny" else []))
    entered = scene.visit(HOST, visitor=whoever_meets(account, element)).outcome == "origin"
    matched = not entered if decision == "deny" else entered
    return not matched if place == "exclude" else matched


def by_hand(account: Account, *policies: File) -> None:
    """Give the host's application policies of its own."""
    named = [{"name": f"by hand {place}", **policy} for place, policy in enumerate(policies)]
    put(account, "{A}/access/apps", account.one("apps", name=HOST), policies=named)


def with_ids(account: Account, element: File) -> File:
    """An element with the ids of this account."""
    ids = {
        "<okta>": account.one("identity_providers", type="okta")["id"],
        "<ci>": account.one("service_tokens", name="ci")["id"],
        "<other>": account.one("apps", name="other")["id"],
    }
    ((key, inner),) = element.items()
    return {
        key: {
            name: ids.get(value, value) if isinstance(value, str) else value
            for name, value in inner.items()
        }
    }


def whoever_meets(account: Account, element: File) -> Visitor:
    """Ann, logged in by Okta with a service token in Portugal, of whom the element is true, too."""
    with account.sandbox.session() as state:
        (token,) = [one for one in state.store.all("service_token") if one["name"] == "ci"]
    secret = (str(token["client_id"]), str(token["secret"]))
    okta = account.one("identity_providers", type="okta")["id"]
    own = ("service_token", "any_valid_service_token", "ip")
    holds = () if element.keys() & {*own} else (element,)
    return Visitor("192.0.2.7", "PT", "ann@example.com", okta, holds, secret)


# -- what a plan and `who` say --------------------------------------------------------------

IDLE: dict[str, File] = {
    "a service token in allow": {"decision": "allow", "include": [MACHINE]},
    "allow that requires a token": {"decision": "allow", "include": [ANN], "require": [MACHINE]},
    "a mail in service auth": {"decision": "non_identity", "include": [ANN]},
    "a token that needs a mail": {
        "decision": "non_identity",
        "include": [MACHINE],
        "require": [ANN],
    },
    "a mail in bypass": {"decision": "bypass", "include": [ANN]},
    "a domain in bypass": {"decision": "bypass", "include": [{"email_domain": "example.com"}]},
    "a token in bypass": {"decision": "bypass", "include": [MACHINE]},
    "one of two mails in bypass": {
        "decision": "bypass",
        "include": EVERYONE,
        "require": [{"email": ["ann@example.com", "bob@example.com"]}],
    },
}


def through_a_group(policy: File) -> File:
    """The same, with the rules of `include` in a group."""
    file = entered_by({**policy, "include": [{"group": "people"}]})
    file["groups"]["people"] = {"include": policy["include"]}
    return file


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("name", IDLE)
def test_f4_a_policy_that_admits_nobody(scene: Scene, name: str, grouped: bool) -> None:
    """Refused when made, and warned of by validate with the place and the remedy."""
    file = through_a_group(IDLE[name]) if grouped else entered_by(IDLE[name])

    plan = scene.account.plan(file)

    assert [str(it.address) for it in plan.refusals] == ["access_policy.p0"]
    assert "would admit nobody" in plan.refusals[0].reason
    assert "decision: " in plan.refusals[0].reason
    assert gained(plan, HOST) == []
    (warning,) = told_of_policies(scene, file)
    assert warning.severity is Severity.WARNING
    assert warning.summary.startswith("access_policy.p0 admits nobody: ")
    assert warning.where is not None
    assert "decision: " in warning.hint


@pytest.mark.parametrize("place", ["policy", "group"])
def test_f4_edited_into_one(scene: Scene, place: str) -> None:
    """Refused, whether the policy changes or a group that it uses, and whose ever the policy is."""
    before, after = (
        through_a_group({"decision": "allow", "include": [who]}) for who in (ANN, MACHINE)
    )
    if place == "policy":
        before, after = (
            entered_by({"decision": "allow", "include": [ANN]}),
            entered_by({"decision": "bypass", "include": [ANN]}),
        )
    scene.account.apply(before)

    (refusal,) = scene.account.plan(after).refusals

    assert str(refusal.address) == (
        "access_policy.p0" if place == "policy" else "access_group.people"
    )


def test_f4_what_is_live_already_is_no_reason_to_refuse(scene: Scene) -> None:
    """A policy that admits nobody stays as it is, and other things may change beside it."""
    file = entered_by({"decision": "allow", "include": [ANN]})
    scene.account.apply(file)
    policy = scene.account.one("policies")
    token = scene.account.one("service_tokens", name="ci")["id"]
    put(
        scene.account,
        "{A}/access/policies",
        policy,
        include=[{"service_token": {"token_id": token}}],
    )
    idle = entered_by({"decision": "allow", "include": [MACHINE]})
    assert scene.account.plan(idle).is_empty
    idle["policies"]["p0"]["session_duration"] = "2h"

    assert refused(scene.account.plan(idle)) == []


def test_f4_a_rule_beside_others(scene: Scene) -> None:
    """Warned of, and not told as entering; the others are, and the plan goes on."""
    file = entered_by({"decision": "allow", "include": [ANN, MACHINE], "exclude": [MACHINE]})

    plan = scene.account.plan(file)

    assert refused(plan) == []
    assert [who for who, _ in gained(plan, HOST)] == ["ann@example.com"]
    found = told_of_policies(scene, file)
    assert [it.summary.partition(":")[0] for it in found] == [
        "access_policy.p0 admits nobody by `service_token`",
        "access_policy.p0 excludes nobody by `service_token`",
    ]


def test_f4_a_token_where_it_counts(scene: Scene) -> None:
    """Not refused, and told: a machine with the token gets in."""
    plan = scene.account.plan(entered_by({"decision": "non_identity", "include": [MACHINE]}))

    assert refused(plan) == []
    assert [who for who, _ in gained(plan, HOST)] == ["without a login: service token ci"]


def test_f4_a_denial_that_never_fits(scene: Scene) -> None:
    """Refused as open: a Deny for a service token keeps nobody out, and all behind it come in."""
    deny = {"decision": "deny", "include": [{"any_valid_service_token": True}]}
    file = entered_by(deny, {"decision": "allow", "include": EVERYONE})

    scene.refused_as_open(file, HOST)


def test_f4_an_exclusion_that_never_fits(scene: Scene) -> None:
    """Refused as open: a Bypass for everyone but a domain is one for everyone."""
    policy = {
        "decision": "bypass",
        "include": EVERYONE,
        "exclude": [{"email_domain": "example.com"}],
    }

    scene.refused_as_open(entered_by(policy), HOST)
