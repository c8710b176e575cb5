"""Simulated connectors of a tunnel: nothing runs, but the account says that something does.

Source: Cloudflare OpenAPI description, July 2026 (fields of a connector and its connections).
"""

from __future__ import annotations

from ztctl.sandbox.messages import Object
from ztctl.sandbox.state import State

COLOS = ("lis01", "mad01", "lhr01", "cdg01")


def connected(state: State, tunnel_id: str) -> None:
    """Give a tunnel one more connector with four connections; raises KeyError if unknown.

    The connector runs the configuration version of this moment.
    """
    tunnel = state.store.get("tunnel", tunnel_id)
    if tunnel is None or tunnel["deleted_at"] is not None:
        raise KeyError(tunnel_id)
    connector = _connector(state, tunnel_id)
    now = {**tunnel, "conns_active_at": connector["run_at"], "conns_inactive_at": None}
    connectors = [*tunnel["connectors"], connector]
    state.store.put("tunnel", tunnel_id, {**now, "connectors": connectors})


def _connector(state: State, tunnel_id: str) -> Object:
    key, now = state.uuid(), state.instant()
    configuration = state.store.get("tunnel_configuration", tunnel_id)
    return {
        "id": key,
        "arch": "linux_amd64",
        "version": "2026.7.0",
        "features": ["allow_remote_config", "ha-origin"],
        "run_at": now,
        "config_version": configuration["version"] if configuration else 0,
        "conns": [_connection(state, key, colo, now) for colo in COLOS],
    }


def _connection(state: State, connector: str, colo: str, now: str) -> Object:
    key = state.uuid()
    return {
        "id": key,
        "uuid": key,
        "client_id": connector,
        "client_version": "2026.7.0",
        "colo_name": colo,
        "is_pending_reconnect": False,
        "opened_at": now,
        "origin_ip": "192.0.2.1",
    }
