"""Configurations of remotely managed tunnels.

Source: Cloudflare OpenAPI description, July 2026: PUT replaces the whole document. Recorded: a
remotely managed tunnel that was never configured has version 0 and no configuration, 404/1055 for a
deleted tunnel; a PUT that changes something raises the version by one, and `warp-routing` is added.
Told by other clients: 404/1055 for a tunnel that is managed locally; a PUT of the same document
leaves the version alone (`counts_identical` for a service that does not). Terraform provider: PUT
is accepted for a tunnel with a local configuration.
"""

from __future__ import annotations

from ztctl.sandbox.api.ingress import bad_configuration, checked_configuration
from ztctl.sandbox.api.tunnels import ONE, found_tunnel
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, Shape, anything
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import TUNNELS
from ztctl.sandbox.routing import Family, Route

PATH = ONE + "/configurations"
UNKNOWN = Refusal(404, 1055, "Configuration for tunnel not found")
NO_WARP: Object = {"warp-routing": {"enabled": False}}
SHAPE = Shape(bad_configuration, (Field("config", anything, required=True),))


def _get(call: Call) -> Reply:
    tunnel = found_tunnel(call, undeleted=False)
    stored = call.store.get("tunnel_configuration", tunnel["id"])
    if tunnel["deleted_at"] is not None or (stored is None and not tunnel["remote_config"]):
        raise ApiError(*UNKNOWN)
    return Reply(stored or _document(tunnel, 0, None), kind="tunnel_configuration")


def _replace(call: Call) -> Reply:
    tunnel = found_tunnel(call)
    config = {**NO_WARP, **checked_configuration(call, call.fields(SHAPE)["config"])}
    old = call.store.get("tunnel_configuration", tunnel["id"]) or _document(tunnel, 0, None)
    if config == old["config"] and not call.state.settings.counts_identical:
        return Reply(old, kind="tunnel_configuration")
    created = {**tunnel, "created_at": call.state.instant()}
    stored = _document(created, old["version"] + 1, config)
    call.store.put("tunnel_configuration", tunnel["id"], stored)
    return Reply(stored, kind="tunnel_configuration")


def _document(tunnel: Object, version: int, config: Object | None) -> Object:
    """One version of a configuration; the tunnel tells since when."""
    return {
        "tunnel_id": tunnel["id"],
        "version": version,
        "config": config,
        "source": "cloudflare",
        "created_at": tunnel["created_at"],
    }


FAMILY = Family(
    (
        Route("GET", PATH, _get, TUNNELS),
        Route("PUT", PATH, _replace, TUNNELS, write=True),
    )
)
