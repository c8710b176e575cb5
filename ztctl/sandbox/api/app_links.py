"""Which policies an application has: linked reusable ones, or its own.

Source: Cloudflare OpenAPI description, July 2026, and the Terraform provider: an id, an object
with id and precedence, or a whole inline policy; a missing array keeps what is attached; reads
show expanded policies by precedence; the two sorts cannot be mixed. Recorded: 400/12130 "policy
precedences must be unique". Unrecorded: that an inline policy left out of the array is deleted.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.policies import changed_policy, new_policy, written_policy
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.messages import Object
from ztctl.sandbox.store import Store

HIGHEST = 2**31


def linked(call: Call, given: Any, app_id: str, before: list[Object]) -> list[Object]:
    """The links that a body's `policies` asks for, by precedence.

    Inline policies are created, changed and deleted on the way. Raises ApiError 400/12130.
    """
    if given is None:
        return before
    if not isinstance(given, list):
        raise invalid("policies must be an array")
    links = [_link(call, entry, app_id, place) for place, entry in enumerate(given)]
    drop_inline(call.store, before, kept={link["id"] for link in links})
    return checked_links(call.store, links)


def checked_links(store: Store, links: list[Object]) -> list[Object]:
    """Links by precedence; raises 400/12130 when they cannot stand together."""
    if len({link["precedence"] for link in links}) < len(links):
        raise invalid("policy precedences must be unique")
    if len({link["id"] for link in links}) < len(links):
        raise invalid("a policy can be attached only once")
    sorts = {_policy(store, link["id"])["reusable"] for link in links}
    if len(sorts) > 1:
        raise invalid("reusable and application policies cannot be mixed in one application")
    return sorted(links, key=lambda link: int(link["precedence"]))


def drop_inline(store: Store, links: list[Object], kept: set[str]) -> None:
    """Delete the inline policies among these links, but for those that are kept."""
    for link in links:
        if link["id"] not in kept and not _policy(store, link["id"])["reusable"]:
            store.remove("policy", link["id"])


def shown_links(store: Store, app: Object) -> list[Object]:
    """The expanded policies of an application, as a read shows them."""
    return [
        {"precedence": link["precedence"], **_expanded(_policy(store, link["id"]))}
        for link in app["policies"]
    ]


def precedence_of(body: Object, default: int) -> int:
    """The precedence that a body asks for."""
    asked = body.get("precedence")
    if asked is None:
        return default
    if isinstance(asked, bool) or not isinstance(asked, int) or not 1 <= asked <= HIGHEST:
        raise invalid("policy precedence must be a whole number of 1 or more")
    return asked


def _link(call: Call, entry: Any, app_id: str, place: int) -> Object:
    body = {"id": entry} if isinstance(entry, str) else entry
    if not isinstance(body, dict):
        raise invalid("a policy must be an id or an object")
    where = f"policies[{place}]."
    fields = {name: body[name] for name in body if name not in ("id", "precedence")}
    precedence = precedence_of(body, place + 1)
    if body.get("id") is None:
        policy = new_policy(call, written_policy(call, fields, where), app_id=app_id)
        return {"id": policy["id"], "precedence": precedence}
    policy = _attachable(call.store, body["id"], app_id)
    if policy["reusable"]:
        call.ignored.extend(where + name for name in fields)
    elif fields:
        changed_policy(call, policy, written_policy(call, fields, where))
    return {"id": policy["id"], "precedence": precedence}


def _attachable(store: Store, key: Any, app_id: str) -> Object:
    policy = store.get("policy", key) if isinstance(key, str) else None
    if policy is None or policy.get("app_id") not in (None, app_id):
        raise invalid("policy not found")
    return policy


def _policy(store: Store, key: str) -> Object:
    policy = store.get("policy", key)
    if policy is None:
        raise LookupError(key)
    return policy


def _expanded(policy: Object) -> Object:
    return {name: policy[name] for name in policy if name != "app_id"}
