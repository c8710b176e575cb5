"""Infrastructure applications: criteria, policies, what they have and have not."""

from __future__ import annotations

from typing import Any

import pytest

from .api import EVERYONE, Api

PATH = "{A}/access/apps"
EMAIL = [{"email": {"email": "a@example.com"}}]
SSH = {"ssh": {"usernames": ["deploy"], "allow_email_alias": False}}
FLAT = {"port": 22, "protocol": "SSH", "target_attributes": {"hostname": ["web1"]}}
RULED: dict[str, Any] = {"port": 22, "protocol": "SSH"}
WEB1 = {"target_attributes": {"hostname": ["web1"]}}


def own(**fields: Any) -> dict[str, Any]:
    """A policy for such an application."""
    body = {"name": "ops", "decision": "allow", "include": EMAIL, "connection_rules": SSH}
    return {**body, **fields}


def written(api: Api, **fields: Any) -> Any:
    """The answer to an application with these fields."""
    body = {"type": "infrastructure", "name": "servers", "target_criteria": [FLAT], **fields}
    return api.post(PATH, {name: value for name, value in body.items() if value is not None})


@pytest.fixture(params=["api", "awkward"])
def either(request: pytest.FixtureRequest) -> Api:
    """A client of an account of either spelling."""
    client: Api = request.getfixturevalue(request.param)
    return client


def test_new_application_has_no_domain(api: Api) -> None:
    """It answers 201 with its criteria and policies, and without any field of a web application."""
    answer = written(api, policies=[own()])

    assert answer.status == 201
    assert set(answer.result) == {
        *(
            "id",
            "uid",
            "aud",
            "type",
            "name",
            "target_criteria",
            "policies",
            "created_at",
            "updated_at",
        )
    }
    assert answer.result["target_criteria"] == [FLAT]


def test_policies_come_back_whole(either: Api) -> None:
    """An inline policy comes back with id, UNIX users and second factor; it is no reusable one."""
    factor = {"allowed_authenticators": ["piv_key", "ssh_fido2_key"], "session_duration": "1h30m"}
    (policy,) = written(either, policies=[own(mfa_config=factor)]).result["policies"]

    assert (policy["connection_rules"], policy["mfa_config"]) == (SSH, factor)
    assert (policy["precedence"], policy["include"]) == (1, EMAIL)
    assert not {"session_duration", "approval_groups"} & set(policy)
    assert either.get("{A}/access/policies").result == []


@pytest.mark.parametrize(
    "criterion",
    [
        {**RULED, "include": WEB1},
        {**RULED, "include": {**WEB1, "tags": {"env": ["prod"]}}, "exclude": WEB1},
        {**RULED, "include": [WEB1, {"tags": {"env": ["prod"]}}], "require": [], "exclude": [WEB1]},
    ],
)
def test_both_styles_come_back_as_sent(either: Api, criterion: dict[str, Any]) -> None:
    """Criteria by rule are taken as objects and as arrays, and come back as they were sent."""
    made = written(either, target_criteria=[criterion, {**FLAT, "port": 2222}]).result

    assert made["target_criteria"][0] == criterion
    assert either.get(f"{PATH}/{made['id']}").result["target_criteria"][0] == criterion


