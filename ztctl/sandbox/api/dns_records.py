"""DNS records of a zone.

Source: Cloudflare OpenAPI description, July 2026: PUT overwrites, PATCH merges, `per_page` to
5,000,000. Recorded: 404/81044, 400/81053 for a CNAME same_name another address record of the name,
400/81058 for an identical record; the newest of one name and type comes first. Terraform provider's
tests: no `comment_modified_on` without a comment, and none for tags without tags. A guess: how a
record is refused that another product manages (`meta.read_only`, recorded).
Not emulated: import and export, scans, shadowed records. Propagation is simulated by the edge.
"""

from __future__ import annotations

from collections.abc import Callable

from ztctl.sandbox.api.dns_filters import FILTERS, by_type, listed
from ztctl.sandbox.api.dns_values import PROXIABLE, SHAPE, invalid_record, spelled_record
from ztctl.sandbox.api.lookups import cached, zone_of
from ztctl.sandbox.api.quotas import check_record_room
from ztctl.sandbox.call import READ_ONLY, Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import DNS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/zones/{zone_id}/dns_records"
ONE = PATH + "/{record_id}"
SIZES = Sizes(100, 1, 5_000_000, fewest=1)
IDENTICAL = Refusal(400, 81058, "An identical record already exists.")
TAKEN = Refusal(
    400,
    81053,
    "An A, AAAA, or CNAME record with that host already exists. For more details, refer to "
    "<https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/"
    "records-with-same-name/>.",
)
UNKNOWN = 81044
HIDDEN = "zone_id"

Write = Callable[[Call, Object, Object, str], Object]


def found_record(call: Call, zone: Object, record_id: object) -> Object:
    """A record of the zone by id; raises 404/81044."""
    record = call.store.get("dns_record", record_id) if isinstance(record_id, str) else None
    if record is None or record["zone_id"] != zone["id"]:
        raise ApiError(404, UNKNOWN, f"Record ID {str(record_id)[:64]} does not exist.")
    return record


def _own_record(call: Call, zone: Object, record_id: object) -> Object:
    record = found_record(call, zone, record_id)
    if record.get("meta", {}).get("read_only"):
        raise invalid_record("this record is managed by another product and can only be read")
    return record


def shown_record(record: Object) -> Object:
    """A record for a response."""
    return {name: record[name] for name in record if name != HIDDEN}


def created(call: Call, zone: Object, body: Object, where: str = "") -> Object:
    """Create a record (POST); raises ApiError 400. `where` prefixes ignored fields."""
    fields = spelled_record(call, zone, call.read(SHAPE, body, where), where)
    check_record_room(call, zone)
    now = call.state.instant()
    record = {"id": call.state.hex(32), "zone_id": zone["id"], **fields, "meta": {}}
    record.update(created_on=now, modified_on=now)
    return _stored(call, _stamped(record, {}, now))


def overwritten(call: Call, zone: Object, body: Object, where: str = "") -> Object:
    """Replace the record with the body's id (PUT); raises ApiError 400 or 404."""
    old = _own_record(call, zone, body.get("id"))
    fields = call.read(SHAPE, _without_id(body), where, old)
    return _changed(call, zone, old, fields, where)


def merged(call: Call, zone: Object, body: Object, where: str = "") -> Object:
    """Change the fields in the body of the record with its id (PATCH); raises likewise."""
    old = _own_record(call, zone, body.get("id"))
    given = _without_id(body)
    fields = {name: old[name] for name in old if name not in READ_ONLY}
    fields.update(call.merged(SHAPE, given, where, old))
    # Elsewhere null counts as not sent; a null comment deletes the comment.
    if "comment" in given and given["comment"] is None:
        fields["comment"] = None
    return _changed(call, zone, old, fields, where)


def removed(call: Call, zone: Object, body: Object, _where: str = "") -> Object:
    """Delete the record with the body's id and return it; raises ApiError 404."""
    record = _own_record(call, zone, body.get("id"))
    call.store.remove("dns_record", record["id"])
    return record


def _list(call: Call) -> Reply:
    records = cached(call, "dns_record", lambda: listed(call, zone_of(call)))
    return paged(call, records, SIZES, "dns_record", shown_record)


def _get(call: Call) -> Reply:
    record = found_record(call, zone_of(call), call.params["record_id"])
    return Reply(shown_record(record), kind="dns_record")


def _create(call: Call) -> Reply:
    return Reply(shown_record(created(call, zone_of(call), call.body())), kind="dns_record")


def _replace(call: Call) -> Reply:
    return _written(call, overwritten)


def _change(call: Call) -> Reply:
    return _written(call, merged)


def _written(call: Call, write: Write) -> Reply:
    zone = zone_of(call)
    found_record(call, zone, call.params["record_id"])
    body = {**call.body(), "id": call.params["record_id"]}
    return Reply(shown_record(write(call, zone, body, "")), kind="dns_record")


def _delete(call: Call) -> Reply:
    record = removed(call, zone_of(call), {"id": call.params["record_id"]})
    return Reply({"id": record["id"]})


def _without_id(body: Object) -> Object:
    return {name: body[name] for name in body if name != "id"}


def _changed(call: Call, zone: Object, old: Object, fields: Object, where: str) -> Object:
    now = call.state.instant()
    record = {
        "id": old["id"],
        "zone_id": zone["id"],
        **spelled_record(call, zone, fields, where),
        "meta": old.get("meta", {}),
        "created_on": old["created_on"],
        "modified_on": now,
    }
    return _stored(call, _stamped(record, old, now))


def _stamped(record: Object, old: Object, now: str) -> Object:
    for member, empty in (("comment", None), ("tags", [])):
        if record[member] == empty:
            continue
        before, stamp = old.get(member, empty), f"{member}_modified_on"
        changed = now if record[member] != before else old.get(stamp)
        if changed is not None:
            record[stamp] = changed
    return record


def _stored(call: Call, record: Object) -> Object:
    same_name = call.store.find("dns_record", "name", (record["zone_id"], record["name"]))
    for other in same_name:
        if other["id"] != record["id"]:
            _refuse_clash(record, other)
    call.store.put("dns_record", record["id"], record)
    return record


def _refuse_clash(record: Object, other: Object) -> None:
    if record["type"] == other["type"] and _same(record, other):
        raise ApiError(*IDENTICAL)
    both = (record["type"], other["type"])
    if "CNAME" in both and all(kind in PROXIABLE for kind in both):
        raise ApiError(*TAKEN)


def _same(record: Object, other: Object) -> bool:
    if record["type"] in PROXIABLE:
        return bool(record["content"].lower() == other["content"].lower())
    return bool(record["content"] == other["content"])


FAMILY = Family(
    (
        Route("GET", PATH, _list, DNS, (*PAGING, *FILTERS)),
        Route("POST", PATH, _create, DNS, write=True),
        Route("GET", ONE, _get, DNS),
        Route("PUT", ONE, _replace, DNS, write=True),
        Route("PATCH", ONE, _change, DNS, write=True),
        Route("DELETE", ONE, _delete, DNS, write=True),
    ),
    (
        Index("dns_record", "zone", lambda record: (record["zone_id"],), by_type),
        Index("dns_record", "name", lambda record: ((record["zone_id"], record["name"]),)),
    ),
)
