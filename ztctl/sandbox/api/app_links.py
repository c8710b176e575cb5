"""Policies of an application: links to reusable policies, or inline policies of its own.

Source: Cloudflare OpenAPI description, July 2026, and the Terraform provider: an id, an object with
id and precedence, or a whole inline policy; a missing array keeps the attached ones; reads show
expanded policies by precedence; in its tests both kinds stand beside each other, and one without a
precedence comes after those before it. Measured by another client: what is sent with the id of a
reusable policy is ignored. Recorded: 400/12130 "policy precedences must be unique". Unrecorded:
that an inline policy left out of the array is deleted.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.delays import detached, refuse_just_made
from ztctl.sandbox.api.infrastructure_apps import is_infrastructure
from ztctl.sandbox.api.infrastructure_policies import (
    check_infrastructure_policy,
    written_infrastructure_policy,
)
from ztctl.sandbox.api.policies import changed_policy, expanded, new_policy, written_policy
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import invalid
from ztctl.sandbox.messages import Object
from ztctl.sandbox.store import Store

HIGHEST = 2**31


def linked(call: Call, given: Any, app: Object, before: list[Object]) -> list[Object]:
    """Convert the `policies` of a body to links, sorted by precedence.

    `app` is the new application without its policies, `before` are its links so far. Inline
    policies are created, changed and deleted as needed. Raises ApiError 400/12130.
    """
    if given is None:
        return before
    if not isinstance(given, list):
        raise invalid("policies must be an array")
    links: list[Object] = []
    for place, entry in enumerate(given):
        last = max((link["precedence"] for link in links), default=0)
        links.append(_link(call, entry, app, place, last + 1))
    drop_inline(call.store, before, kept={link["id"] for link in links})
    detached(call, before, links)
    return checked_links(call.store, app, links)


def policy_of(
    call: Call, app: Object, body: Object, where: str = "", old: Object | None = None
) -> Object:
    """Validate the fields of a policy in an application of this type."""
    written = written_infrastructure_policy if is_infrastructure(app) else written_policy
    return written(call, body, where, old)


def checked_links(store: Store, app: Object, links: list[Object]) -> list[Object]:
    """Sort links by precedence; raises 400/12130 if they are not allowed together."""
    if len({link["precedence"] for link in links}) < len(links):
        raise invalid("policy precedences must be unique")
    if len({link["id"] for link in links}) < len(links):
        raise invalid("a policy can be attached only once")
    if is_infrastructure(app):
        for link in links:
            check_infrastructure_policy(_policy(store, link["id"]))
    return sorted(links, key=lambda link: int(link["precedence"]))


def drop_inline(store: Store, links: list[Object], kept: set[str]) -> None:
    """Delete the inline policies among these links, except those with `kept` ids."""
    for link in links:
        if link["id"] not in kept and not _policy(store, link["id"])["reusable"]:
            store.remove("policy", link["id"])


def shown_links(store: Store, app: Object) -> list[Object]:
    """The expanded policies of an application, for a response."""
    return [
        {"precedence": link["precedence"], **expanded(_policy(store, link["id"]))}
        for link in app["policies"]
    ]


def precedence_of(body: Object, default: int) -> int:
    """The precedence in a body, or the default; raises 400/12130."""
    asked = body.get("precedence")
    if asked is None:
        return default
    if isinstance(asked, bool) or not isinstance(asked, int) or not 1 <= asked <= HIGHEST:
        raise invalid("policy precedence must be a whole number of 1 or more")
    return asked


def _link(call: Call, entry: Any, app: Object, place: int, following: int) -> Object:
    body = {"id": entry} if isinstance(entry, str) else entry
    if not isinstance(body, dict):
        raise invalid("a policy must be an id or an object")
    where = f"policies[{place}]."
    fields = {name: body[name] for name in body if name not in ("id", "precedence")}
    precedence = precedence_of(body, following)
    if body.get("id") is None:
        policy = new_policy(call, policy_of(call, app, fields, where), app_id=app["id"])
        return {"id": policy["id"], "precedence": precedence}
    policy = _attachable(call.store, body["id"], app["id"])
    if policy["reusable"]:
        refuse_just_made(call, "policy", policy["id"])
    # A reusable policy cannot be changed through an application: its fields are ignored.
    if policy["reusable"]:
        call.ignored.extend(where + name for name in fields)
    elif fields:
        changed_policy(call, policy, policy_of(call, app, fields, where, policy))
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
