"""Awkward mode: unusual but equivalent representations of objects in responses.

Clients must accept these. The meaning of an object never changes.

Source: Terraform provider's normalisers and acceptance tests, July 2026: empty lists as null, false
members left out or null, default members left out, sets in another order, null for what was not
sent, additional members. Recorded, by the month: timestamps of several precisions; tunnels with
connections and without `config_src` (2025-04); applications without `self_hosted_domains` and
`eager_redirect_cookie_setting` (2026-02); DNS records with their zone and three members of `meta`,
a CNAME without `flatten_cname` (2024-11). That provider is confused by durations in Go's spelling,
ranges of one port, empty `cors_headers`, `mfa_config`, `logo_url` and `same_site_cookie_attribute`,
and a missing `app_launcher_visible`, so the service does not seem to answer so.

Awkward pages are made by `ztctl.sandbox.paging`, the 404 before the first PUT of SSH audit settings
by `ztctl.sandbox.api.audit_ssh`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.respelled import with_sets, with_times, without

Whim = Callable[[Object], Object]

FALSE_OR_ABSENT = (
    "enable_binding_cookie",
    "auto_redirect_to_identity",
    "service_auth_401_redirect",
    "path_cookie_attribute",
    "use_clientless_isolation_app_launcher_url",
    "approval_required",
    "isolation_required",
    "deny_unmatched_requests",
    "is_ui_read_only",
)
FALSE_OR_NULL = (
    "options_preflight_bypass",
    "skip_interstitial",
    "allow_iframe",
    "allow_authenticate_via_warp",
    "purpose_justification_required",
)
TRUE_OR_ABSENT = ("http_only_cookie_attribute", "eager_redirect_cookie_setting")
RULES = ("include", "exclude", "require")
SETS = (*RULES, "allowed_idps", "approval_groups", "custom_pages")
OLD_META = ("auto_added", "managed_by_apps", "managed_by_argo_tunnel")


def awkward(reply: Reply) -> Reply:
    """A reply with the result in its awkward representation, according to `reply.kind`."""
    whim = WHIMS.get(reply.kind, dict)
    if isinstance(reply.result, list):
        return replace(reply, result=[whim(with_times(one)) for one in reply.result])
    if isinstance(reply.result, dict):
        return replace(reply, result=whim(with_times(reply.result)))
    return reply


def _switches(one: Object) -> Object:
    spelled = without(without(one, FALSE_OR_ABSENT, value=False), TRUE_OR_ABSENT, value=True)
    nulls = {name: None for name in FALSE_OR_NULL if spelled.get(name) is False}
    return {**spelled, **nulls}


def _policy(policy: Object) -> Object:
    nulls: Object = {"purpose_justification_prompt": None}
    return {**nulls, **_rules(_switches(policy))}


def _rules(one: Object) -> Object:
    return with_sets({**{name: [] for name in RULES}, **one}, SETS)


def _group(group: Object) -> Object:
    return {**_rules(group), "is_default": None}


def _app(app: Object) -> Object:
    spelled = with_sets(_switches(app), SETS)
    spelled["policies"] = [_policy(policy) for policy in app["policies"]] or None
    if app["type"] == "infrastructure":
        return spelled
    spelled["tags"] = sorted(app["tags"], key=str.lower) or None
    if "destinations" not in app:  # It guards no host.
        return spelled
    return {**spelled, "domain_type": "public"}


def _organisation(organisation: Object) -> Object:
    names = ("deny_unmatched_requests_exempted_zone_names",)
    return with_sets(_switches(organisation), names)


def _service_token(token: Object) -> Object:
    return {"previous_client_secret_expires_at": None, **token}


def _tunnel(tunnel: Object) -> Object:
    return {**without(tunnel, ("config_src",)), "connections": []}


def _configuration(stored: Object) -> Object:
    config = stored["config"]
    if config is None:
        return stored
    rules = [_ingress(rule) for rule in config["ingress"]]
    origin = _origin(config.get("originRequest", {}))
    spelled = {**config, "ingress": rules, "originRequest": origin}
    return {**stored, "config": {"warp-routing": {"enabled": False}, **spelled}}


def _ingress(rule: Object) -> Object:
    origin = _origin(rule.get("originRequest", {}))
    return {"hostname": "", "path": None, **rule, "originRequest": origin}


def _origin(origin: Object) -> Object:
    if not origin:
        return {}
    nulls: dict[str, Any] = {"caPool": None, "httpHostHeader": None, "noTLSVerify": None}
    return {**nulls, **origin}


def _uncommented(one: Object) -> Object:
    return without(one, ("comment",), "")


def _network(network: Object) -> Object:
    # The official SDK requires a network's comment, and not a route's.
    return {**network, "is_default": network["is_default_network"]}


def _setting(setting: Object) -> Object:
    shown = without(setting, ("modified_on",), None)
    return without(shown, ("editable",), value=True)


def _record(record: Object) -> Object:
    spelled = {**record, "tags": record["tags"][::-1] or None, "comment": record["comment"] or ""}
    if record["type"] == "CNAME":
        spelled["content"] = record["content"].lower()
    meta = {**dict.fromkeys(OLD_META, False), **record.get("meta", {})}
    settings = without(record["settings"], ("flatten_cname",), value=False)
    return {**spelled, "settings": settings, "meta": meta, "private_routing": False}


def _batch(result: Object) -> Object:
    return {name: [_record(one) for one in done or ()] or None for name, done in result.items()}


WHIMS: Mapping[str, Whim] = {
    "app": _app,
    "policy": _policy,
    "group": _group,
    "organization": _organisation,
    "service_token": _service_token,
    "tunnel": _tunnel,
    "tunnel_configuration": _configuration,
    "route": _uncommented,
    "hostname_route": _uncommented,
    "virtual_network": _network,
    "zone_setting": _setting,
    "dns_record": _record,
    "dns_batch": _batch,
}
