"""What an edit did to the live object, told from the account alone.

``fields`` brings what the API stores to one spelling, field by field in the words of the file, so
that a write which only spells a value differently does not count as a change.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any

from ztctl.core.model.plan import Action, Change, Plan

Json = Any

_KINDS = {
    "access_group": "groups",
    "access_policy": "policies",
    "access_application": "apps",
    "dns_record": "dns_records",
    "virtual_network": "virtual_networks",
    "private_route": "routes",
    "gateway_rule": "gateway_rules",
}
_SETS = frozenset(
    {
        "allowed_idps", "custom_pages", "tags", "destinations",
        "allowed_headers", "allowed_methods", "allowed_origins", "allowed_authenticators",
        "email_addresses", "audTag", "user_risk_score", "approval_groups",
    }
)  # fmt: skip
_RULES = frozenset({"include", "exclude", "require"})
_DEFAULTS = {
    "session_duration": {"access_application": "24h"},
    "app_launcher_visible": True,
    "http_only_cookie_attribute": True,
    "eager_redirect_cookie_setting": True,
}
_UNITS = {"h": 3600, "m": 60, "s": 1}


def without_effect(plan: Plan, before: Json, after: Json) -> list[str]:
    """The edits of updates of which the account holds after the apply what it held before."""
    return [
        f"{change.address} {edit.path}: {edit.before!r} -> {edit.after!r}"
        for change in plan.changes
        if change.action in (Action.UPDATE, Action.ADOPT) and change.live is not None
        for edit in change.edits
        if _held(change, edit.path, before) == _held(change, edit.path, after)
    ]


def _held(change: Change, path: str, account: Json) -> Json:
    field = path.partition("[")[0].partition(".")[0]
    return fields(change.address.kind, _id(change), account).get(field)


def _id(change: Change) -> str:
    assert change.live is not None
    return change.live.id


def fields(kind: str, key: str, account: Json) -> Mapping[str, Json]:
    """One live object in the words of the file, spelt in one way."""
    if kind == "tunnel":
        return _tunnel(key, account)
    found: Json = next((item for item in account[_KINDS[kind]] if item["id"] == key), {})
    spelt = {name: _spelt(name, value) for name, value in found.items()}
    if kind == "dns_record":
        spelt["tunnel"] = str(found.get("content")).lower()
    if kind == "gateway_rule" and found:
        audit = found["rule_settings"].get("audit_ssh") or {}
        spelt["command_logging"] = audit.get("command_logging")
    if kind == "private_route":
        spelt["tunnel"] = found.get("tunnel_id")
    for name, value in _DEFAULTS.items():
        given = value.get(kind) if isinstance(value, dict) else value
        if given is not None and spelt.get(name) is None and name in found:
            spelt[name] = None if found[name] is False else _spelt(name, given)
    return {name: value for name, value in spelt.items() if value is not None}


def _tunnel(key: str, account: Json) -> Mapping[str, Json]:
    tunnel = next(item for item in account["tunnels"] if item["id"] == key)
    stored = [item for item in account["tunnel_configurations"] if item["tunnel_id"] == key]
    config = stored[0]["config"] if stored else {}
    return {
        "name": tunnel["name"],
        "ingress": _spelt("ingress", config.get("ingress")),
        "origin_request": _spelt("origin_request", config.get("originRequest")),
    }


def _spelt(name: str, value: Json) -> Json:
    if value in (None, False, "", [], {}):
        return None
    match value:
        case dict():
            each = {key: _spelt(key, item) for key, item in value.items()}
            return {key: item for key, item in each.items() if item is not None}
        case list() if name in _RULES:
            return sorted({json.dumps(_rule(item), sort_keys=True) for item in value})
        case list() if name in _SETS:
            return sorted({json.dumps(_spelt("", item), sort_keys=True) for item in value})
        case list():
            return [_spelt("", item) for item in value]
        case str():
            return _text(name, value)
        case _:
            return value


def _rule(element: Json) -> Json:
    """A selector says something by being there, whatever it holds."""
    return {selector: _spelt(selector, inner) for selector, inner in element.items()}


def _text(name: str, value: str) -> str:
    if name == "session_duration":
        return str(sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)([hms])", value)))
    if name in ("ip", "cidr"):
        return str(ipaddress.ip_network(value, strict=False))
    if name == "port_range":
        low, _, high = value.partition("-")
        return low if high in ("", low) else value
    return value.lower() if name in ("email", "domain", "country_code") else value
