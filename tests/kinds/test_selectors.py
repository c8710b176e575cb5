"""Promises about the selectors of rules, in both directions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ztctl.core.model.address import Address
from ztctl.core.model.canonical import canonical
from ztctl.core.model.values import Lookup, Ref
from ztctl.kinds.rules import LISTS
from ztctl.kinds.selectors import Rule, count, flattened, from_api, to_api

from .replay import declare, kind

SPEC = kind("access_policy").specs["include"]
UUID = "6f0c9a1e-0000-4000-8000-00000000000a"
WITH_PROVIDER = {"identity_provider": UUID}

# Every selector of the service: in the file, and on the wire (Cloudflare OpenAPI, July 2026).
VOCABULARY: dict[str, tuple[Any, dict[str, Any]]] = {
    "everyone": (True, {"everyone": {}}),
    "email": ("ann@example.com", {"email": {"email": "ann@example.com"}}),
    "email_domain": ("example.com", {"email_domain": {"domain": "example.com"}}),
    "email_list": (UUID, {"email_list": {"id": UUID}}),
    "ip": ("192.0.2.0/24", {"ip": {"ip": "192.0.2.0/24"}}),
    "ip_list": (UUID, {"ip_list": {"id": UUID}}),
    "group": (UUID, {"group": {"id": UUID}}),
    "country": ("PT", {"geo": {"country_code": "PT"}}),
    "any_valid_service_token": (True, {"any_valid_service_token": {}}),
    "service_token": (UUID, {"service_token": {"token_id": UUID}}),
    "certificate": (True, {"certificate": {}}),
    "common_name": ("laptop", {"common_name": {"common_name": "laptop"}}),
    "auth_method": ("mfa", {"auth_method": {"auth_method": "mfa"}}),
    "auth_context": (
        {"id": "c1", "ac_id": UUID, **WITH_PROVIDER},
        {"auth_context": {"id": "c1", "ac_id": UUID, "identity_provider_id": UUID}},
    ),
    "login_method": (UUID, {"login_method": {"id": UUID}}),
    "azure_ad": (
        {"id": "g1", **WITH_PROVIDER},
        {"azureAD": {"id": "g1", "identity_provider_id": UUID}},
    ),
    "github_organization": (
        {"name": "acme", "team": "ops", **WITH_PROVIDER},
        {"github-organization": {"name": "acme", "team": "ops", "identity_provider_id": UUID}},
    ),
    "google_workspace": (
        {"email": "ops@example.com", **WITH_PROVIDER},
        {"gsuite": {"email": "ops@example.com", "identity_provider_id": UUID}},
    ),
    "okta": (
        {"name": "infra", **WITH_PROVIDER},
        {"okta": {"name": "infra", "identity_provider_id": UUID}},
    ),
    "saml": (
        {"attribute_name": "dept", "attribute_value": "ops", **WITH_PROVIDER},
        {
            "saml": {
                "attribute_name": "dept",
                "attribute_value": "ops",
                "identity_provider_id": UUID,
            }
        },
    ),
    "oidc": (
        {"claim_name": "dept", "claim_value": "ops", **WITH_PROVIDER},
        {"oidc": {"claim_name": "dept", "claim_value": "ops", "identity_provider_id": UUID}},
    ),
    "device_posture": (UUID, {"device_posture": {"integration_uid": UUID}}),
    "external_evaluation": (
        {"evaluate_url": "https://e.test/", "keys_url": "https://k.test/"},
        {"external_evaluation": {"evaluate_url": "https://e.test/", "keys_url": "https://k.test/"}},
    ),
    "linked_app_token": (UUID, {"linked_app_token": {"app_uid": UUID}}),
    "user_risk_score": (["high", "low"], {"user_risk_score": {"user_risk_score": ["high", "low"]}}),
    "cloudflare_account_member": (True, {"cloudflare_account_member": {}}),
}
RULES = st.lists(st.sampled_from([{name: value} for name, (value, _) in VOCABULARY.items()]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["email", "okta", "ip", "group", "id", "name", "everyone"]), inner
        )
    ),
    max_leaves=8,
)


def canonised(rules: Any) -> Any:
    """Rules in canonical form."""
    return canonical(SPEC, rules)


def test_the_vocabulary_is_whole() -> None:
    """Each selector that a file may hold has its spelling on the wire, and none is untried."""
    assert set(VOCABULARY) == set(Rule.model_fields)


@pytest.mark.parametrize("name", VOCABULARY)
def test_a_selector_is_spelt_for_the_service(name: str) -> None:
    """What the file says is what the API takes."""
    value, wire = VOCABULARY[name]

    assert to_api([{name: value}]) == [wire]


@pytest.mark.parametrize("name", VOCABULARY)
def test_a_selector_is_read_in_the_words_of_the_file(name: str) -> None:
    """What the API gives back is what the file says."""
    value, wire = VOCABULARY[name]

    assert canonised(from_api([wire])) == canonised([{name: value}])


@given(RULES)
def test_there_and_back_is_the_same(rules: list[Any]) -> None:
    """Sending canonical rules and reading them gives the same rules."""
    once = canonised(rules) or []

    assert (canonised(from_api(to_api(once))) or []) == once


@given(RULES, st.randoms())
def test_the_order_of_rules_means_nothing(rules: list[Any], chance: Any) -> None:
    """A rule list is a set."""
    shuffled = rules * 2
    chance.shuffle(shuffled)

    assert canonised(shuffled) == canonised(rules)


@given(st.lists(JSON) | JSON)
def test_no_reply_breaks_the_reading(reply: Any) -> None:
    """Whatever stands in a rule list is read, and reading it twice is reading it once."""
    once = canonised(from_api(reply))

    assert canonised(once) == once


@pytest.mark.parametrize(
    "element",
    [
        {"new_selector": {"id": "x"}},
        {"email": {"email": "a@example.com"}, "ip": {"ip": "192.0.2.1/32"}},
        {"email": {"email": "a@example.com", "also": "b@example.com"}},
        {"email": "a@example.com"},
        *(
            {name: {**inner, "negate": True}}
            for _, wire in VOCABULARY.values()
            for name, inner in wire.items()
        ),
        {"everyone": {"but": "not really"}},
        {},
        "everyone",
        7,
    ],
)
def test_what_is_not_understood_is_kept_and_seen(element: Any) -> None:
    """A rule that may let somebody in never vanishes from the comparison."""
    (found,) = canonised(from_api([element]))

    assert found.startswith("unknown selector ")


def test_an_account_id_beside_a_posture_check_is_nothing() -> None:
    """A newer reply names the account, which says nothing new."""
    wire = {"device_posture": {"integration_uid": "p1", "account_id": "acc"}}

    assert from_api([wire]) == [{"device_posture": "p1"}]


def test_what_says_nothing_in_a_rule_is_nothing() -> None:
    """A member that is not set makes no other rule of it."""
    wire = {"okta": {"name": "x", "identity_provider_id": UUID, "negate": False, "more": None}}

    assert canonised(from_api([wire])) == [{"okta": {"identity_provider": UUID, "name": "x"}}]


def test_a_list_is_one_element_a_value() -> None:
    """The API takes no list inside an element, but for the risk score."""
    rules = [{"email": ["b@example.com", "a@example.com"]}, {"user_risk_score": ["low", "high"]}]

    assert to_api(canonised(rules)) == [
        {"email": {"email": "a@example.com"}},
        {"email": {"email": "b@example.com"}},
        {"user_risk_score": {"user_risk_score": ["high", "low"]}},
    ]


def test_lists_inside_an_object_are_every_combination() -> None:
    """Two providers' worth of groups are as many elements."""
    rule = {"okta": [{"identity_provider": "o", "name": ["x", "y"]}]}

    assert flattened([rule]) == [
        {"okta": {"identity_provider": "o", "name": "x"}},
        {"okta": {"identity_provider": "o", "name": "y"}},
    ]
    assert count(rule) == 2


