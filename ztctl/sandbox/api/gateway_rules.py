"""Gateway rules, mainly network rules with the action audit_ssh.

Source: official Python SDK and Cloudflare OpenAPI description, July 2026 (fields, order, filters of
the list, `audit_ssh` settings only for l4 rules with that action, a list without pages). The action
audit_ssh is missing in the newest description but accepted by the API (cloudflare-go's recorded
replies; documentation of network policies). Recorded: settings that are shown although they were
never sent, and which read-only members a rule has. Unrecorded: the defaults of `enabled` (false)
and of the precedence (the next thousand), that precedence is unique, every code, that a deleted
rule is unknown at once, that `filters` are derived from the action.
Not emulated: effects on traffic; expressions and the settings of other actions are kept as sent;
shared rules; schedules and expirations; `rules/tenant`; `reset_expiration`.
"""

from __future__ import annotations

from typing import Any

from ztctl.sandbox.api.gateway_rule_filters import FILTERS, listed
from ztctl.sandbox.api.lookups import found
from ztctl.sandbox.call import Call
from ztctl.sandbox.errors import ApiError, Refusal
from ztctl.sandbox.fields import (
    Field,
    FieldError,
    Shape,
    anything,
    choice,
    flag,
    integer,
    listing,
    mapping,
    text,
)
from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.permissions import ZERO_TRUST
from ztctl.sandbox.routing import Family, Route
from ztctl.sandbox.store import Index

PATH = "/accounts/{account_id}/gateway/rules"
ONE = PATH + "/{rule_id}"
UNKNOWN = Refusal(404, 2075, "rule not found")
STEP = 1000

ACTIONS = (
    *("on", "off", "allow", "block", "scan", "noscan", "safesearch", "ytrestricted", "isolate"),
    *("noisolate", "override", "l4_override", "egress", "resolve", "quarantine", "redirect"),
    "audit_ssh",
)
PHASES = ("http", "dns", "l4", "egress", "dns_resolver")
AUDIT_SSH = mapping({"command_logging": flag})
READ_ONLY = {"deleted_at": None}
SETTINGS: Object = {
    "add_headers": None,
    "biso_admin_controls": None,
    "block_page_enabled": False,
    "block_reason": "",
    "check_session": None,
    "insecure_disable_dnssec_validation": False,
    "ip_categories": False,
    "ip_indicator_feeds": False,
    "l4override": None,
    "override_host": "",
    "override_ips": None,
}


def _invalid(detail: str) -> ApiError:
    return ApiError(400, 2009, f"invalid rule: {detail}")


def _settings(value: Any) -> Object:
    if not isinstance(value, dict):
        raise FieldError("must be an object")
    audit = value.get("audit_ssh")
    given = value if audit is None else {**value, "audit_ssh": AUDIT_SSH(audit)}
    return {**SETTINGS, **given}


SHAPE = Shape(
    _invalid,
    (
        Field("name", text(350, empty=False), required=True),
        Field("action", choice(ACTIONS), required=True),
        Field("description", text(), ""),
        Field("precedence", integer(0, 2**31 - 1)),
        Field("enabled", flag, False),
        Field("filters", listing(choice(PHASES), longest=1), []),
        Field("traffic", text(), ""),
        Field("identity", text(), ""),
        Field("device_posture", text(), ""),
        Field("rule_settings", _settings, SETTINGS),
        Field("schedule", anything),
        Field("expiration", anything),
    ),
)


def _list(call: Call) -> Reply:
    return Reply([dict(one) for one in listed(call)], kind="gateway_rule")


def _create(call: Call) -> Reply:
    now, fields = call.state.now(), _written(call, {})
    rule = {"id": call.state.uuid(), **fields, **READ_ONLY, "version": 1}
    return _stored(call, {**rule, "created_at": now, "updated_at": now})


def _get(call: Call) -> Reply:
    return Reply(_found(call), kind="gateway_rule")


def _replace(call: Call) -> Reply:
    old = _found(call)
    kept = {name: old[name] for name in ("id", "created_at", *READ_ONLY)}
    rule = {**kept, **_written(call, old), "version": old["version"] + 1}
    return _stored(call, {**rule, "updated_at": call.state.now()})


def _delete(call: Call) -> Reply:
    call.store.remove("gateway_rule", _found(call)["id"])
    return Reply({})


def _found(call: Call) -> Object:
    return found(call, "gateway_rule", "rule_id", UNKNOWN)


def _stored(call: Call, rule: Object) -> Reply:
    call.store.put("gateway_rule", rule["id"], rule)
    return Reply(rule, kind="gateway_rule")


def _written(call: Call, old: Object) -> Object:
    rule = call.fields(SHAPE)
    if rule["action"] == "audit_ssh":
        rule["filters"] = rule["filters"] or ["l4"]
    if rule["filters"] != ["l4"] and rule["action"] == "audit_ssh":
        raise _invalid("the action audit_ssh needs the filter l4")
    if rule["action"] != "audit_ssh" and rule["rule_settings"].get("audit_ssh") is not None:
        raise _invalid("audit_ssh settings need the action audit_ssh")
    rule.setdefault("precedence", old.get("precedence", _last(call) + STEP))
    for other in call.store.find("gateway_rule", "precedence", rule["precedence"]):
        if other["id"] != old.get("id"):
            raise _invalid("precedence is used by another rule")
    return rule


def _last(call: Call) -> int:
    rules = call.store.find("gateway_rule", "all", None)
    return int(rules[-1]["precedence"]) if rules else 0


FAMILY = Family(
    (
        Route("GET", PATH, _list, ZERO_TRUST, FILTERS),
        Route("POST", PATH, _create, ZERO_TRUST, write=True),
        Route("GET", ONE, _get, ZERO_TRUST),
        Route("PUT", ONE, _replace, ZERO_TRUST, write=True),
        Route("DELETE", ONE, _delete, ZERO_TRUST, write=True),
    ),
    (
        Index("gateway_rule", "precedence", lambda rule: (rule["precedence"],)),
        Index("gateway_rule", "all", lambda _: (None,), lambda rule: rule["precedence"]),
    ),
)
