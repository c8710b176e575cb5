"""After an export the file is what people edit: an edit of one field loses nothing of the rest."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.support.account import Account
from tests.support.exporting import (
    CLOSING,
    adopted,
    application,
    exported,
    left,
    policy,
    record,
    stored,
    text_of,
    tunnel,
)
from tests.support.handmade import changes, lasting
from tests.support.recorded.exchanges import BY_LINE

HOST = "ssh.example.com"
# What an application may have beside what a host of the tutorials has.
SETTINGS: dict[str, Any] = {
    "cors_headers": {"allowed_origins": ["https://example.com"], "max_age": 60},
    "logo_url": "https://example.com/logo.png",
    "custom_pages": ["0d8f6c2e-9a1b-4c3d-8e7f-5a6b7c8d9e0f"],
    "mfa_config": {"allowed_authenticators": ["totp"], "session_duration": "30m"},
    "custom_deny_message": "no",
}
SCIM = {"enabled": True, "remote_uri": "https://scim.example.com", "idp_uid": "x"}
SECRETS = {"scheme": "httpbasic", "user": "u", "password": "**********"}
# And what the file has no field for, or only in part.
CARRIED: dict[str, Any] = {
    "scim_config": SCIM,
    "oauth_configuration": {"enabled": True, "grant": {"session_duration": "8h"}},
    "destinations": [
        {
            "type": "public",
            "uri": HOST,
            "overrides": [{"behavior": "public", "path_pattern": "/healthz"}],
        },
        {"type": "worker", "worker_id": "w1"},
    ],
}
TERMS: dict[str, Any] = {
    "approval_required": True,
    "approval_groups": [{"approvals_needed": 1, "email_addresses": ["boss@example.com"]}],
    "isolation_required": True,
    "purpose_justification_required": True,
    "session_duration": "8h",
}


@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
def test_all_of_an_application_survives_an_edit(tmp_path: Any, *, awkward: bool) -> None:
    """Adopted by its export, and edited in one field: nothing else of it or its policy differs."""
    account = Account(tmp_path, awkward=awkward)
    std = policy(account, **TERMS)
    app = application(account, HOST, policies=[std], **SETTINGS)
    stored(account, "app", app["id"], **CARRIED)
    before = lasting(account)

    found = exported(account)
    assert adopted(account, found).is_empty
    file = yaml.safe_load(text_of(found))
    file["applications"][HOST]["custom_deny_message"] = "not today"
    account.apply(file)

    assert found.is_complete
    assert changes(before, lasting(account)) == [
        f"apps {app['id']} custom_deny_message: no -> not today",
        f"apps {app['id']} tags: [] -> ['ztctl-prod']",
        f"policies {std} name: std -> std.ztctl-prod",
        "tags ztctl-prod has come",
    ]


def test_an_application_with_credentials_of_others_is_named(account: Account) -> None:
    """The service keeps those of SCIM to itself, so that any write would lose them."""
    app = application(account, HOST)
    scim = {**SCIM, "authentication": SECRETS}
    stored(account, "app", app["id"], scim_config=scim)

    found = exported(account)

    assert "scim_config.authentication" in left(found)[HOST]
    assert adopted(account, found).is_empty
    assert account.one("apps")["scim_config"] == scim


def test_a_recorded_configuration_survives_an_edit_of_one_rule(account: Account) -> None:
    """With rules by address, a bastion and private routing beside: one service is another one."""
    config = BY_LINE[18].result["config"]
    general = {**config["originRequest"], "ipRules": [{"prefix": "192.0.2.0/24", "allow": True}]}
    first, second, _ = config["ingress"]
    bastion = {**second["originRequest"], "bastionMode": True}
    bastion.pop("access")
    rules = [
        {**first, "hostname": HOST},
        {**second, "hostname": "b.example.com", "service": "bastion", "originRequest": bastion},
    ]
    more: dict[str, Any] = {
        "originRequest": general,
        "warp-routing": {"enabled": True},
        "future": {"a": 1},
    }
    pool = tunnel(account, rules, **more)
    record(account, HOST, pool)
    application(account, HOST, policies=[policy(account)])

    found = exported(account)
    assert adopted(account, found).is_empty
    file = yaml.safe_load(text_of(found))
    file["tunnels"]["pool"]["ingress"][0]["service"] = "http://10.0.0.9:8080"
    account.apply(file)

    kept = account.one("tunnel_configurations", tunnel_id=pool)["config"]
    edited = {**rules[0], "service": "http://10.0.0.9:8080"}
    assert kept == {"ingress": [edited, rules[1], CLOSING], **more}
