"""Simulated connectors of a tunnel: entries in the account's state, without a process.

Source: Cloudflare OpenAPI description, July 2026 (fields of a connector and its connections; a
running cloudflared fetches a new configuration by itself, and reports the one that it runs in
`config_version`). Recorded: `ha_status` null; no `config_version` while that of the tunnel is 0. A
sample of 2022 has it; whether a connector still reports it for later versions is unrecorded.
ssh-workflow 1.5 (cloudflared 2026.8.2): the connector of a local tunnel runs its own file.
"""

from __future__ import annotations

from ztctl.sandbox.messages import Object
from ztctl.sandbox.state import State

COLOS = ("lis01", "mad01", "lhr01", "cdg01")


def connected(state: State, tunnel_id: str, file: Object | None = None) -> str:
    """Add a connector with four connections to a tunnel and return its id.

    `file` is the configuration on the connector's server, as an object of the API; it counts if the
    tunnel is managed locally. Raises KeyError for an unknown or deleted tunnel. Needs a session of
    the store.
    """
    tunnel, connector = _undeleted(state, tunnel_id), _connector(state)
    if file is not None:
        connector = {**connector, "file": file}
    now = {**tunnel, "conns_active_at": connector["run_at"], "conns_inactive_at": None}
    connectors = [*tunnel["connectors"], connector]
    state.store.put("tunnel", tunnel_id, {**now, "connectors": connectors})
    return str(connector["id"])


def disconnected(state: State, tunnel_id: str, connector: str | None = None) -> None:
    """Remove a connector of a tunnel, or all; an unknown connector is no error.

    Raises KeyError for an unknown or deleted tunnel. Needs a session of the store.
    """
    tunnel = _undeleted(state, tunnel_id)
    remaining = [one for one in tunnel["connectors"] if connector not in (None, one["id"])]
    ended = tunnel["conns_inactive_at"]
    if tunnel["connectors"] and not remaining:
        ended = state.instant()
    now = {**tunnel, "connectors": remaining, "conns_inactive_at": ended}
    state.store.put("tunnel", tunnel_id, now)


def shown_connectors(state: State, tunnel: Object) -> list[Object]:
    """The connectors of a stored tunnel with the configuration version that has reached them."""
    if not tunnel["connectors"]:
        return []
    state.replica.catch_up()
    reached = state.replica.get("tunnel_configuration", tunnel["id"])
    version = reached["version"] if reached else 0
    reports = {"config_version": version} if version else {}
    shown = ({name: one[name] for name in one if name != "file"} for one in tunnel["connectors"])
    return [{**connector, "ha_status": None, **reports} for connector in shown]


def _undeleted(state: State, tunnel_id: str) -> Object:
    tunnel = state.store.get("tunnel", tunnel_id)
    if tunnel is None or tunnel["deleted_at"] is not None:
        raise KeyError(tunnel_id)
    return tunnel


def _connector(state: State) -> Object:
    key, now = state.uuid(), state.instant()
    return {
        "id": key,
        "arch": "linux_amd64",
        "version": "2026.7.0",
        "features": ["allow_remote_config", "ha-origin"],
        "run_at": now,
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
