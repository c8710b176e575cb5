"""The organisation and its identity providers."""

from __future__ import annotations

from typing import Any

import pytest

from .api import Api

ORGANISATION = "{A}/access/organizations"
PROVIDERS = "{A}/access/identity_providers"
OKTA = {"client_id": "id", "client_secret": "hush", "okta_account": "https://acme.okta.com"}


def provider(api: Api, **fields: Any) -> Any:
    """The answer to a new Okta provider."""
    return api.post(PROVIDERS, {"name": "Okta 2", "type": "okta", "config": OKTA, **fields})


def test_change_keeps_what_it_does_not_say(api: Api) -> None:
    """PUT changes the members that it holds and no other."""
    before = api.get(ORGANISATION).result
    sent = {"deny_unmatched_requests": True, "warp_auth_session_duration": "12h"}

    after = api.put(ORGANISATION, sent).result
    assert after == {**before, **sent, "updated_at": after["updated_at"]}
    assert api.get(ORGANISATION).result == after


def test_exempted_zones_come_back(api: Api) -> None:
    """The zones that stay open are kept as sent."""
    sent = {"deny_unmatched_requests_exempted_zone_names": ["example.com"]}

    assert api.put(ORGANISATION, sent).result.items() >= sent.items()


@pytest.mark.parametrize(
    "fields",
    [
        {"auth_domain": "acme.example.com"},
        {"auth_domain": f"{'a' * 64}.cloudflareaccess.com"},
        {"name": ""},
        {"session_duration": "a day"},
        {"warp_auth_session_duration": "30s"},
        {"deny_unmatched_requests": "yes"},
        {"deny_unmatched_requests_exempted_zone_names": "example.com"},
        {"login_design": "red"},
        {"mfa_config": {"allowed_authenticators": ["face"]}},
        {"service_token_inactivity": {"action": "explode"}},
    ],
)
def test_wrong_organisations_are_refused(api: Api, fields: dict[str, Any]) -> None:
    """A wrong value answers 400/12130 and changes nothing."""
    before = api.get(ORGANISATION).result

    assert api.put(ORGANISATION, fields).error == (400, 12130)
    assert api.get(ORGANISATION).result == before


REDIRECT = "https://acme.cloudflareaccess.com/cdn-cgi/access/callback"


def test_provider_is_made_without_its_secret(api: Api) -> None:
    """A new provider answers 201; the client secret never comes back."""
    answer = provider(api)

    assert answer.status == 201
    shown = {k: v for k, v in OKTA.items() if k != "client_secret"}
    assert answer.result["config"] == {**shown, "redirect_url": REDIRECT}
    assert api.get(f"{PROVIDERS}/{answer.result['id']}").result == answer.result


def test_secret_is_kept_nowhere(api: Api) -> None:
    """Not even an export holds the secret of a provider."""
    provider(api, config={**OKTA, "client_secret": "very-secret-word"})

    assert "very-secret-word" not in str(api.sandbox.export())


def test_provider_is_replaced(api: Api) -> None:
    """PUT replaces name and config, and keeps the id."""
    made = provider(api).result

    body = {"name": "Okta 3", "type": "okta", "config": {"client_id": "new"}}
    new = api.put(f"{PROVIDERS}/{made['id']}", body).result
    assert (new["id"], new["name"]) == (made["id"], "Okta 3")
    assert new["config"] == {"client_id": "new", "redirect_url": REDIRECT}


def test_type_of_a_provider_stays(api: Api) -> None:
    """A provider cannot become one of another type."""
    made = provider(api).result

    body = {"name": "x", "type": "saml", "config": {}}
    assert api.put(f"{PROVIDERS}/{made['id']}", body).error == (400, 12130)


def test_unknown_config_is_noted(api: Api) -> None:
    """What a type's config does not take is ignored, and noted."""
    made = provider(api, config={**OKTA, "ping_env_id": "x"}).result

    assert "ping_env_id" not in made["config"]
    assert [field for _, _, field in api.sandbox.ignored] == ["config.ping_env_id"]


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "carrier-pigeon"},
        {"type": None},
        {"name": None},
        {"config": None},
        {"config": []},
        {"config": {"claims": "all"}},
        {"scim_config": []},
        {"scim_config": {"enabled": True, "seat_deprovision": True}},
    ],
)
def test_wrong_providers_are_refused(api: Api, fields: dict[str, Any]) -> None:
    """A wrong provider answers 400/12130."""
    assert provider(api, **fields).error == (400, 12130)


def test_there_is_one_pin(api: Api) -> None:
    """A second one-time PIN answers 409."""
    body = {"name": "", "type": "onetimepin", "config": {}}

    assert api.post(PROVIDERS, body).status == 409


def test_scim_secret_is_shown_once(api: Api) -> None:
    """The SCIM secret comes with the answer that enables it and never again."""
    made = provider(api, scim_config={"enabled": True}).result

    assert len(made["scim_config"]["secret"]) == 64
    assert "secret" not in api.get(f"{PROVIDERS}/{made['id']}").result["scim_config"]
    enabled = api.get(f"{PROVIDERS}?scim_enabled=true").result
    assert [one["id"] for one in enabled] == [made["id"]]


def test_provider_of_a_rule_stays(api: Api) -> None:
    """A provider that a rule refers to answers 409, and goes with 202 once it is free."""
    key = provider(api).result["id"]
    group = api.group(include=[{"okta": {"name": "ops", "identity_provider_id": key}}])

    assert api.delete(f"{PROVIDERS}/{key}").status == 409
    api.delete(f"{{A}}/access/groups/{group['id']}")
    gone = api.delete(f"{PROVIDERS}/{key}")
    assert (gone.status, gone.result) == (202, {"id": key})
    assert api.get(f"{PROVIDERS}/{key}").status == 404


def test_provider_of_an_application_goes(api: Api) -> None:
    """A provider in an application's allowed_idps is deleted, and the account can be imported."""
    key = provider(api).result["id"]
    api.app(allowed_idps=[key])

    assert api.delete(f"{PROVIDERS}/{key}").status == 202
    api.sandbox.import_(api.sandbox.export())