@pytest.mark.parametrize(
    "criteria",
    [
        None,
        [],
        {},
        ["web1"],
        [{}],
        [RULED],
        [{**FLAT, "port": 0}],
        [{**FLAT, "port": 65536}],
        [{**FLAT, "port": "22"}],
        [{**FLAT, "protocol": "RDP"}],
        [{**FLAT, "protocol": "ssh"}],
        [FLAT, {**FLAT, "protocol": "RDP"}],
        [{**FLAT, "target_attributes": {}}],
        [{**FLAT, "target_attributes": {"hostname": []}}],
        [{**FLAT, "target_attributes": {"hostname": "web1"}}],
        [{**FLAT, "target_attributes": {"hostname": ["web1"], "ip": ["10.0.0.1"]}}],
        [{**FLAT, "include": WEB1}],
        [{**RULED, "exclude": WEB1}],
        [{**RULED, "include": []}],
        [{**RULED, "include": {}}],
        [{**RULED, "include": {"tags": {"env": "prod"}}}],
        [{**RULED, "include": {"target_attributes": {"ip": ["10.0.0.1"]}}}],
    ],
)
def test_wrong_criteria_are_refused(api: Api, criteria: Any) -> None:
    """Criteria that mix styles, lack a part or name something else answer 400/12130."""
    assert written(api, target_criteria=criteria).error == (400, 12130)
    assert api.get(PATH).result == []


@pytest.mark.parametrize(
    "policy",
    [
        own(decision="deny"),
        own(decision="bypass"),
        own(connection_rules=None),
        own(connection_rules={}),
        own(connection_rules={"rdp": {}}),
        own(connection_rules={"ssh": {}}),
        own(connection_rules={"ssh": {"usernames": []}}),
        own(connection_rules={"ssh": {"usernames": [""]}}),
        own(connection_rules={"ssh": {"usernames": ["a"], "allow_email_alias": "yes"}}),
        own(mfa_config={"allowed_authenticators": ["ssh_piv_key"]}),
        own(mfa_config={"allowed_authenticators": ["totp"]}),
        own(mfa_config={"session_duration": "721h"}),
        own(mfa_config={"session_duration": "90s"}),
        own(include=EVERYONE),
        own(include=[{"ip": {"ip": "10.0.0.0/8"}}]),
        own(require=[{"any_valid_service_token": {}}]),
        own(exclude=[{"certificate": {}}]),
        own(include=None),
    ],
)
def test_wrong_policies_are_refused(api: Api, policy: dict[str, Any]) -> None:
    """A policy that such an application cannot have answers 400/12130, on either path."""
    made = written(api).result

    assert written(api, policies=[policy]).error == (400, 12130)
    assert api.post(f"{PATH}/{made['id']}/policies", policy).error == (400, 12130)
    assert api.get(f"{PATH}/{made['id']}/policies").result == []


def test_every_documented_selector_is_taken(api: Api) -> None:
    """All the selectors that the documentation names are taken together."""
    okta = api.get("{A}/access/identity_providers").result[0]["id"]
    group = {"name": "infra", "identity_provider_id": okta}
    rules = [
        *({"email_domain": {"domain": "example.com"}}, {"geo": {"country_code": "PT"}}),
        *({"auth_method": {"auth_method": "hwk"}}, {"okta": group}, {"github-organization": group}),
        {"device_posture": {"integration_uid": "d"}},
        {"azureAD": {"id": "g", "identity_provider_id": okta}},
        {"gsuite": {"email": "g@example.com", "identity_provider_id": okta}},
        {"saml": {"attribute_name": "a", "attribute_value": "b", "identity_provider_id": okta}},
    ]

    assert written(api, policies=[own(include=rules)]).status == 201


def test_fields_of_web_applications_are_ignored_and_noted(api: Api) -> None:
    """Domain and session are dropped, and remembered as sent in vain."""
    made = written(api, domain="ssh.example.com", session_duration="8h").result

    assert not {"domain", "session_duration"} & set(made)
    assert [field for _, _, field in api.sandbox.ignored] == ["domain", "session_duration"]


def test_names_may_repeat(api: Api) -> None:
    """Two infrastructure applications of one name stand beside each other."""
    assert [written(api).status, written(api).status] == [201, 201]
    assert len(api.get(f"{PATH}?name=servers&exact=true").result) == 2


def test_name_is_needed(api: Api) -> None:
    """An application without a name, or an empty one, answers 400/12130."""
    assert written(api, name=None).error == (400, 12130)
    assert written(api, name="").error == (400, 12130)


