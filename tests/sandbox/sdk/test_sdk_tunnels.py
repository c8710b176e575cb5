"""Tunnels, their tokens, connections and configurations, by the official SDK."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cloudflare import BadRequestError, ConflictError, NotFoundError

from .harness import Sdk, drives, ids

TUNNELS = "{A}/cfd_tunnel"
ONE = f"{TUNNELS}/{{}}"
CATCH_ALL: Any = {"hostname": "", "service": "http_status:404"}


@drives(f"POST {TUNNELS}", f"GET {ONE}", f"PATCH {ONE}", f"DELETE {ONE}", f"GET {ONE}/token")
def test_life_of_a_tunnel(sdk: Sdk) -> None:
    """A tunnel is created, read, renamed and deleted; its token holds its own secret."""
    tunnels = sdk.client.zero_trust.tunnels.cloudflared
    secret = base64.b64encode(bytes(range(32))).decode()
    made = tunnels.create(
        account_id=sdk.account, name="pool", config_src="local", tunnel_secret=secret
    )
    key = str(made.id)
    token = tunnels.token.get(key, account_id=sdk.account)
    renamed = tunnels.edit(key, account_id=sdk.account, name="other")
    gone = tunnels.delete(key, account_id=sdk.account)
    read = tunnels.get(key, account_id=sdk.account)

    parts = json.loads(base64.b64decode(token))
    assert (parts["a"], parts["t"], parts["s"]) == (sdk.account, made.id, secret)
    assert (renamed.name, made.status, made.tun_type) == ("other", "inactive", "cfd_tunnel")
    assert gone.deleted_at is not None
    assert read.deleted_at == gone.deleted_at


@drives(f"GET {TUNNELS}", "GET {A}/tunnels")
def test_pages_of_tunnels(sdk: Sdk) -> None:
    """The SDK walks over all pages of tunnels, by both lists, and filters them."""
    tunnels, account = sdk.client.zero_trust.tunnels, sdk.account
    made = [sdk.tunnel(f"pool-{number}") for number in range(7)]
    tunnels.cloudflared.delete(made[0].id, account_id=account)
    living = {one.id for one in made[1:]}

    listed = tunnels.cloudflared.list(account_id=account, is_deleted=False, per_page=2)
    assert ids(listed) == living
    assert ids(tunnels.list(account_id=account, is_deleted=False, per_page=2)) == living
    assert ids(tunnels.cloudflared.list(account_id=account)) == ids(made)
    assert ids(tunnels.cloudflared.list(account_id=account, name="pool-3")) == {made[3].id}
    assert ids(tunnels.cloudflared.list(account_id=account, uuid=made[4].id)) == {made[4].id}
    assert (
        ids(
            tunnels.cloudflared.list(
                account_id=account, include_prefix="pool", exclude_prefix="pool-", status="inactive"
            )
        )
        == set()
    )


@drives(f"GET {ONE}/connections", f"DELETE {ONE}/connections")
def test_connections(sdk: Sdk) -> None:
    """Running connectors are listed with their connections, and dropped one by one or all."""
    connections = sdk.client.zero_trust.tunnels.cloudflared.connections
    tunnel = sdk.tunnel()
    for _ in range(2):
        sdk.sandbox.connect(tunnel.id)
    first, second = connections.get(tunnel.id, account_id=sdk.account)
    connections.delete(tunnel.id, account_id=sdk.account, client_id=str(first.id))
    left = ids(connections.get(tunnel.id, account_id=sdk.account))
    connections.delete(tunnel.id, account_id=sdk.account)

    assert len(first.conns or []) == 4
    assert left == {second.id}
    assert list(connections.get(tunnel.id, account_id=sdk.account)) == []


@drives(f"GET {ONE}/configurations", f"PUT {ONE}/configurations")
def test_configuration(sdk: Sdk) -> None:
    """A configuration is written and read; each write raises its version."""
    configurations, tunnel = sdk.client.zero_trust.tunnels.cloudflared.configurations, sdk.tunnel()
    origin: Any = {
        "access": {"required": True, "team_name": "acme", "aud_tag": ["0" * 64]},
        "connect_timeout": 10,
        "no_tls_verify": True,
        "http_host_header": "internal.example.com",
    }
    ingress: Any = [
        {
            "hostname": "web.example.com",
            "path": "^/x",
            "service": "https://127.0.0.1:8443",
            "origin_request": origin,
        },
        {"hostname": "ssh.example.com", "service": "ssh://localhost:22"},
        CATCH_ALL,
    ]
    configurations.update(tunnel.id, account_id=sdk.account, config={"ingress": ingress})
    second = configurations.update(
        tunnel.id,
        account_id=sdk.account,
        config={"ingress": ingress, "origin_request": {"connect_timeout": 20}},
    )
    read = configurations.get(tunnel.id, account_id=sdk.account)

    assert second is not None
    assert read is not None
    assert (second.version, read.version, read.source) == (2, 2, "cloudflare")
    assert read.config is not None
    assert read.config.ingress is not None
    first_origin = read.config.ingress[0].origin_request
    assert first_origin is not None
    assert first_origin.access is not None
    assert first_origin.access.aud_tag == ["0" * 64]
    assert (first_origin.connect_timeout, first_origin.no_tls_verify) == (10, True)
    assert [rule.service for rule in read.config.ingress][1:] == [
        "ssh://localhost:22",
        "http_status:404",
    ]


def test_refused_tunnels(sdk: Sdk) -> None:
    """A taken name is a conflict, a running tunnel not deleted, an unknown one not found."""
    tunnels, tunnel = sdk.client.zero_trust.tunnels.cloudflared, sdk.tunnel()
    sdk.sandbox.connect(tunnel.id)

    with pytest.raises(ConflictError) as taken:
        sdk.tunnel()
    with pytest.raises(BadRequestError) as running:
        tunnels.delete(tunnel.id, account_id=sdk.account)
    with pytest.raises(NotFoundError) as unknown:
        tunnels.get(sdk.policy().id, account_id=sdk.account)
    with pytest.raises(BadRequestError):
        tunnels.configurations.update(tunnel.id, account_id=sdk.account, config={"ingress": []})
    codes = [one.value.errors[0].code for one in (taken, running, unknown)]
    assert codes == [1013, 1022, 1002]
