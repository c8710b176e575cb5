"""The endpoint of `cloudflared tunnel route dns`: creates a CNAME to a tunnel.

Source: cloudflared's API client (path, body, `new`, `updated`, `unchanged`; 400/1003 when another
address record has the name). It is not in a public API description. Unrecorded: that the record is
proxied, that "DNS" is the permission, every other code.
Not emulated: load balancers; `overwrite_existing` deletes every address record of the name.
"""

from __future__ import annotations

from ztctl.sandbox.api.dns_records import created, removed
from ztctl.sandbox.api.dns_values import PROXIABLE, full_name, invalid_record
from ztctl.sandbox.api.lookups import zone_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, Shape, choice, flag, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import DNS
from ztctl.sandbox.routing import Family, Route

PATH = "/zones/{zone_id}/tunnels/{tunnel_id}/routes"
UNKNOWN = Refusal(404, 1002, "Tunnel not found")
TAKEN = Refusal(400, 1003, "An A, AAAA or CNAME record with that host already exists.")
SHAPE = Shape(
    invalid_record,
    (
        Field("type", choice(("dns",)), required=True),
        Field("user_hostname", text(255, empty=False), required=True),
        Field("overwrite_existing", flag, False),
    ),
)


def _lead(call: Call) -> Reply:
    zone, tunnel_id = zone_of(call), call.params["tunnel_id"]
    tunnel = call.store.get("tunnel", tunnel_id)
    if tunnel is None or tunnel["deleted_at"] is not None:
        raise ApiError(*UNKNOWN)
    body = call.fields(SHAPE)
    name, target = full_name(zone, body["user_hostname"]), f"{tunnel_id}.cfargotunnel.com"
    there = _addresses(call, zone, name)
    if [one["content"].lower() for one in there] == [target]:
        return _reply("unchanged", name)
    if there and not body["overwrite_existing"]:
        raise ApiError(*TAKEN)
    for one in there:
        removed(call, zone, one)
    created(call, zone, {"type": "CNAME", "name": name, "content": target, "proxied": True})
    return _reply("updated" if there else "new", name)


def _addresses(call: Call, zone: Object, name: str) -> list[Object]:
    records = call.store.find("dns_record", "name", (zone["id"], name))
    return [one for one in records if one["type"] in PROXIABLE]


def _reply(change: str, name: str) -> Reply:
    return Reply({"cname": change, "name": name})


FAMILY = Family((Route("PUT", PATH, _lead, DNS, write=True),))
