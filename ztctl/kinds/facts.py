"""Conversion of canonical values to facts, from which ``ztctl.core.reach`` derives access.

Only application types that protect a host count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ztctl.core.model.facts import (
    EVERYONE,
    Application,
    Criterion,
    Ingress,
    Members,
    Policy,
    Record,
    Test,
    TunnelRules,
)
from ztctl.core.model.objects import Values
from ztctl.core.reach.versions import is_new
from ztctl.kinds.application_checks import guards
from ztctl.kinds.common import nanoseconds, text_of
from ztctl.kinds.destinations import public
from ztctl.kinds.rules import rules_from_api

_TUNNEL_DOMAIN = ".cfargotunnel.com"
# Fields of a policy that restrict access beyond its rules.
_TERMS = ("approval_required", "purpose_justification_required", "mfa_config", "isolation_required")


def members(values: Values, label: str = "") -> Members:
    """Convert three canonical rule lists to a set of users."""
    return Members(
        _tests(values.get("include")),
        _tests(values.get("exclude")),
        _tests(values.get("require")),
        label,
    )


def _tests(rules: Any) -> frozenset[Test]:
    return frozenset(_test(rule) for rule in rules or ())


def _test(rule: Any) -> Criterion:
    if not isinstance(rule, Mapping) or len(rule) != 1:
        return Criterion("unknown", str(rule))
    ((selector, value),) = rule.items()
    if selector == "everyone":
        return EVERYONE
    return Criterion(str(selector), value if isinstance(value, str) else _plain(value))


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def policy(values: Values) -> Policy:
    """Convert canonical values of a policy."""
    terms = (Criterion(term, _plain(values[term])) for term in _TERMS if values.get(term))
    return Policy(
        str(values.get("decision")),
        members(values, str(values.get("name") or "")),
        _seconds(values.get("session_duration")),
        frozenset(terms),
    )


def application(values: Values, raw: Values) -> Application | None:
    """Convert an application; policies of its own are found in ``raw``, the API's object, only."""
    if not guards({"type": values.get("type") or text_of(raw, "type")}):
        return None
    own = {
        text_of(item, "id"): _own_policy(item)
        for item in raw.get("policies") or ()
        if isinstance(item, Mapping) and item.get("reusable") is False
    }
    given = [str(item) for item in values.get("policies") or ()]
    providers = frozenset(str(item) for item in values.get("allowed_idps") or ())
    return Application(
        tuple(public(values.get("destinations"))),
        tuple(own.get(item, item) for item in given),
        text_of(raw, "aud"),
        _seconds(values.get("session_duration")),
        providers or None,
    )


def _own_policy(raw: Mapping[str, Any]) -> Policy:
    return policy({**raw, **rules_from_api(raw)})


def tunnel(values: Values) -> TunnelRules:
    """Convert canonical values of a tunnel to the rules that it serves.

    Only ``access`` of a rule protects it: cloudflared parses ``access`` of the whole tunnel, but
    never uses it (cloudflared 2026.8.2, package ``ingress``).
    """
    general = values.get("origin_request") or {}
    return TunnelRules(tuple(_ingress(rule, general) for rule in values.get("ingress") or ()))


def _ingress(rule: Mapping[str, Any], general: Mapping[str, Any]) -> Ingress:
    own = rule.get("origin_request") or {}
    access = own.get("access") or {}
    tags: Iterable[Any] = access.get("aud_tag") or ()
    # What a check without an audience accepts is not known: assume that it is open.
    checked = bool(access.get("required")) and bool(tags)
    service = str(rule.get("service"))
    # Bastion mode makes any service connect to the destination that the client requests
    # (cloudflared 2026.8.2, same package).
    bastion = {**general, **own}.get("bastion_mode") and not service.startswith("http_status")
    return Ingress(
        "bastion" if bastion else service,
        str(rule.get("hostname") or "*"),
        str(rule.get("path") or ""),
        frozenset(str(tag) for tag in tags) if checked else None,
    )


def record(values: Values, name: str) -> Record:
    """Convert a record to the tunnel or alias that it points to."""
    target = str(values.get("tunnel") or "")
    key = target.removesuffix(_TUNNEL_DOMAIN)
    leads = key != target or is_new(target)
    alias = "" if leads else target.removesuffix(".").lower()
    return Record(name, key if leads else None, bool(values.get("proxied")), alias, target)


def _seconds(text: Any) -> float | None:
    length = nanoseconds(text) if isinstance(text, str) else None
    return None if length is None else length / 10**9
