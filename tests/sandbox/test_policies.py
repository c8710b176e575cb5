"""Reusable policies and the vocabulary of rules."""

from __future__ import annotations

from typing import Any

import pytest

from .api import EVERYONE, Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def written(api: Api, **fields: Any) -> Any:
    """The answer to a policy with these fields."""
    body = {"name": "p", "decision": "allow", "include": EVERYONE, **fields}
    return api.post("{A}/access/policies", body)


def test_policy_comes_back_with_defaults(api: Api) -> None:
    """A policy of three fields shows the defaults of the others."""
    answer = written(api)

    shown = {name: answer.result[name] for name in ("session_duration", "exclude", "require")}
    assert answer.status == 201
    assert shown == {"session_duration": "24h", "exclude": [], "require": []}
    assert (answer.result["reusable"], answer.result["app_count"]) == (True, 0)


def test_put_returns_omitted_fields_to_defaults(api: Api) -> None:
    """PUT replaces: a session duration that is left out goes back to 24h."""
    old = api.policy(session_duration="8h")

    body = {"name": "p", "decision": "allow", "include": EVERYONE}
    new = api.put(f"{{A}}/access/policies/{old['id']}", body)
    assert (new.status, new.result["session_duration"]) == (200, "24h")


def test_update_shows_in_every_linked_application(api: Api) -> None:
    """A changed policy is changed in the applications that link it."""
    policy = api.policy("before")
    app = api.app(policies=[policy["id"]])
    body = {"name": "after", "decision": "deny", "include": EVERYONE}
    api.put(f"{{A}}/access/policies/{policy['id']}", body)

    (shown,) = api.get(f"{{A}}/access/apps/{app['id']}").result["policies"]
    assert (shown["name"], shown["decision"]) == ("after", "deny")


def test_linked_policy_stays(api: Api) -> None:
    """A policy answers 409 while an application links it, and goes once none does."""
    policy = api.policy()
    app = api.app(policies=[policy["id"]])

    assert api.get(f"{{A}}/access/policies/{policy['id']}").result["app_count"] == 1
    assert api.delete(f"{{A}}/access/policies/{policy['id']}").status == 409
    api.delete(f"{{A}}/access/apps/{app['id']}")
    gone = api.delete(f"{{A}}/access/policies/{policy['id']}")
    assert (gone.status, gone.result) == (202, {"id": policy["id"]})


def test_names_may_repeat(api: Api) -> None:
    """Two policies may have one name."""
    assert api.policy("same")["id"] != api.policy("same")["id"]


def test_unknown_policy_is_404(api: Api) -> None:
    """An unknown policy answers 404."""
    assert api.get(f"{{A}}/access/policies/{UNKNOWN}").status == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"decision": "maybe"},
        {"decision": None},
        {"name": ""},
        {"name": "x" * 351},
        {"include": None},
        {"session_duration": "1 day"},
        {"session_duration": 8},
        {"approval_required": "yes"},
        {"approval_groups": [{"approvals_needed": 1}]},
        {"approval_groups": [{"email_addresses": []}], "approval_required": True},
        {"connection_rules": []},
        {"mfa_config": {"allowed_authenticators": ["stamp"]}},
        {"include": [{"linked_app_token": {"app_uid": UNKNOWN}}]},
    ],
)
def test_wrong_fields_are_refused(api: Api, fields: dict[str, Any]) -> None:
    """A wrong field answers 400 with the one code that Access has for all of them."""
    assert written(api, **fields).error == (400, 12130)


@pytest.mark.parametrize(
    "rule",
    [
        {"everyone": {}},
        {"email": {"email": "Ann@Example.com"}},
        {"email_list": {"id": UNKNOWN}},
        {"ip": {"ip": "10.0.0.0/8"}},
        {"geo": {"country_code": "PT"}},
        {"any_valid_service_token": {}},
        {"common_name": {"common_name": "host"}},
        {"auth_method": {"auth_method": "mfa"}},
        {"device_posture": {"integration_uid": "x"}},
        {"external_evaluation": {"evaluate_url": "https://a", "keys_url": "https://b"}},
        {"user_risk_score": {"user_risk_score": ["low", "high"]}},
        {"cloudflare_account_member": {}},
    ],
)
def test_rules_come_back_as_sent(api: Api, rule: dict[str, Any]) -> None:
    """A rule of the vocabulary is stored and shown as it was sent."""
    assert written(api, include=[rule]).result["include"] == [rule]


