"""The official Python SDK against the port; skipped where that package is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

cloudflare: Any = pytest.importorskip("cloudflare")

RULE = {"email_domain": {"domain": "example.com"}}


@pytest.fixture(params=[False, True], ids=["plain", "awkward"])
def sdk(request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """An SDK client and the account's id, for both spellings."""
    sandbox = Sandbox.create(awkward=request.param)
    with (
        served(sandbox) as url,
        cloudflare.Cloudflare(
            api_token="token", base_url=url, max_retries=0, _strict_response_validation=True
        ) as client,
    ):
        yield client, sandbox.account_id
    assert (sandbox.ignored, sandbox.missed) == ([], [])


def test_sdk_builds_an_application(sdk: tuple[Any, str]) -> None:
    """Tag, group, policy, application and CA are created, listed and deleted by the SDK."""
    client, account = sdk
    access = client.zero_trust.access
    access.tags.create(account_id=account, name="ztctl")
    group = access.groups.create(account_id=account, name="ops", include=[RULE])
    policy = access.policies.create(
        account_id=account, name="p", decision="allow", include=[{"group": {"id": group.id}}]
    )
    app = access.applications.create(
        account_id=account,
        type="ssh",
        name="web",
        domain="web.example.com",
        policies=[{"id": policy.id, "precedence": 1}],
        tags=["ztctl"],
    )
    authority = access.applications.cas.create(app.id, account_id=account)

    (listed,) = access.applications.list(account_id=account)
    assert (listed.domain, listed.policies[0].id) == ("web.example.com", policy.id)
    assert [one.aud for one in access.applications.cas.list(account_id=account)] == [app.aud]
    assert authority.public_key.startswith("ecdsa-sha2-nistp256 ")
    access.applications.delete(app.id, account_id=account)
    access.policies.delete(policy.id, account_id=account)
    access.groups.delete(group.id, account_id=account)
    access.tags.delete("ztctl", account_id=account)


def test_sdk_builds_a_tunnel(sdk: tuple[Any, str]) -> None:
    """Tunnel, configuration and records are created, listed and deleted by the SDK."""
    client, account = sdk
    tunnels = client.zero_trust.tunnels.cloudflared
    (zone,) = client.zones.list(name="example.com")
    tunnel = tunnels.create(account_id=account, name="pool", config_src="cloudflare")
    ingress = [
        {"hostname": "web.example.com", "service": "ssh://localhost:22"},
        {"hostname": "", "service": "http_status:404"},
    ]
    tunnels.configurations.update(tunnel.id, account_id=account, config={"ingress": ingress})
    record = client.dns.records.create(
        zone_id=zone.id,
        type="CNAME",
        name="web",
        content=f"{tunnel.id}.cfargotunnel.com",
        proxied=True,
        ttl=1,
    )

    read = tunnels.configurations.get(tunnel.id, account_id=account)
    assert (read.version, read.config.ingress[0].hostname) == (1, "web.example.com")
    assert tunnels.token.get(tunnel.id, account_id=account)
    ours = client.dns.records.list(zone_id=zone.id, content={"endswith": ".cfargotunnel.com"})
    assert [one.name for one in ours] == ["web.example.com"]
    client.dns.records.delete(record.id, zone_id=zone.id)
    tunnels.delete(tunnel.id, account_id=account)


def test_sdk_reports_a_refusal(sdk: tuple[Any, str]) -> None:
    """A refusal reaches the SDK's caller as its own exception, with the code."""
    client, account = sdk
    client.zero_trust.tunnels.cloudflared.create(account_id=account, name="pool")

    with pytest.raises(cloudflare.ConflictError) as refused:
        client.zero_trust.tunnels.cloudflared.create(account_id=account, name="pool")
    assert refused.value.errors[0].code == 1013
