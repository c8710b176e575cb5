"""Configurations of remotely managed tunnels.

Source: Cloudflare OpenAPI description, July 2026: PUT replaces the whole document. Recorded: the
version rises by one with each PUT, changed or not; 404/1055. Terraform provider: PUT is accepted
for a tunnel with a local configuration. Unrecorded: that a fresh tunnel answers 404 rather than
an empty configuration.
"""

from __future__ import annotations

from ztctl.sandbox.api.ingress import bad_configuration, checked_configuration
from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.api.tunnels import ONE, found_tunnel
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal
from ztctl.sandbox.fields import Field, Shape, anything
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import TUNNELS
from ztctl.sandbox.routing import Family, Route

PATH = ONE + "/configurations"
UNKNOWN = Refusal(404, 1055, "Configuration not found")
SHAPE = Shape(bad_configuration, (Field("config", anything, required=True),))


def _get(call: Call) -> Reply:
    found_tunnel(call)
    stored = found(call, "tunnel_configuration", "tunnel_id", UNKNOWN)
    return Reply(stored, kind="tunnel_configuration")


def _replace(call: Call) -> Reply:
    tunnel = found_tunnel(call)
    config = checked_configuration(call, call.fields(SHAPE)["config"])
    old = call.store.get("tunnel_configuration", tunnel["id"])
    stored: Object = {
        "tunnel_id": tunnel["id"],
        "account_id": tunnel["account_tag"],
        "version": old["version"] + 1 if old else 1,
        "config": config,
        "source": "cloudflare",
        "created_at": call.state.instant(),
    }
    call.store.put("tunnel_configuration", tunnel["id"], stored)
    return Reply(stored, kind="tunnel_configuration")


FAMILY = Family(
    (
        Route("GET", PATH, _get, TUNNELS),
        Route("PUT", PATH, _replace, TUNNELS, write=True),
    )
)
