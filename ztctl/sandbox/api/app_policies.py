"""Policies under the path of one application.

Source: paths and status codes from the Cloudflare OpenAPI description, July 2026; after
`make_reusable` the same id lives under `/access/policies`. Unrecorded: that PUT here is refused
for a reusable policy, that DELETE only detaches one, that a new policy is appended.
"""

from __future__ import annotations

from ztctl.sandbox.api.app_links import checked_links, policy_of, precedence_of, shown_links
from ztctl.sandbox.api.apps import found_app
from ztctl.sandbox.api.delays import detached
from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.api.policies import UNKNOWN, changed_policy, new_policy
from ztctl.sandbox.api.quotas import check_room
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, invalid
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import APPS
from ztctl.sandbox.routing import Family, Route

PATH = "/accounts/{account_id}/access/apps/{app_id}/policies"
ONE = PATH + "/{policy_id}"
SIZES = Sizes(200)


def _list(call: Call) -> Reply:
    return paged(call, shown_links(call.store, found_app(call)), SIZES, "policy", dict)


def _create(call: Call) -> Reply:
    app, body = found_app(call), call.body()
    last = max((link["precedence"] for link in app["policies"]), default=0)
    precedence = precedence_of(body, last + 1)
    policy = new_policy(call, policy_of(call, app, _own(body)), app_id=app["id"])
    added = {"id": policy["id"], "precedence": precedence}
    app = _relink(call, app, [*app["policies"], added])
    return Reply(_shown(call, app, policy["id"]), 201, "policy")


def _get(call: Call) -> Reply:
    app, policy = _found(call)
    return Reply(_shown(call, app, policy["id"]), kind="policy")


def _replace(call: Call) -> Reply:
    app, policy = _found(call)
    body = call.body()
    if policy["reusable"]:
        raise invalid("a reusable policy cannot be changed through an application")
    changed_policy(call, policy, policy_of(call, app, _own(body), old=policy))
    links = [
        {**link, "precedence": precedence_of(body, link["precedence"])}
        if link["id"] == policy["id"]
        else link
        for link in app["policies"]
    ]
    return Reply(_shown(call, _relink(call, app, links), policy["id"]), kind="policy")


def _delete(call: Call) -> Reply:
    app, policy = _found(call)
    _relink(call, app, [link for link in app["policies"] if link["id"] != policy["id"]])
    if not policy["reusable"]:
        call.store.remove("policy", policy["id"])
    return Reply({"id": policy["id"]}, 202)


def _make_reusable(call: Call) -> Reply:
    app, policy = _found(call)
    if not policy["reusable"]:
        check_room(call, "policy")
    fields = {name: policy[name] for name in policy if name != "app_id"}
    call.store.put("policy", policy["id"], {**fields, "reusable": True})
    _relink(call, app, app["policies"])
    return Reply(_shown(call, app, policy["id"]), kind="policy")


def _found(call: Call) -> tuple[Object, Object]:
    app = found_app(call)
    policy = found(call, "policy", "policy_id", UNKNOWN)
    if all(link["id"] != policy["id"] for link in app["policies"]):
        raise ApiError(*UNKNOWN)
    return app, policy


def _own(body: Object) -> Object:
    return {name: body[name] for name in body if name != "precedence"}


def _relink(call: Call, app: Object, links: list[Object]) -> Object:
    detached(call, app["policies"], links)
    links = checked_links(call.store, app, links)
    app = {**app, "policies": links, "updated_at": call.state.now()}
    call.store.put("app", app["id"], app)
    return app


def _shown(call: Call, app: Object, policy_id: str) -> Object:
    return next(one for one in shown_links(call.store, app) if one["id"] == policy_id)


FAMILY = Family(
    (
        Route("GET", PATH, _list, APPS, PAGING),
        Route("POST", PATH, _create, APPS, write=True),
        Route("GET", ONE, _get, APPS),
        Route("PUT", ONE, _replace, APPS, write=True),
        Route("DELETE", ONE, _delete, APPS, write=True),
        Route("PUT", ONE + "/make_reusable", _make_reusable, APPS, write=True),
    )
)
