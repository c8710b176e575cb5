"""Access for Infrastructure: gateway CA, targets, applications, by the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError
from cloudflare.types.zero_trust.access.application_get_response import InfrastructureApplication

from .harness import Sdk, drives, ids

CA = "{A}/access/gateway_ca"
TARGETS = "{A}/infrastructure/targets"


def target(sdk: Sdk, number: int = 5, **fields: Any) -> Any:
    """A target."""
    return sdk.access.infrastructure.targets.create(
        account_id=sdk.account,
        **{
            "hostname": f"web{number}",
            "ip": {"ipv4": {"ip_addr": f"10.0.0.{number}"}},
            **fields,
        },
    )


@drives(f"POST {CA}", f"GET {CA}", f"DELETE {CA}/{{}}")
def test_life_of_the_gateway_ca(sdk: Sdk) -> None:
    """The account's one CA is made, listed and deleted; a second one is a conflict."""
    authority = sdk.access.gateway_ca
    made = authority.create(account_id=sdk.account)
    (listed,) = authority.list(account_id=sdk.account)
    with pytest.raises(ConflictError):
        authority.create(account_id=sdk.account)
    gone = authority.delete(made.id, account_id=sdk.account)

    assert (listed.id, listed.public_key) == (made.id, made.public_key)
    assert made.public_key.startswith("ecdsa-sha2-nistp256 ")
    assert (gone.id, list(authority.list(account_id=sdk.account))) == (made.id, [])


@drives(f"POST {TARGETS}", f"GET {TARGETS}/{{}}", f"PUT {TARGETS}/{{}}", f"DELETE {TARGETS}/{{}}")
def test_life_of_a_target(sdk: Sdk) -> None:
    """A target is created with both addresses, read, replaced and deleted."""
    targets = sdk.access.infrastructure.targets
    made = target(
        sdk,
        ip={"ipv4": {"ip_addr": "10.0.0.5"}, "ipv6": {"ip_addr": "2001:db8::5"}},
        tags={"env": "staging"},
    )
    read = targets.get(made.id, account_id=sdk.account)
    changed = targets.update(
        made.id, account_id=sdk.account, hostname="db", ip={"ipv4": {"ip_addr": "10.0.0.6"}}
    )
    targets.delete(made.id, account_id=sdk.account)

    assert (read.hostname, read.tags) == ("web5", {"env": "staging"})
    assert (read.ip.ipv4.ip_addr, read.ip.ipv6.ip_addr) == ("10.0.0.5", "2001:db8::5")
    assert read.ip.ipv4.virtual_network_id == read.ip.ipv6.virtual_network_id
    assert (changed.hostname, changed.ip.ipv6, changed.tags or {}) == ("db", None, {})
    with pytest.raises(NotFoundError):
        targets.get(made.id, account_id=sdk.account)


@drives(f"GET {TARGETS}")
def test_pages_of_targets(sdk: Sdk) -> None:
    """The SDK walks over all pages of targets, filters and orders them."""
    targets = sdk.access.infrastructure.targets
    made = [target(sdk, number) for number in range(1, 8)]

    assert ids(targets.list(account_id=sdk.account, per_page=2)) == ids(made)
    assert ids(targets.list(account_id=sdk.account, hostname="web3")) == {made[2].id}
    assert ids(targets.list(account_id=sdk.account, ip_v4="10.0.0.4")) == {made[3].id}
    assert ids(targets.list(account_id=sdk.account, target_ids=[made[4].id])) == {made[4].id}
    assert ids(targets.list(account_id=sdk.account, ips=["10.0.0.6"])) == {made[5].id}
    assert ids(
        targets.list(account_id=sdk.account, ipv4_start="10.0.0.2", ipv4_end="10.0.0.3")
    ) == {made[1].id, made[2].id}
    named = targets.list(
        account_id=sdk.account, hostname_contains="WEB", order="hostname", direction="desc"
    )
    names = list(dict.fromkeys(one.hostname for one in named))
    assert names == [f"web{number}" for number in range(7, 0, -1)]


@drives(f"PUT {TARGETS}/batch", f"POST {TARGETS}/batch_delete")
def test_batches_of_targets(sdk: Sdk) -> None:
    """Many targets are added at once, and some deleted at once."""
    targets = sdk.access.infrastructure.targets
    bodies = [{"hostname": "web", "ip": {"ipv4": {"ip_addr": f"10.0.0.{n}"}}} for n in range(1, 4)]
    made = list(targets.bulk_update(account_id=sdk.account, body=bodies))
    targets.bulk_delete_v2(account_id=sdk.account, target_ids=[made[0].id, made[1].id])

    assert [one.hostname for one in made] == ["web"] * 3
    assert ids(targets.list(account_id=sdk.account)) == {made[2].id}


@drives(f"DELETE {TARGETS}/batch")
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_deprecated_deletion(sdk: Sdk) -> None:
    """The deprecated call that deletes many targets still works."""
    made = target(sdk)
    sdk.access.infrastructure.targets.bulk_delete(
        account_id=sdk.account, extra_body={"target_ids": [made.id]}
    )

    assert list(sdk.access.infrastructure.targets.list(account_id=sdk.account)) == []


def test_refused_targets(sdk: Sdk) -> None:
    """A malformed host name and a target without an address are bad requests."""
    with pytest.raises(BadRequestError):
        target(sdk, hostname="-web")
    with pytest.raises(BadRequestError):
        target(sdk, ip={})


@drives(
    "POST {A}/access/apps",
    "GET {A}/access/apps",
    "GET {A}/access/apps/{}",
    "PUT {A}/access/apps/{}",
    "DELETE {A}/access/apps/{}",
)
def test_infrastructure_application(sdk: Sdk) -> None:
    """An infrastructure application is created with its own policy, read, replaced, deleted."""
    apps = sdk.access.applications
    policy = {
        "name": "ops",
        "decision": "allow",
        "include": [{"email": {"email": "a@example.com"}}],
        "connection_rules": {"ssh": {"usernames": ["deploy"], "allow_email_alias": True}},
    }
    criteria = {"port": 22, "protocol": "SSH", "target_attributes": {"hostname": ["web5"]}}
    whole = {"account_id": sdk.account, "type": "infrastructure", "name": "servers"}
    made = apps.create(**whole, target_criteria=[criteria], policies=[policy])
    read = apps.get(made.id, account_id=sdk.account)
    changed = apps.update(
        made.id, **whole, target_criteria=[{**criteria, "port": 2222}], policies=[policy]
    )
    listed = apps.list(account_id=sdk.account)
    strict = InfrastructureApplication.model_validate(read.to_dict())
    (own,) = strict.policies or []

    assert strict.target_criteria[0].target_attributes == {"hostname": ["web5"]}
    assert own.connection_rules is not None
    assert own.connection_rules.ssh is not None
    assert own.connection_rules.ssh.usernames == ["deploy"]
    assert changed.target_criteria[0].port == 2222
    assert (changed.aud, ids(listed)) == (made.aud, {made.id})
    assert apps.delete(made.id, account_id=sdk.account).id == made.id