@pytest.mark.parametrize(
    ("selector", "inner"),
    [
        ("okta", {"name": "infra"}),
        ("gsuite", {"email": "ops@example.com"}),
        ("saml", {"attribute_name": "a", "attribute_value": "b"}),
        ("oidc", {"claim_name": "a", "claim_value": "b"}),
        ("azureAD", {"id": "group"}),
        ("github-organization", {"name": "org", "team": "t"}),
        ("auth_context", {"id": "a", "ac_id": "c1"}),
    ],
)
def test_provider_rules_need_an_existing_provider(
    api: Api, selector: str, inner: dict[str, Any]
) -> None:
    """A rule that names an identity provider is taken only when that provider exists."""
    known = api.get("{A}/access/identity_providers").result[0]["id"]

    good = {selector: {**inner, "identity_provider_id": known}}
    bad = {selector: {**inner, "identity_provider_id": UNKNOWN}}
    assert written(api, include=[good]).status == 201
    assert written(api, include=[bad]).error == (400, 12130)


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"everyone": {}, "certificate": {}},
        {"nobody": {}},
        {"everyone": None},
        {"email": {}},
        {"email": {"email": ["a@example.com"]}},
        {"ip": {"ip": "300.1.2.3"}},
        {"ip": {"ip": 5}},
        {"geo": {"country_code": "Portugal"}},
        {"geo": {"country_code": 351}},
        {"group": {"id": UNKNOWN}},
        {"group": {"id": "x"}},
        {"service_token": {"token_id": UNKNOWN}},
        {"login_method": {"id": UNKNOWN}},
        {"user_risk_score": {"user_risk_score": ["extreme"]}},
        "everyone",
        None,
    ],
)
def test_wrong_rules_are_refused(api: Api, rule: Any) -> None:
    """An element with no, two, unknown or incomplete selectors answers 400/12130."""
    assert written(api, include=[rule]).error == (400, 12130)


@pytest.mark.parametrize(
    ("sent", "stored"), [("10.0.0.5", "10.0.0.5/32"), ("2001:db8::1", "2001:db8::1/128")]
)
def test_bare_addresses_get_their_mask(api: Api, sent: str, stored: str) -> None:
    """An address without a mask is stored with its full one."""
    policy = written(api, include=[{"ip": {"ip": sent}}]).result

    assert policy["include"] == [{"ip": {"ip": stored}}]


def test_unknown_members_of_a_rule_are_remembered(api: Api) -> None:
    """An unknown member inside a selector is dropped and listed with its place."""
    policy = written(api, require=[{"email": {"email": "a@b.c", "case": False}}]).result

    assert policy["require"] == [{"email": {"email": "a@b.c"}}]
    assert api.sandbox.ignored[0][2] == "require[0].email.case"


def test_service_token_in_a_policy_stays(api: Api) -> None:
    """A service token that a policy refers to is not deleted."""
    token = api.post("{A}/access/service_tokens", {"name": "ci"}).result
    written(api, decision="non_identity", include=[{"service_token": {"token_id": token["id"]}}])

    assert api.delete(f"{{A}}/access/service_tokens/{token['id']}").status == 409


def test_linked_app_token_needs_a_nameless_decision(api: Api) -> None:
    """A rule on another application's token is taken with non_identity only, and holds it."""
    app = api.app()
    rule = [{"linked_app_token": {"app_uid": app["id"]}}]

    assert written(api, include=rule).error == (400, 12130)
    assert written(api, include=rule, decision="non_identity").status == 201
    assert api.delete(f"{{A}}/access/apps/{app['id']}").status == 409