def test_put_keeps_policies_that_it_does_not_name(either: Api) -> None:
    """PUT replaces the criteria; policies stay when none are sent, and go with an empty list."""
    made = written(either, policies=[own()]).result
    body = {"type": "infrastructure", "name": "b", "target_criteria": [{**FLAT, "port": 2222}]}
    kept = either.put(f"{PATH}/{made['id']}", body).result
    cleared = either.put(f"{PATH}/{made['id']}", {**body, "policies": []}).result

    assert kept["target_criteria"][0]["port"] == 2222
    assert [one["id"] for one in kept["policies"]] == [made["policies"][0]["id"]]
    assert not cleared["policies"]


def test_type_cannot_be_changed(api: Api) -> None:
    """A web application does not become an infrastructure application, or the other way round."""
    web, servers = api.app(), written(api).result
    body = {"type": "infrastructure", "name": "b", "target_criteria": [FLAT]}

    assert api.put(f"{PATH}/{web['id']}", body).status == 400
    other = {"type": "ssh", "name": "b", "domain": "b.example.com"}
    assert api.put(f"{PATH}/{servers['id']}", other).status == 400


def test_policies_can_be_managed_one_by_one(either: Api) -> None:
    """A policy below the application is made, replaced by a narrower body, and deleted."""
    path = f"{PATH}/{written(either).result['id']}/policies"
    made = either.post(path, own())
    changed = either.put(f"{path}/{made.result['id']}", own(name="new"))

    assert (made.status, changed.result["name"]) == (201, "new")
    assert either.delete(f"{path}/{made.result['id']}").status == 202
    assert either.get(path).result == []


def test_fitting_reusable_policy_can_be_linked(api: Api) -> None:
    """A reusable policy is linked if it names UNIX users, and can then not lose them."""
    fitting = api.policy(include=EMAIL, connection_rules=SSH)
    answer = written(api, policies=[fitting["id"]])
    unfit = {"name": "ops", "decision": "allow", "include": EMAIL}

    assert answer.status == 201
    assert written(api, policies=[api.policy(include=EMAIL)["id"]]).error == (400, 12130)
    assert api.put(f"{{A}}/access/policies/{fitting['id']}", unfit).error == (400, 12130)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("hostname=web1", {"flat", "object"}),
        ("hostname=WEB1", {"flat", "object"}),
        ("hostname=db1", {"array"}),
        ("hostname=web", set()),
    ],
)
def test_list_is_filtered_by_attribute(api: Api, query: str, names: set[str]) -> None:
    """target_attributes finds the applications whose criteria name a target, in any style."""
    array = {**RULED, "include": [{"target_attributes": {"hostname": ["db1"]}}]}
    styles = {"flat": FLAT, "object": {**RULED, "include": WEB1}, "array": array}
    for name, criterion in styles.items():
        written(api, name=name, target_criteria=[criterion])
    api.app()

    found = api.get(f"{PATH}?target_attributes={query}").result
    assert {app["name"] for app in found} == names


def test_wrong_attribute_filter_is_refused(api: Api) -> None:
    """A filter that is no key=value answers 400."""
    assert api.get(f"{PATH}?target_attributes=web1").status == 400


def test_it_has_no_settings_and_no_authority(api: Api) -> None:
    """Settings and a certificate authority of its own are refused."""
    path = f"{PATH}/{written(api).result['id']}"

    assert api.put(f"{path}/settings", {"allow_iframe": True}).error == (400, 12130)
    assert api.post(f"{path}/ca").error == (400, 12130)


def test_deletion_takes_its_policies_along(api: Api) -> None:
    """Deleting answers 202 with the id; its own policies are gone with it."""
    key = written(api, policies=[own()]).result["id"]
    gone = api.delete(f"{PATH}/{key}")
    assert (gone.status, gone.result) == (202, {"id": key})
    assert api.sandbox.export()["policies"] == []
