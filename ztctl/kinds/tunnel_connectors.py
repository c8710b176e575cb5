"""What runs for a tunnel, and a new secret for it.

Sources: Cloudflare OpenAPI description, July 2026 (fields of a connector; PATCH merges; a new
secret keeps running connections, until they are ended); a recorded connector (no ``config_version``
while that of the tunnel is 0). A guess: the token endpoint answers with the new secret at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ztctl.core.model.calls import Call, Flow
from ztctl.core.model.connectors import Connector, TunnelStatus
from ztctl.core.model.objects import Live
from ztctl.core.model.values import Secret
from ztctl.kinds.common import TUNNEL, objects, segment, text_of
from ztctl.kinds.tunnel import PATH, configuration


def status_of(tunnels: Iterable[Live]) -> Flow[tuple[TunnelStatus, ...]]:
    """Ask for connectors and configuration of each tunnel, all at once."""
    asked = tuple(tunnels)
    remote = [it for it in asked if it.values.get("config") == "cloudflare"]
    replies = yield (
        *(connections(it.id) for it in asked),
        *(configuration({"id": it.id}) for it in remote),
    )
    versions = {
        it.id: _number(reply, "version")
        for it, reply in zip(remote, replies[len(asked) :], strict=True)
    }
    return tuple(
        TunnelStatus(it.name, it.id, versions.get(it.id), connectors_in(reply))
        for it, reply in zip(asked, replies, strict=False)
    )


def connectors_of(tunnel: str) -> Flow[tuple[Connector, ...]]:
    """Ask for the connectors of one tunnel, by its id."""
    return connectors_in((yield connections(tunnel)))


def connectors_in(reply: Any) -> tuple[Connector, ...]:
    """The connectors of a reply."""
    return tuple(_connector(raw) for raw in objects(reply))


def renewed(tunnel: str, secret: Secret) -> Flow[None]:
    """Give a tunnel a new secret: its old token opens no new connection from now on."""
    body = {"tunnel_secret": secret}
    yield Call("PATCH", f"{PATH}/{segment(tunnel)}", body, permission=TUNNEL)


def dropped(tunnel: str, connectors: Iterable[Connector]) -> Flow[None]:
    """End the connections of these connectors, and of no others."""
    path = f"{PATH}/{segment(tunnel)}/connections"
    yield tuple(
        Call("DELETE", path, query=(("client_id", it.id),), permission=TUNNEL) for it in connectors
    )


def connections(tunnel: str) -> Call:
    """Make the call that lists the connectors of a tunnel, by its id."""
    return Call("GET", f"{PATH}/{segment(tunnel)}/connections", permission=TUNNEL)


def _connector(raw: Mapping[str, Any]) -> Connector:
    found = raw.get("conns")
    conns = [it for it in found if isinstance(it, Mapping)] if isinstance(found, list) else []
    return Connector(
        text_of(raw, "id"),
        text_of(raw, "version"),
        text_of(raw, "arch"),
        text_of(raw, "run_at"),
        _number(raw, "config_version"),
        tuple(
            text_of(it, "colo_name") for it in conns if it.get("is_pending_reconnect") is not True
        ),
        next((text_of(it, "origin_ip") for it in conns), ""),
    )


def _number(raw: Any, name: str) -> int | None:
    value = raw.get(name) if isinstance(raw, Mapping) else None
    return value if type(value) is int else None
