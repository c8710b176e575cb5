"""Conversion of canonical values to facts, from which ``ztctl.core.reach`` derives access.

Only application types that protect a host count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ztctl.core.model.durations import nanoseconds
from ztctl.core.model.facts import (
    EVERYONE,
    NO_SECOND_FACTOR,
    PROVIDER_LOGIN,
    Application,
    Criterion,
    Ingress,
    LoginProvider,
    Members,
    Policy,
    Record,
    Test,
    TunnelRules,
)
from ztctl.core.model.names import spelled_alike
from ztctl.core.model.objects import Values
from ztctl.core.reach.people import APPROVAL
from ztctl.core.reach.versions import is_new
from ztctl.kinds.application_checks import guards
from ztctl.kinds.common import text_of
from ztctl.kinds.destinations import public, public_paths
from ztctl.kinds.ingress import is_no_address, pattern_of
from ztctl.kinds.origin_request import effective

_TUNNEL_DOMAIN = ".cfargotunnel.com"
# Flags of a policy that restrict access beyond its rules.
_TERMS = ("purpose_justification_required", "isolation_required")
# Types of identity providers at which those alone log in whom an organisation has let in. At others
# (`onetimepin`, `google`, `github`, `facebook`, `linkedin`, `yandex`, and what is new) a mailbox or
# a free account is enough (Cloudflare One documentation of each; types: Python SDK 5.9.0).
_CLOSED_PROVIDERS = frozenset(
    {
        "azureAD",
        "centrify",
        "google-apps",
        "oidc",
        "okta",
        "onelogin",
        "pingone",
        "saml",
    }
)


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
    terms = {Criterion(term, _plain(values[term])) for term in _TERMS if values.get(term)}
    approvals = _approvals(values)
    return Policy(
        str(values.get("decision")),
        members(values, str(values.get("name") or "")),
        _seconds(values.get("session_duration")),
        frozenset(terms | ({Criterion(APPROVAL, _plain(approvals))} if approvals else set())),
        _second_factor(values.get("mfa_config")),
    )


def _approvals(values: Values) -> list[dict[str, Any]]:
    """The approvals that visitors need; those of nobody, and none of somebody, are no demand."""
    found = [
        {
            "needed": _whole(group.get("approvals_needed")),
            "people": sorted(map(str, _listed(group, "email_addresses"))),
            "list": text_of(group, "email_list_uuid"),
        }
        for group in _listed(values, "approval_groups")
        if values.get("approval_required") and isinstance(group, Mapping)
    ]
    # A list is not read: whoever wrote it meant somebody.
    asking = (it for it in found if it["needed"] and (it["people"] or it["list"]))
    return sorted(asking, key=_plain)


def _whole(number: Any) -> int:
    """A positive number as a whole one; 0 for anything else."""
    return int(number) if isinstance(number, int | float) and 1 <= number < 10**6 else 0


def _listed(values: Mapping[str, Any], key: str) -> Iterable[Any]:
    found = values.get(key)
    return found if isinstance(found, list | tuple) else ()


def _second_factor(config: Any) -> Criterion | None:
    """The second factor of Access that a policy or an application asks for itself."""
    if not isinstance(config, Mapping):
        return None
    if config.get("mfa_disabled"):
        return NO_SECOND_FACTOR
    kinds = sorted(map(str, _listed(config, "allowed_authenticators")))
    session = text_of(config, "session_duration")
    stated = {"kinds": kinds, "session": session}
    return Criterion("second_factor", _plain(stated)) if kinds or session else None


def application(
    values: Values, raw: Values, own: Mapping[str, Policy] | None = None
) -> Application | None:
    """Convert an application.

    Args:
        values: its canonical values.
        raw: the object of the API.
        own: policies that it has of its own, by id, where they are no facts by themselves.
    """
    if not guards({"type": values.get("type") or text_of(raw, "type")}):
        return None
    given = [_policy(item, own or {}) for item in values.get("policies") or ()]
    providers = frozenset(str(item) for item in values.get("allowed_idps") or ())
    return Application(
        tuple(public(values.get("destinations"))),
        tuple(given),
        text_of(raw, "aud"),
        _seconds(values.get("session_duration")),
        providers or None,
        _second_factor(values.get("mfa_config")),
        frozenset({PROVIDER_LOGIN} if values.get("allow_authenticate_via_warp") else ()),
        bool(values.get("options_preflight_bypass")),
        public_paths=tuple(public_paths(values.get("destinations"))),
        name=text_of(raw, "name"),
    )


def login_provider(type: str) -> LoginProvider:
    """Convert the type of an identity provider; one that is not known counts as open."""
    return LoginProvider(is_open=type not in _CLOSED_PROVIDERS)


def _policy(item: Any, own: Mapping[str, Policy]) -> str | Policy:
    """A policy of an application: by its id, or what it says where it is to be written."""
    return policy(item) if isinstance(item, Mapping) else own.get(str(item), str(item))


def tunnel(values: Values) -> TunnelRules:
    """Convert canonical values of a tunnel to the rules that it serves.

    Only ``access`` of a rule protects it: cloudflared parses ``access`` of the whole tunnel, but
    never uses it, and refuses audiences without a team (cloudflared 2026.8.2, package ``ingress``).
    """
    general = values.get("origin_request") or {}
    return TunnelRules(tuple(_ingress(rule, general) for rule in values.get("ingress") or ()))


def _ingress(rule: Mapping[str, Any], general: Mapping[str, Any]) -> Ingress:
    settings = effective(rule.get("origin_request"), general)
    access = settings.get("access") or {}
    tags: Iterable[Any] = access.get("aud_tag") or ()
    # What a check without an audience accepts is not known: assume that it is open.
    checked = bool(access.get("required")) and bool(tags) and bool(access.get("team_name"))
    service = str(rule.get("service"))
    # Bastion mode makes an address connect to the destination that the client requests; services
    # that are no address come first (cloudflared 2026.8.2, same package).
    bastion = settings.get("bastion_mode") and not is_no_address(service)
    pattern = pattern_of(rule)
    folded = spelled_alike(pattern)
    return Ingress(
        "bastion" if bastion else service,
        pattern,
        str(rule.get("path") or ""),
        frozenset(str(tag) for tag in tags) if checked else None,
        folded if folded != pattern else "",
    )


def record(values: Values, name: str, zone: str = "") -> Record:
    """Convert a record, of this zone, to the tunnel or alias that it points to."""
    target = str(values.get("tunnel") or "")
    key = target.removesuffix(_TUNNEL_DOMAIN)
    leads = key != target or is_new(target)
    alias = "" if leads else target.removesuffix(".").lower()
    tunnel, proxied = key if leads else None, bool(values.get("proxied"))
    return Record(name, tunnel, proxied, alias, target, zone, unread=not target)


def _seconds(text: Any) -> float | None:
    length = nanoseconds(text) if isinstance(text, str) else None
    return None if length is None else length / 10**9
