"""Certificates at the edge of a zone: its universal ones, and those that were ordered.

Source: official Python SDK and Cloudflare API reference, September 2026 (paths, members, pages,
`status=all`; permission "SSL and Certificates"). Guesses: every code; that Universal SSL is one
pack of the zone's name and one level below it, that a zone which is not active has none; that an
order is issued at once, where the service takes minutes and has the name validated.
Not emulated: what becomes of an order later; custom certificates; quotas and fees; TLS itself.
"""

from __future__ import annotations

from ztctl.sandbox.api.lookups import zone_of
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.fields import Field, Shape, choice, integer, listing, text
from ztctl.sandbox.ids import derived, uuid_of
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import CERTIFICATES
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/zones/{zone_id}/ssl/certificate_packs"
KIND = "certificate_pack"
SIZES = Sizes(20, 5, 50)
AUTHORITIES = ("google", "lets_encrypt", "ssl_com")


def _invalid(detail: str) -> ApiError:
    return ApiError(400, 1400, f"Invalid certificate order: {detail}")


SHAPE = Shape(
    _invalid,
    (
        Field("type", choice(("advanced",)), required=True),
        Field("hosts", listing(text(255), longest=50), required=True),
        Field("certificate_authority", choice(AUTHORITIES), required=True),
        Field("validation_method", choice(("txt", "http", "email")), required=True),
        Field("validity_days", integer(14, 365), required=True),
    ),
)


def _list(call: Call) -> Reply:
    zone = zone_of(call)
    ordered = call.store.find(KIND, "zone_id", zone["id"])
    every = call.query("status") == "all"
    packs = [*_universal(zone), *ordered]
    shown = [one for one in packs if every or one["status"] == "active"]
    return paged(call, shown, SIZES, KIND, _shown)


def _universal(zone: Object) -> list[Object]:
    if zone["status"] != "active":
        return []
    name = zone["name"]
    key = uuid_of(derived(f"universal certificate {name}")[:16])
    hosts = [name, f"*.{name}"]
    return [{"id": key, "type": "universal", "hosts": hosts, "status": "active"}]


def _order(call: Call) -> Reply:
    zone = zone_of(call)
    order = call.fields(SHAPE)
    outside = [one for one in order["hosts"] if not f".{one}".endswith(f".{zone['name']}")]
    if outside or zone["name"] not in order["hosts"]:
        raise _invalid("the hosts must be of the zone, and its own name among them")
    pack = {**order, "id": call.state.uuid(), "zone_id": zone["id"], "status": "active"}
    call.store.put(KIND, pack["id"], pack)
    return Reply(_shown(pack), kind=KIND)


def _shown(pack: Object) -> Object:
    certificate = {"id": pack["id"], "hosts": pack["hosts"], "status": pack["status"]}
    told = {name: value for name, value in pack.items() if name != "zone_id"}
    return {**told, "certificates": [certificate], "primary_certificate": pack["id"]}


FAMILY = Family(
    (
        Route("GET", PATH, _list, CERTIFICATES, (*PAGING, "status")),
        Route("POST", PATH + "/order", _order, CERTIFICATES, write=True),
    ),
    (Index(KIND, "zone_id", lambda one: (one["zone_id"],)),),
)
