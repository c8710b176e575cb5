"""Access groups.

Source: paths and fields from the Cloudflare OpenAPI description, July 2026; `is_default` is
accepted and not shown (Terraform provider). Unrecorded: that names may repeat, that cycles are
refused, that a group in use is not deleted (409), that `name` filters exactly; whether a PUT keeps
what it leaves out is a setting (`keeps_omitted`).
Not emulated: the rule form of `is_default`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ztctl.sandbox.api.delays import made
from ztctl.sandbox.api.lookups import cached, found
from ztctl.sandbox.api.quotas import check_length, check_room
from ztctl.sandbox.api.rules import (
    checked_rules,
    reference_index,
    references,
    refuse_if_referred,
    rule_elements,
)
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal, invalid
from ztctl.sandbox.fields import Field, Shape, anything, flag, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import ORGANISATION
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/access/groups"
ONE = PATH + "/{group_id}"
SIZES = Sizes(1000)
UNKNOWN = Refusal(404, 12152, "access.api.error.not_found")
SHAPE = Shape(
    invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("include", anything, required=True),
        Field("exclude", anything),
        Field("require", anything),
        Field("is_default", flag),
    ),
)


def _list(call: Call) -> Reply:
    return paged(call, cached(call, "access_group", lambda: _listed(call)), SIZES, "group", _shown)


def _listed(call: Call) -> Sequence[Object]:
    name, search = call.query("name"), (call.query("search") or "").lower()
    store = call.store
    groups = store.all("access_group") if name is None else store.find("access_group", "name", name)
    return [one for one in groups if search in one["name"].lower()] if search else groups


def _create(call: Call) -> Reply:
    check_room(call, "access_group")
    now = call.state.now()
    group = {"id": call.state.uuid(), **_written(call, {}), "created_at": now, "updated_at": now}
    call.store.put("access_group", group["id"], group)
    made(call, "access_group", group["id"])
    return Reply(_shown(group), 201, "group")


def _get(call: Call) -> Reply:
    return Reply(_shown(_found(call)), kind="group")


def _replace(call: Call) -> Reply:
    old = _found(call)
    kept = {name: old[name] for name in ("id", "created_at")}
    group = {**kept, **_written(call, old), "updated_at": call.state.now()}
    call.store.put("access_group", group["id"], group)
    _refuse_cycle(call, group)
    return Reply(_shown(group), kind="group")


def _delete(call: Call) -> Reply:
    group = _found(call)
    refuse_if_referred(call.store, "access_group", group["id"])
    call.store.remove("access_group", group["id"])
    return Reply({"id": group["id"]}, 202)


def _shown(group: Object) -> Object:
    return {**group, "uid": group["id"]}


def _found(call: Call) -> Object:
    return found(call, "access_group", "group_id", UNKNOWN)


def _written(call: Call, old: Object) -> Object:
    body = call.read(SHAPE, call.kept(SHAPE, call.body(), old), known=old)
    rules = checked_rules(call, body)
    check_length(call.state, "rules of a group", rule_elements(rules))
    body.pop("is_default", None)
    return {**body, **rules}


def _refuse_cycle(call: Call, group: Object) -> None:
    seen, ahead = set[str](), [group]
    while ahead:
        for kind, key in references(ahead.pop()):
            if key == group["id"]:
                raise invalid("a group cannot contain itself")
            if kind == "access_group" and key not in seen:
                seen.add(key)
                ahead.extend(filter(None, [call.store.get(kind, key)]))


FAMILY = Family(
    (
        Route("GET", PATH, _list, ORGANISATION, (*PAGING, "name", "search")),
        Route("POST", PATH, _create, ORGANISATION, write=True),
        Route("GET", ONE, _get, ORGANISATION),
        Route("PUT", ONE, _replace, ORGANISATION, write=True),
        Route("DELETE", ONE, _delete, ORGANISATION, write=True),
    ),
    (
        reference_index("access_group"),
        Index("access_group", "name", lambda group: (group["name"],)),
    ),
)
