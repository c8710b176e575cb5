"""Audit log: one entry for every successful write.

Source: Cloudflare OpenAPI description, July 2026 (members of an entry of audit logs version 2).
Unrecorded: the names of a resource's product and type (here the first and the last literal segment
of the path), that an action on an object counts as an update. Bodies and query strings are not
stored, so that no secret gets here; a token is identified by the id that its verification shows,
and by its name and its owner's e-mail address where it was defined with them.
Not emulated: entries for reads and for refused requests; IP addresses. Only the latest are kept.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.call import Call
from ztctl.sandbox.ids import derived
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.routing import Route
from ztctl.sandbox.tokens import Holder

KIND = "audit_log"
KEPT = 1000
ACTIONS = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
NAMES = ("id", "name")


def recorded(call: Call, route: Route, holder: Holder, reply: Reply) -> None:
    """Store an entry for a successful write (reads are not logged); needs a session."""
    if call.request.method not in ACTIONS:
        return
    store = call.store
    # A slice of the lazy list: usually empty, or the one oldest entry.
    for old in store.all(KIND)[: max(0, store.count(KIND) + 1 - KEPT)]:
        store.remove(KIND, old["id"])
    entry = _entry(call, route, holder, reply)
    store.put(KIND, entry["id"], entry)


def _entry(call: Call, route: Route, holder: Holder, reply: Reply) -> Object:
    segments = [segment for segment in route.path.split("/")[1:] if not segment.startswith("{")]
    account, request = call.state.account, call.request
    zone = call.store.get("zone", call.params.get("zone_id", "")) or {}
    return {
        "id": call.state.hex(32),
        "account": {name: account[name] for name in NAMES},
        "action": {
            "description": f"{request.method} {route.path}",
            "result": "success",
            "time": call.state.instant(),
            "type": _action(route),
        },
        "actor": _actor(holder),
        "raw": {
            "method": request.method,
            "status_code": reply.status,
            "uri": request.path[:300],
            "user_agent": (request.header("user-agent") or "")[:200],
        },
        "resource": {
            "id": _resource_id(call, reply.result),
            "product": segments[1] if len(segments) > 1 else segments[0],
            "scope": segments[0],
            "type": segments[-1],
        },
        "zone": {name: zone[name] for name in NAMES if name in zone},
    }


def _actor(holder: Holder) -> Object:
    owner = "account" if holder.account_owned else "user"
    actor: Object = {
        "id": derived(f"actor {owner}").hex()[:32],
        "context": holder.context,
        "type": owner,
    }
    if holder.context == "api_token":
        actor["token_id"] = holder.id
    known = {"email": holder.email, "token_name": holder.name}
    return {**actor, **{name: text for name, text in known.items() if text}}


def _action(route: Route) -> str:
    """A POST to a collection is a create; one below an object is an update of the object."""
    acts = route.method == "POST" and route.path.count("{") > 1
    return "update" if acts else ACTIONS[route.method]


def _resource_id(call: Call, result: Any) -> str:
    named = [result[name] for name in NAMES if name in result] if isinstance(result, dict) else []
    return str(next(iter(named), None) or next(reversed(call.params.values()), ""))
