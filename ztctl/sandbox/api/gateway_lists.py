"""Zero Trust lists, of e-mail addresses and of IP addresses among others.

Source: official Python SDK 5.9.0 and Cloudflare API reference (paths, fields, types, a list without
pages, the filter `type`; that a list's answer counts its items and the one to a creation does not).
Unrecorded: every code; that a name is needed, that items are shown by all answers, that the type
cannot be changed, that values are kept as sent.
Not emulated: adding and removing single items (`PATCH`, `…/items`), searching and sorting; what a
rule makes of a list (a visitor `holds` it), so that one that a rule names can be deleted.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import Field, Shape, choice, listing, mapping, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import ZERO_TRUST
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/gateway/lists"
ONE = PATH + "/{list_id}"
UNKNOWN = Refusal(404, 2075, "list not found")
TYPES = (
    *("SERIAL", "URL", "DOMAIN", "EMAIL", "IP", "CATEGORY", "LOCATION", "DEVICE"),
    "AAGUID",
)


def _invalid(detail: str) -> ApiError:
    return ApiError(400, 2009, f"invalid list: {detail}")


_ITEMS = listing(mapping({"value": text(empty=False), "description": text()}))
NEW = Shape(
    _invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("type", choice(TYPES), required=True),
        Field("description", text(), ""),
        Field("items", _ITEMS, []),
    ),
)
CHANGE = Shape(
    _invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("description", text(), ""),
        Field("items", _ITEMS),
    ),
)


def _list(call: Call) -> Reply:
    wanted = call.query("type")
    lists = call.store.all("gateway_list")
    return Reply([_shown(one) for one in lists if wanted in (None, one["type"])])


def _create(call: Call) -> Reply:
    now, fields = call.state.now(), call.fields(NEW)
    made = {"id": call.state.uuid(), **fields, "created_at": now, "updated_at": now}
    call.store.put("gateway_list", made["id"], made)
    return Reply(made)


def _get(call: Call) -> Reply:
    return Reply(_shown(_found(call)))


def _replace(call: Call) -> Reply:
    changed = {**_found(call), **call.fields(CHANGE), "updated_at": call.state.now()}
    call.store.put("gateway_list", changed["id"], changed)
    return Reply(_shown(changed))


def _delete(call: Call) -> Reply:
    call.store.remove("gateway_list", _found(call)["id"])
    return Reply({})


def _found(call: Call) -> Object:
    return found(call, "gateway_list", "list_id", UNKNOWN)


def _shown(one: Object) -> dict[str, Any]:
    return {**one, "count": len(one["items"])}


FAMILY = Family(
    (
        Route("GET", PATH, _list, ZERO_TRUST, ("type",)),
        Route("POST", PATH, _create, ZERO_TRUST, write=True),
        Route("GET", ONE, _get, ZERO_TRUST),
        Route("PUT", ONE, _replace, ZERO_TRUST, write=True),
        Route("DELETE", ONE, _delete, ZERO_TRUST, write=True),
    ),
)
