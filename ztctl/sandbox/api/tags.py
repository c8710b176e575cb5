"""Access tags.

Source: paths and fields from the Cloudflare OpenAPI description, July 2026. Recorded: the length
limit of 35 and its wording, `resource_already_exists`. Unrecorded: that a tag in use is not
deleted (409) and not renamed (409), the codes of an unknown and of a duplicate tag. A guess, on the
strict side: a name with a dot is refused, because nobody has shown that the service takes one.
"""

from __future__ import annotations

from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal, conflict, invalid
from ztctl.sandbox.fields import Field, Shape, text
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import APPS
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/access/tags"
ONE = PATH + "/{tag_name}"
SIZES = Sizes(50)
SHAPE = Shape(invalid, (Field("name", text(35, empty=False), required=True),))
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found")


def _list(call: Call) -> Reply:
    return paged(call, call.store.all("tag"), SIZES, "tag", lambda tag: _shown(call, tag))


def _create(call: Call) -> Reply:
    name = _given_name(call)
    _refuse_duplicate(call, name)
    now = call.state.now()
    tag = {"name": name, "created_at": now, "updated_at": now}
    call.store.put("tag", name, tag)
    return Reply(_shown(call, tag), 201, "tag")


def _get(call: Call) -> Reply:
    return Reply(_shown(call, _found(call)), kind="tag")


def _rename(call: Call) -> Reply:
    old = _found(call)
    name = _given_name(call)
    if name != old["name"]:
        _refuse_duplicate(call, name)
        _refuse_in_use(call, old["name"])
        call.store.remove("tag", old["name"])
    tag = {**old, "name": name, "updated_at": call.state.now()}
    call.store.put("tag", name, tag)
    return Reply(_shown(call, tag), kind="tag")


def _delete(call: Call) -> Reply:
    name = _found(call)["name"]
    _refuse_in_use(call, name)
    call.store.remove("tag", name)
    return Reply({"name": name}, 202)


def _found(call: Call) -> Object:
    return found(call, "tag", "tag_name", UNKNOWN)


def _given_name(call: Call) -> str:
    name: str = call.fields(SHAPE)["name"]
    if "." in name:
        raise invalid("tag name contains invalid characters")
    return name


def _refuse_duplicate(call: Call, name: str) -> None:
    if call.store.get("tag", name) is not None:
        raise ApiError(409, 12132, "access.api.error.resource_already_exists: tag already exists")


def _refuse_in_use(call: Call, name: str) -> None:
    if call.store.tally("app", "tag", name):
        raise conflict("tag is used by an application")


def _shown(call: Call, tag: Object) -> Object:
    return {**tag, "app_count": call.store.tally("app", "tag", tag["name"])}


FAMILY = Family(
    (
        Route("GET", PATH, _list, APPS, PAGING),
        Route("POST", PATH, _create, APPS, write=True),
        Route("GET", ONE, _get, APPS),
        Route("PUT", ONE, _rename, APPS, write=True),
        Route("DELETE", ONE, _delete, APPS, write=True),
    )
)
