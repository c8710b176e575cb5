"""Applications of every emulated type, by the official SDK."""

from __future__ import annotations

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError
from cloudflare.types.zero_trust.access.application_get_response import (
    BrowserSSHApplication,
    SelfHostedApplication,
)

from .harness import Sdk, drives, ids

APPS = "{A}/access/apps"
ONE = f"{APPS}/{{}}"


@drives(f"POST {APPS}", f"GET {ONE}", f"PUT {ONE}", f"DELETE {ONE}")
def test_life_of_a_self_hosted_application(sdk: Sdk) -> None:
    """An application with many fields is created, read, replaced and deleted."""
    apps = sdk.access.applications
    sdk.access.tags.create(account_id=sdk.account, name="ztctl")
    policy = sdk.policy()
    made = sdk.app(
        destinations=[
            {"type": "public", "uri": "web.example.com"},
            {"type": "private", "cidr": "10.0.0.5", "port_range": "22", "l4_protocol": "tcp"},
        ],
        session_duration="8h",
        cors_headers={"allowed_origins": ["https://example.com"], "max_age": 60},
        logo_url="https://example.com/logo.png",
        mfa_config={"allowed_authenticators": ["totp"]},
        same_site_cookie_attribute="lax",
        tags=["ztctl"],
        policies=[{"id": policy.id, "precedence": 5}],
        skip_interstitial=True,
    )
    read = apps.get(made.id, account_id=sdk.account)
    changed = apps.update(
        made.id,
        account_id=sdk.account,
        type="self_hosted",
        name="other",
        domain="other.example.com",
    )
    gone = apps.delete(made.id, account_id=sdk.account)

    assert isinstance(read, SelfHostedApplication)
    assert (read.domain, read.tags, read.skip_interstitial) == ("web.example.com", ["ztctl"], True)
    assert [(one.id, one.precedence) for one in read.policies or []] == [(policy.id, 5)]
    assert (changed.domain, changed.aud) == ("other.example.com", made.aud)
    assert [one.id for one in changed.policies] == [policy.id]
    assert gone.id == made.id


@drives(f"POST {APPS}", f"GET {ONE}")
def test_browser_ssh_application(sdk: Sdk) -> None:
    """An application of type ssh is a browser-rendered SSH application to the SDK."""
    made = sdk.access.applications.create(
        account_id=sdk.account,
        type="ssh",
        name="web",
        domain="web.example.com",
        self_hosted_domains=["web.example.com", "web2.example.com"],
    )
    read = sdk.access.applications.get(made.id, account_id=sdk.account)

    ssh = BrowserSSHApplication.model_validate(read.to_dict())
    assert (ssh.type, ssh.domain) == ("ssh", "web.example.com")
    assert ssh.self_hosted_domains == ["web.example.com", "web2.example.com"]


@drives(f"GET {APPS}")
def test_pages_of_applications(sdk: Sdk) -> None:
    """The SDK walks over all pages of applications, and filters them."""
    apps = sdk.access.applications
    made = [sdk.app(f"web{number}.example.com") for number in range(7)]

    assert ids(apps.list(account_id=sdk.account, per_page=2)) == ids(made)
    assert ids(apps.list(account_id=sdk.account, domain="web3.example.com", exact=True)) == {
        made[3].id
    }
    assert ids(apps.list(account_id=sdk.account, aud=made[4].aud)) == {made[4].id}
    assert ids(apps.list(account_id=sdk.account, search="WEB5")) == {made[5].id}
    assert ids(apps.list(account_id=sdk.account, name="web6")) == {made[6].id}


@drives(f"PUT {ONE}/settings", f"PATCH {ONE}/settings", f"POST {ONE}/revoke_tokens")
def test_settings_and_sessions(sdk: Sdk) -> None:
    """Two settings are changed on their own, and the sessions of an application ended."""
    settings, app = sdk.access.applications.settings, sdk.app()
    put = settings.update(app.id, account_id=sdk.account, allow_iframe=True, skip_interstitial=True)
    patched = settings.edit(app.id, account_id=sdk.account, skip_interstitial=False)
    sdk.access.applications.revoke_tokens(app.id, account_id=sdk.account)

    assert (put.allow_iframe, put.skip_interstitial) == (True, True)
    assert (patched.allow_iframe, patched.skip_interstitial) == (True, False)


def test_refused_applications(sdk: Sdk) -> None:
    """A taken domain is a conflict, a foreign one a bad request, an unknown id not found."""
    app = sdk.app()

    with pytest.raises(ConflictError) as taken:
        sdk.app()
    with pytest.raises(BadRequestError) as foreign:
        sdk.app("web.example.org")
    with pytest.raises(NotFoundError) as unknown:
        sdk.access.applications.get(sdk.tunnel().id, account_id=sdk.account)
    with pytest.raises(BadRequestError) as malformed:
        sdk.access.applications.get(app.id[:-1], account_id=sdk.account)
    codes = [one.value.errors[0].code for one in (taken, foreign, unknown, malformed)]
    assert codes == [11010, 12130, 11021, 12045]
