"""The organisation and its identity providers, by the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError

from .harness import Sdk, drives, ids

ORGANISATION = "{A}/access/organizations"
PROVIDERS = "{A}/access/identity_providers"


@drives(f"GET {ORGANISATION}", f"PUT {ORGANISATION}")
def test_organisation(sdk: Sdk) -> None:
    """The organisation says its team domain, and keeps what a change does not say."""
    organisations = sdk.client.zero_trust.organizations
    before = organisations.list(account_id=sdk.account)
    changed = organisations.update(
        account_id=sdk.account,
        deny_unmatched_requests=True,
        deny_unmatched_requests_exempted_zone_names=["example.net"],
        session_duration="12h",
        warp_auth_session_duration="24h",
        login_design={"header_text": "Acme"},
    )

    assert before is not None
    assert changed is not None
    assert str(before.auth_domain).endswith(".cloudflareaccess.com")
    assert (changed.auth_domain, changed.deny_unmatched_requests) == (before.auth_domain, True)
    assert changed.deny_unmatched_requests_exempted_zone_names == ["example.net"]


def test_refused_organisation(sdk: Sdk) -> None:
    """A team domain elsewhere is a bad request."""
    with pytest.raises(BadRequestError):
        sdk.client.zero_trust.organizations.update(
            account_id=sdk.account, auth_domain="acme.example.com"
        )


@drives(
    f"POST {PROVIDERS}",
    f"GET {PROVIDERS}/{{}}",
    f"PUT {PROVIDERS}/{{}}",
    f"DELETE {PROVIDERS}/{{}}",
)
@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("github", {"client_id": "x", "client_secret": "hush"}),
        (
            "azureAD",
            {
                "client_id": "x",
                "client_secret": "hush",
                "directory_id": "d",
                "support_groups": True,
            },
        ),
        ("okta", {"client_id": "x", "okta_account": "https://acme.okta.com"}),
        ("saml", {"issuer_url": "https://idp.example.com", "sso_target_url": "https://x.example"}),
        ("oidc", {"client_id": "x", "auth_url": "https://x.example", "scopes": ["openid"]}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_life_of_a_provider(sdk: Sdk, kind: Any, config: Any) -> None:
    """An identity provider of each sort is created, read without secrets, changed, deleted."""
    providers = sdk.client.zero_trust.identity_providers
    made: Any = providers.create(account_id=sdk.account, name="sso", type=kind, config=config)
    read = providers.get(made.id, account_id=sdk.account)
    changed: Any = providers.update(
        made.id, account_id=sdk.account, name="other", type=kind, config=config
    )
    gone: Any = providers.delete(made.id, account_id=sdk.account)

    assert read is not None
    assert (read.name, read.type, "hush" in str(read.to_dict())) == ("sso", kind, False)
    assert (changed.name, gone.id) == ("other", made.id)
    with pytest.raises(NotFoundError):
        providers.get(made.id, account_id=sdk.account)


@drives(f"GET {PROVIDERS}")
def test_pages_of_providers(sdk: Sdk) -> None:
    """The SDK walks over all pages of identity providers."""
    providers = sdk.client.zero_trust.identity_providers
    for number in range(4):
        providers.create(account_id=sdk.account, name=f"gh {number}", type="github", config={})

    listed = list(providers.list(account_id=sdk.account, per_page=2))
    assert len(ids(listed)) == 7
    assert {one.type for one in listed} == {"okta", "google-apps", "onetimepin", "github"}


def test_refused_providers(sdk: Sdk) -> None:
    """A provider in use is not deleted, an unknown one not found."""
    providers = sdk.client.zero_trust.identity_providers
    made: Any = providers.create(account_id=sdk.account, name="gh", type="github", config={})
    rule = {"login_method": {"id": made.id}}
    sdk.access.groups.create(account_id=sdk.account, name="ops", include=[rule])

    with pytest.raises(ConflictError):
        providers.delete(made.id, account_id=sdk.account)
    with pytest.raises(NotFoundError):
        providers.get(sdk.tunnel().id, account_id=sdk.account)
