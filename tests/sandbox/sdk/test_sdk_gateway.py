"""The key of SSH command logs, and Gateway rules, by the official SDK."""

from __future__ import annotations

import base64
from typing import Any

import cloudflare
import pytest
from cloudflare import BadRequestError, NotFoundError

from .harness import Sdk, drives, ids

SSH = "{A}/gateway/audit_ssh_settings"
RULES = "{A}/gateway/rules"
KEY = base64.b64encode(bytes(range(32))).decode()


@drives(f"PUT {SSH}", f"GET {SSH}", f"POST {SSH}/rotate_seed")
def test_life_of_the_log_key(sdk: Sdk) -> None:
    """The key is set and read; rotating the seed keeps it."""
    settings = sdk.client.zero_trust.gateway.audit_ssh_settings
    put = settings.update(account_id=sdk.account, public_key=KEY)
    read = settings.get(account_id=sdk.account)
    rotated = settings.rotate_seed(account_id=sdk.account)

    assert put is not None
    assert read is not None
    assert rotated is not None
    assert (read.public_key, read.seed_id) == (KEY, put.seed_id)
    assert (rotated.public_key, rotated.seed_id == read.seed_id) == (KEY, False)


@drives(f"PUT {SSH}", f"GET {SSH}")
def test_end_of_the_log_key(sdk: Sdk) -> None:
    """An empty key takes the key away."""
    settings = sdk.client.zero_trust.gateway.audit_ssh_settings
    settings.update(account_id=sdk.account, public_key=KEY)

    settings.update(account_id=sdk.account, public_key="")

    read = settings.get(account_id=sdk.account)
    assert read is not None
    assert read.public_key == ""


def test_refused_log_key(sdk: Sdk) -> None:
    """A key that is not 32 bytes is a bad request."""
    with pytest.raises(BadRequestError):
        sdk.client.zero_trust.gateway.audit_ssh_settings.update(
            account_id=sdk.account, public_key="c2hvcnQ="
        )


@drives(
    f"POST {RULES}",
    f"GET {RULES}",
    f"GET {RULES}/{{}}",
    f"PUT {RULES}/{{}}",
    f"DELETE {RULES}/{{}}",
)
def test_life_of_a_rule(sdk: Sdk) -> None:
    """A rule is created, listed, read, replaced and deleted."""
    rules = sdk.client.zero_trust.gateway.rules
    made: Any = rules.create(
        account_id=sdk.account,
        name="no telnet",
        action="block",
        filters=["l4"],
        traffic="net.dst.port == 23",
        precedence=10,
        enabled=True,
        rule_settings={"block_reason": "no telnet"},
    )
    listed = rules.list(account_id=sdk.account, filter=["action:block"], search="telnet")
    read = rules.get(made.id, account_id=sdk.account)
    changed = rules.update(
        made.id, account_id=sdk.account, name="telnet", action="allow", filters=["l4"]
    )
    assert ids(listed) == {made.id}
    rules.delete(made.id, account_id=sdk.account)

    assert read is not None
    assert changed is not None
    assert (read.action, read.precedence, read.enabled) == ("block", 10, True)
    assert (changed.name, changed.action, changed.version) == ("telnet", "allow", 2)
    with pytest.raises(NotFoundError):
        rules.get(made.id, account_id=sdk.account)


@drives(f"POST {RULES}", f"GET {RULES}/{{}}")
def test_rule_that_logs_ssh(sdk: Sdk) -> None:
    """The action audit_ssh is newer than the SDK's list of actions, and nothing else is wrong."""
    body: Any = {"name": "log", "action": "audit_ssh", "traffic": "net.dst.port == 22"}
    body["rule_settings"] = {"audit_ssh": {"command_logging": True}}
    with cloudflare.Cloudflare(api_token="token", base_url=sdk.url, max_retries=0) as lenient:
        rules = lenient.zero_trust.gateway.rules
        made: Any = rules.create(account_id=sdk.account, **body)
        read = rules.get(made.id, account_id=sdk.account)

    assert read is not None
    assert (read.action, read.filters) == ("audit_ssh", ["l4"])
    known = cloudflare.types.zero_trust.gateway.GatewayRule
    known.model_validate({**read.to_dict(), "action": "block"})


def test_refused_rules(sdk: Sdk) -> None:
    """An unknown action is a bad request."""
    with pytest.raises(BadRequestError):
        sdk.client.zero_trust.gateway.rules.create(
            account_id=sdk.account,
            name="x",
            action="perhaps",  # type: ignore[arg-type]
        )
