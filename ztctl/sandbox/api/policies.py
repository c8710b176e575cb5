"""Reusable Access policies, and the fields that inline policies of applications share.

Source: fields from the Cloudflare OpenAPI description, July 2026; the default session of 24h from
the Terraform provider's guide. Recorded, and in the tests of that provider: a switch that is off,
and an empty list of approval groups, are absent. Recorded: 409 while an application links the
policy, 400/12130 for bad rules and "unrecognized policy decision". Unrecorded: the codes of 404 and
409, that approval groups need `approval_required`. How long a deletion still answers 409 after a
detachment is a setting (`detached_calls`), and so is whether a PUT keeps what it leaves out
(`keeps_omitted`).
Not emulated: account rules that cap sessions.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.connection_rules import checked_connection_rules
from ztctl.sandbox.api.delays import made, refuse_just_detached
from ztctl.sandbox.api.infrastructure_apps import is_infrastructure
from ztctl.sandbox.api.infrastructure_policies import check_infrastructure_policy
from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.api.mfa import MFA
from ztctl.sandbox.api.quotas import check_length, check_room
from ztctl.sandbox.api.rules import (
    checked_rules,
    reference_index,
    rule_elements,
    uses_linked_app,
)
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal, conflict, invalid
from ztctl.sandbox.fields import (
    Field,
    FieldError,
    Shape,
    anything,
    duration,
    listing,
    mapping,
    number,
    text,
    true_or_nothing,
)
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.paging import PAGING, Sizes, paged
from ztctl.sandbox.permissions import APPS
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/access/policies"
ONE = PATH + "/{policy_id}"
SIZES = Sizes(100)
KEPT: tuple[str, ...] = ("id", "reusable", "app_id", "created_at")
DECISIONS = ("allow", "deny", "non_identity", "bypass")
UNKNOWN = Refusal(404, 12135, "access.api.error.not_found")

_APPROVALS = mapping(
    {"approvals_needed": number, "email_addresses": listing(text()), "email_list_uuid": text()}
)


def _approval(value: Any) -> Object:
    group: Object = _APPROVALS(value)
    if "approvals_needed" not in group:
        raise FieldError("must say approvals_needed")
    return group


def _approvals(value: Any) -> list[Any] | None:
    return listing(_approval)(value) or None


SHAPE = Shape(
    invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("decision", text(), required=True),
        Field("include", anything, required=True),
        Field("exclude", anything),
        Field("require", anything),
        Field("session_duration", duration, "24h"),
        Field("approval_groups", _approvals),
        Field("approval_required", true_or_nothing),
        Field("purpose_justification_required", true_or_nothing),
        Field("purpose_justification_prompt", text()),
        Field("isolation_required", true_or_nothing),
        Field("mfa_config", MFA),
        Field("connection_rules", anything),
    ),
)


def written_policy(call: Call, body: Object, where: str = "", old: Object | None = None) -> Object:
    """Validate the fields of a policy; raises ApiError 400/12130."""
    policy = call.read(SHAPE, body, where, old)
    policy.update(checked_rules(call, body, where))
    if policy["decision"] not in DECISIONS:
        raise invalid("unrecognized policy decision")
    if "approval_groups" in policy and "approval_required" not in policy:
        raise invalid("approval_groups need approval_required")
    if uses_linked_app(policy) and policy["decision"] not in ("non_identity", "bypass"):
        raise invalid("linked_app_token needs the decision non_identity or bypass")
    if "connection_rules" in policy:
        given = policy["connection_rules"]
        policy["connection_rules"] = checked_connection_rules(call, given, where)
    check_length(call.state, "rules of a policy", rule_elements(policy))
    return policy


def shown_policy(call: Call, policy: Object) -> Object:
    """A policy for a response outside of applications."""
    return {**expanded(policy), "app_count": call.store.tally("app", "policy", policy["id"])}


def expanded(policy: Object) -> Object:
    """A policy for a response within an application."""
    return {**{name: policy[name] for name in policy if name != "app_id"}, "uid": policy["id"]}


def new_policy(call: Call, fields: Object, *, app_id: str | None = None) -> Object:
    """Create a policy: reusable, or inline in the application `app_id`."""
    if app_id is None:
        check_room(call, "policy")
    now = call.state.now()
    policy: Object = {
        "id": call.state.uuid(),
        **fields,
        "reusable": app_id is None,
        "created_at": now,
        "updated_at": now,
    }
    if app_id is not None:
        policy["app_id"] = app_id
    call.store.put("policy", policy["id"], policy)
    return policy


def changed_policy(call: Call, old: Object, fields: Object) -> Object:
    """Replace the fields of a stored policy."""
    kept = {name: old[name] for name in KEPT if name in old}
    policy: Object = {**kept, **fields, "updated_at": call.state.now()}
    call.store.put("policy", policy["id"], policy)
    return policy


def _list(call: Call) -> Reply:
    reusable = call.store.find("policy", "reusable", True)
    return paged(call, reusable, SIZES, "policy", lambda policy: shown_policy(call, policy))


def _create(call: Call) -> Reply:
    policy = new_policy(call, written_policy(call, call.body()))
    made(call, "policy", policy["id"])
    return Reply(shown_policy(call, policy), 201, "policy")


def _get(call: Call) -> Reply:
    return Reply(shown_policy(call, _found(call)), kind="policy")


def _replace(call: Call) -> Reply:
    old = _found(call)
    body = call.kept(SHAPE, call.body(), old)
    policy = changed_policy(call, old, written_policy(call, body, old=old))
    if any(map(is_infrastructure, call.store.find("app", "policy", policy["id"]))):
        check_infrastructure_policy(policy)
    return Reply(shown_policy(call, policy), kind="policy")


def _delete(call: Call) -> Reply:
    policy = _found(call)
    if call.store.tally("app", "policy", policy["id"]):
        raise conflict("policy is in use by an application")
    refuse_just_detached(call, policy["id"])
    call.store.remove("policy", policy["id"])
    return Reply({"id": policy["id"]}, 202)


def _found(call: Call) -> Object:
    policy = found(call, "policy", "policy_id", UNKNOWN)
    if not policy["reusable"]:
        raise ApiError(*UNKNOWN)
    return policy


FAMILY = Family(
    (
        Route("GET", PATH, _list, APPS, PAGING),
        Route("POST", PATH, _create, APPS, write=True),
        Route("GET", ONE, _get, APPS),
        Route("PUT", ONE, _replace, APPS, write=True),
        Route("DELETE", ONE, _delete, APPS, write=True),
    ),
    (
        reference_index("policy"),
        Index("policy", "reusable", lambda policy: (policy["reusable"],)),
    ),
)
