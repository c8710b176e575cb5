"""What policies and applications say beyond rules: second factors, connections, limits."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import EVERYONE, Api


def policy(api: Api, **fields: Any) -> Any:
    """The answer to a reusable policy with these fields."""
    body = {"name": "a", "decision": "allow", "include": EVERYONE, **fields}
    return api.post("{A}/access/policies", body)


@pytest.mark.parametrize("session", ["0m", "5m", "24h", "1h30m", "720h"])
def test_second_factors_last_up_to_a_month(api: Api, session: str) -> None:
    """A session of the second factor is in minutes and hours up to 720h."""
    factor = {"allowed_authenticators": ["totp", "security_key"], "session_duration": session}

    assert policy(api, mfa_config=factor).result["mfa_config"] == factor


@pytest.mark.parametrize(
    "factor",
    [
        *({"session_duration": "720h1m"}, {"session_duration": "30s"}, {"session_duration": ""}),
        *({"session_duration": 5}, {"allowed_authenticators": ["piv_key"]}, []),
    ],
)
def test_wrong_second_factors_are_refused(api: Api, factor: Any) -> None:
    """Seconds, more than 720h and authenticators of infrastructure answer 400/12130."""
    assert policy(api, mfa_config=factor).error == (400, 12130)


@pytest.mark.parametrize(
    "rules",
    [
        {"ssh": {"usernames": ["root"], "allow_email_alias": True}},
        {"rdp": {"allowed_clipboard_local_to_remote_formats": ["text"]}},
        {"rdp": {"allowed_clipboard_remote_to_local_formats": []}},
    ],
)
def test_connection_rules_come_back(api: Api, rules: dict[str, Any]) -> None:
    """A reusable policy keeps its rules for SSH and for desktops."""
    assert policy(api, connection_rules=rules).result["connection_rules"] == rules


@pytest.mark.parametrize(
    "rules",
    [
        *([], {"ssh": []}, {"ssh": {"usernames": []}}, {"ssh": {}}, {"rdp": 1}),
        {"rdp": {"allowed_clipboard_local_to_remote_formats": ["files"]}},
    ],
)
def test_wrong_connection_rules_are_refused(api: Api, rules: Any) -> None:
    """Connection rules of another form answer 400/12130."""
    assert policy(api, connection_rules=rules).error == (400, 12130)


def test_strange_connection_rules_are_remembered(api: Api) -> None:
    """An unknown member is dropped and listed with its place."""
    policy(api, connection_rules={"ssh": {"usernames": ["a"], "sudo": True}})

    assert [field for _, _, field in api.sandbox.ignored] == ["connection_rules.ssh.sudo"]


@pytest.mark.parametrize(("quotas", "status"), [(True, 400), (False, 201)])
def test_long_urls_are_refused_with_quotas(quotas: bool, status: int) -> None:
    """A URL of 64 characters is refused where limits are enforced, one of 63 never."""
    api = Api(Sandbox.create(settings=Settings(quotas=quotas)))
    fitting = "a" * (63 - len(".example.com/x")) + ".example.com/x"
    body = {"type": "self_hosted", "name": "a"}

    assert len(fitting) == 63
    assert api.post("{A}/access/apps", {**body, "domain": fitting}).status == 201
    assert api.post("{A}/access/apps", {**body, "domain": fitting + "y"}).status == status


@pytest.mark.parametrize(("permission", "status"), [("Read", 403), ("Revoke", 202), ("Write", 202)])
def test_revoking_needs_its_permission(api: Api, permission: str, status: int) -> None:
    """The tokens of an application are revoked with Revoke or Write, not with Read."""
    path = f"{{A}}/access/apps/{api.app()['id']}"
    api.sandbox.define_token("token", [f"Access: Apps and Policies {permission}"])

    assert api.post(f"{path}/revoke_tokens").status == status
