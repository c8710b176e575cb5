"""Infrastructure targets: the hosts that infrastructure applications refer to by host name.

Source: Cloudflare OpenAPI description, July 2026: paths, statuses, filters; PUT on `batch` adds,
POST on `batch_delete` and the deprecated DELETE on `batch` take `{target_ids}`; deletions answer
200 without content (an envelope without a result here). Product documentation: host names
may repeat, an address in a network may not; a target that an application matches can be deleted.
Unrecorded: every code; that a batch is atomic and refuses an unknown id.
Not emulated: whether a route leads to the address is not checked.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.lookups import cached, found
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.api.target_fields import places, written_target, wrong
from ztctl.sandbox.api.target_filters import FILTERS, listed
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, Shape, listing, uuid
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import TARGETS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/infrastructure/targets"
ONE = PATH + "/{target_id}"
SIZES = Sizes(1000, total=False)
UNKNOWN = Refusal(404, 1002, "target not found")
TAKEN = Refusal(409, 1003, "a target with this IP address and virtual network already exists")
DELETION = Shape(wrong, (Field("target_ids", listing(uuid), required=True),))


def _list(call: Call) -> Reply:
    return paged(call, cached(call, "target", lambda: listed(call)), SIZES, "target", dict)


def _create(call: Call) -> Reply:
    return Reply(_created(call, call.body()), kind="target")


def _create_many(call: Call) -> Reply:
    made = [_at(place, call, one) for place, one in enumerate(call.array())]
    return Reply(made, kind="target")


def _get(call: Call) -> Reply:
    return Reply(_found(call), kind="target")


def _replace(call: Call) -> Reply:
    old = _found(call)
    kept = {name: old[name] for name in ("id", "created_at")}
    fields = written_target(call, call.body())
    target = {**kept, **fields, "modified_at": call.state.now()}
    return Reply(_stored(call, target), kind="target")


def _delete(call: Call) -> Reply:
    call.store.remove("target", _found(call)["id"])
    return Reply(None)


def _delete_many(call: Call) -> Reply:
    for key in dict.fromkeys(call.fields(DELETION)["target_ids"]):
        if call.store.get("target", key) is None:
            raise ApiError(*UNKNOWN)
        call.store.remove("target", key)
    return Reply(None)


def _found(call: Call) -> Object:
    return found(call, "target", "target_id", UNKNOWN)


def _created(call: Call, body: Any, where: str = "") -> Object:
    fields, now = written_target(call, body, where), call.state.now()
    check_room(call, "target")
    target = {"id": call.state.uuid(), **fields, "created_at": now, "modified_at": now}
    return _stored(call, target)


def _at(place: int, call: Call, body: Any) -> Object:
    try:
        return _created(call, body, f"[{place}].")
    except ApiError as refusal:
        raise refusal.at(f"/{place}") from refusal


def _stored(call: Call, target: Object) -> Object:
    for place in places(target):
        if any(one["id"] != target["id"] for one in call.store.find("target", "place", place)):
            raise ApiError(*TAKEN)
    call.store.put("target", target["id"], target)
    return target


FAMILY = Family(
    (
        Route("GET", PATH, _list, TARGETS, (*PAGING, *FILTERS)),
        Route("POST", PATH, _create, TARGETS, write=True),
        Route("PUT", PATH + "/batch", _create_many, TARGETS, write=True),
        Route("DELETE", PATH + "/batch", _delete_many, TARGETS, write=True),
        Route("POST", PATH + "/batch_delete", _delete_many, TARGETS, write=True),
        Route("GET", ONE, _get, TARGETS),
        Route("PUT", ONE, _replace, TARGETS, write=True),
        Route("DELETE", ONE, _delete, TARGETS, write=True),
    ),
    (
        Index("target", "hostname", lambda target: (target["hostname"].lower(),)),
        Index("target", "place", places),
        Index("target", "virtual_network", lambda one: {network for _, network in places(one)}),
    ),
)
