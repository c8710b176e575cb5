"""Access applications of every type.

Source: paths, status codes and fields from the Cloudflare OpenAPI description, July 2026: PUT
replaces the whole object but keeps the policies when none are sent. Terraform provider: tags come
back sorted. Recorded: 404/11021, 400/12045 for a malformed id, 409/11010, 400/12130. Unrecorded:
that the application's inline policies and its CA are deleted with it, that `type` cannot be
changed, that an application is not deleted while a rule links its token, that infrastructure
applications and tiles have no settings. Whether a PUT keeps what it leaves out is a setting
(`keeps_omitted`): public reports tell both.
Not emulated: that rdp has targets, and that a portal or server of MCP exists.
"""

from __future__ import annotations

from ztctl.sandbox.api.app_destinations import MIRRORED, placed, public_uris, virtual_networks_of
from ztctl.sandbox.api.app_fields import (
    SETTINGS,
    SHAPE,
    TILES,
    check_fields,
    check_references,
    check_type,
)
from ztctl.sandbox.api.app_filters import FILTERS, listed
from ztctl.sandbox.api.app_links import drop_inline, linked, shown_links
from ztctl.sandbox.api.delays import detached, refuse_list_of_just_made
from ztctl.sandbox.api.infrastructure_apps import (
    TYPE,
    attributes,
    is_infrastructure,
    written_infrastructure,
)
from ztctl.sandbox.api.lookups import cached, found
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.api.rules import refuse_if_referred
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import Refusal, invalid
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import APPS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/access/apps"
ONE = PATH + "/{app_id}"
SIZES = Sizes(1000)
UNKNOWN = Refusal(404, 11021, "access.api.error.unknown_application")


def found_app(call: Call) -> Object:
    """The application in the path; raises 404/11021."""
    return found(call, "app", "app_id", UNKNOWN)


def _list(call: Call) -> Reply:
    refuse_list_of_just_made(call)
    return paged(
        call,
        cached(call, "app", lambda: listed(call)),
        SIZES,
        "app",
        lambda app: _shown(call, app),
    )


def _create(call: Call) -> Reply:
    check_room(call, "app")
    app_id, aud, now = call.state.uuid(), call.state.hex(64), call.state.now()
    fields = _written(call, app_id, {"policies": []})
    app = {"id": app_id, "aud": aud, **fields, "created_at": now, "updated_at": now}
    call.store.put("app", app_id, app)
    return Reply(_shown(call, app), 201, "app")


def _get(call: Call) -> Reply:
    return Reply(_shown(call, found_app(call)), kind="app")


def _replace(call: Call) -> Reply:
    old = found_app(call)
    fields = _written(call, old["id"], old)
    if fields["type"] != old["type"]:
        raise invalid("the type of an application cannot be changed")
    kept = {name: old[name] for name in ("id", "aud", "created_at")}
    app = {**kept, **fields, "updated_at": call.state.now()}
    call.store.put("app", app["id"], app)
    return Reply(_shown(call, app), kind="app")


def _delete(call: Call) -> Reply:
    app = found_app(call)
    refuse_if_referred(call.store, "app", app["id"])
    drop_inline(call.store, app["policies"], kept=set())
    detached(call, app["policies"])
    if call.store.get("app_ca", app["id"]) is not None:
        call.store.remove("app_ca", app["id"])
    call.store.remove("app", app["id"])
    return Reply({"id": app["id"]}, 202)


def _settings(call: Call) -> Reply:
    old = found_app(call)
    if is_infrastructure(old) or old["type"] in TILES:
        raise invalid(f"applications of type {old['type']} have no settings")
    changed = {**old, **call.merged(SETTINGS, call.body()), "updated_at": call.state.now()}
    app = {name: value for name, value in changed.items() if value is not None}
    call.store.put("app", app["id"], app)
    names = ("allow_iframe", "skip_interstitial")
    return Reply({name: app.get(name, False) for name in names}, 202)


def _revoke(call: Call) -> Reply:
    found_app(call)
    return Reply(result=True, status=202)


def _written(call: Call, app_id: str, old: Object) -> Object:
    body = call.body()
    if body.get("type") == TYPE:
        app = written_infrastructure(call, body, old)
    elif isinstance(body.get("type"), str) and body["type"] in TILES:
        shape = TILES[body["type"]]
        app = call.read(shape, call.kept(shape, body, old, "policies"), known=old)
        check_references(call, app)
        app["tags"] = sorted(set(app["tags"]))
    else:
        app = _written_with_domain(call, body, app_id, old)
    app["policies"] = linked(call, body.get("policies"), {**app, "id": app_id}, old["policies"])
    return app


def _written_with_domain(call: Call, body: Object, app_id: str, old: Object) -> Object:
    if isinstance(body.get("type"), str):
        check_type(body["type"])
    mirrored = MIRRORED if any(name in body for name in MIRRORED) else ()
    app = call.read(SHAPE, call.kept(SHAPE, body, old, "policies", *mirrored), known=old)
    check_fields(call, app)
    app.update(placed(call, app, app_id))
    app["tags"] = sorted(set(app["tags"]))
    return app


def _shown(call: Call, app: Object) -> Object:
    return {**app, "uid": app["id"], "policies": shown_links(call.store, app)}


FAMILY = Family(
    (
        Route("GET", PATH, _list, APPS, (*PAGING, *FILTERS)),
        Route("POST", PATH, _create, APPS, write=True),
        Route("GET", ONE, _get, APPS),
        Route("PUT", ONE, _replace, APPS, write=True),
        Route("DELETE", ONE, _delete, APPS, write=True),
        Route("PUT", ONE + "/settings", _settings, APPS, write=True),
        Route("PATCH", ONE + "/settings", _settings, APPS, write=True),
        Route("POST", ONE + "/revoke_tokens", _revoke, APPS, revoke=True),
    ),
    (
        Index("app", "uri", public_uris),
        Index("app", "aud", lambda app: [app["aud"]]),
        Index("app", "tag", lambda app: app.get("tags", ())),
        Index("app", "attribute", attributes),
        Index("app", "virtual_network", virtual_networks_of),
        Index("app", "policy", lambda app: [link["id"] for link in app["policies"]]),
    ),
)