def test_references_are_kept_for_later() -> None:
    """A group is a key of the file, a provider always lives in the account."""
    policy = declare(
        "access_policy",
        "p",
        decision="allow",
        include=[{"group": ["infra", {"live": "Legacy"}]}, {"login_method": "Okta"}],
    )

    assert [next(iter(rule.values())) for rule in policy.values["include"]] == [
        Lookup("access_group", "Legacy"),
        Ref(Address("access_group", "infra")),
        Lookup("identity_provider", "Okta"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"email": "a@example.com", "ip": "192.0.2.1"},
        {"email": "example.com"},
        {"email": []},
        {"email_domain": "@example.com"},
        {"country": "Portugal"},
        {"country": False},
        {"everyone": False},
        {"ip": "office"},
        {"user_risk_score": ["extreme"]},
        {"okta": {"name": "infra"}},
        {"geo": "PT"},
        {"group": {"live": "a", "id": "b"}},
        {"group": {"live": ""}},
    ],
)
def test_a_wrong_rule_is_refused(wrong: Any) -> None:
    """What the service would misunderstand is no rule."""
    with pytest.raises(ValidationError):
        Rule.model_validate(wrong)


@pytest.mark.parametrize("name", LISTS)
def test_each_rule_list_is_sent_and_compared(name: str) -> None:
    """Absence is emptiness, in the file and on the wire."""
    group = declare("access_group", "g", include=[{"everyone": True}])

    assert name in group.values
    assert kind("access_group").specs[name].unordered


def test_required_lists_become_groups_that_do_not_clash() -> None:
    """Two lists of one selector are two groups, and separate elements stay AND."""
    policy = declare(
        "access_policy",
        "p",
        decision="allow",
        include=[{"everyone": True}],
        require=[{"country": ["PT", "US"]}, {"country": ["PT", "ES"]}, {"certificate": True}],
    )

    one, other, owner = kind("access_policy").companions(policy, "prod")

    assert [one.address.key, other.address.key] == [
        "policy.p.require.country",
        "policy.p.require.country#2",
    ]
    assert {"certificate": True} in owner.values["require"]
    assert len(owner.values["require"]) == 3
