"""Awkward mode: unusual but equivalent representations of objects in responses.

Clients must accept these. The meaning of an object never changes.

Source: Terraform provider's normalisers and acceptance tests, July 2026: empty lists as null,
false members left out or null, default members left out, sets in another order, durations
respelled, ports as ranges, null for what was not sent, timestamps of several precisions,
additional members; cloudflare-go's recorded replies (settings of a Gateway rule).
Unrecorded: e-mail addresses and host names in lower case, asterisks for a secret.

Awkward pages are made by `ztctl.sandbox.paging`, the 404 before the first PUT of SSH audit settings
by `ztctl.sandbox.api.audit_ssh`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ztctl.sandbox.messages import Object, Reply
from ztctl.sandbox.respelled import with_durations, with_sets, with_times, without

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
TRUE_OR_ABSENT = (
    "http_only_cookie_attribute",
    "app_launcher_visible",
    "eager_redirect_cookie_setting",
)
RULES = ("include", "exclude", "require")
SETS = (*RULES, "allowed_idps", "approval_groups", "custom_pages")
LASTING = ("session_duration", "warp_auth_session_duration", "duration")
STARS = "**********"

# Settings that a Gateway rule shows although they were never sent (recorded).
GATEWAY_SETTINGS: Object = {
    "block_page_enabled": False,
    "block_reason": "",
    "override_ips": None,
    "override_host": "",
    "l4override": None,
    "biso_admin_controls": None,
    "add_headers": None,
    "check_session": None,
    "insecure_disable_dnssec_validation": False,
}


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
    return {**nulls, **with_durations(_rules(_switches(policy)), LASTING)}


def _rules(one: Object) -> Object:
    lists = {name: [_rule(rule) for rule in one.get(name) or ()] for name in RULES}
    return with_sets({**one, **lists}, SETS)


def _rule(rule: Object) -> Object:
    email = rule.get("email")
    return {"email": {"email": email["email"].lower()}} if email else rule


def _group(group: Object) -> Object:
    return {**_rules(group), "is_default": None}


def _app(app: Object) -> Object:
    spelled = with_sets(_switches(_day_or_nothing(app)), SETS)
    spelled = with_durations(spelled, LASTING)
    spelled["policies"] = [_policy(policy) for policy in app["policies"]] or None
    if app["type"] == "infrastructure":
        return {**spelled, "uid": app["id"]}
    spelled["tags"] = sorted(app["tags"], key=str.lower) or None
    if "destinations" not in app:  # It guards no host.
        return {**spelled, "uid": app["id"]}
    spelled["destinations"] = [_destination(one) for one in app["destinations"]]
    empty = {"same_site_cookie_attribute": "", "cors_headers": {}, "mfa_config": {}, "logo_url": ""}
    return {**empty, **spelled, "uid": app["id"], "domain_type": "public"}


def _day_or_nothing(app: Object) -> Object:
    """Omit the default session duration in about half of the applications, by their id."""
    odd = int(app["id"][-1], 16) % 2
    return without(app, ("session_duration",), "24h") if odd else app


def _destination(one: Object) -> Object:
    ports = one.get("port_range", "-")
    return one if "-" in ports else {**one, "port_range": f"{ports}-{ports}"}


def _organisation(organisation: Object) -> Object:
    names = ("deny_unmatched_requests_exempted_zone_names",)
    spelled = with_durations(with_sets(_switches(organisation), names), LASTING)
    return {"custom_pages": {}, "mfa_config": {}, **spelled}


def _provider(provider: Object) -> Object:
    hidden = {"client_secret": STARS} if "client_id" in provider["config"] else {}
    return {**provider, "config": {**provider["config"], **hidden}}


def _service_token(token: Object) -> Object:
    return {"previous_client_secret_expires_at": None, **with_durations(token, LASTING)}


def _tunnel(tunnel: Object) -> Object:
    spelled = {**tunnel, "connections": tunnel["connections"] or None}
    del spelled["config_src"]
    return spelled


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


def _target(target: Object) -> Object:
    return {**target, "hostname": target["hostname"].lower()}


def _gateway_rule(rule: Object) -> Object:
    return {**rule, "rule_settings": {**GATEWAY_SETTINGS, **rule["rule_settings"]}}


def _setting(setting: Object) -> Object:
    shown = without(setting, ("modified_on",), None)
    return without(shown, ("editable",), value=True)


def _record(record: Object) -> Object:
    off = {"ipv4_only": False, "ipv6_only": False, "flatten_cname": False}
    spelled = {**record, "tags": record["tags"][::-1] or None, "comment": record["comment"] or ""}
    if record["type"] == "CNAME":
        spelled["content"] = record["content"].lower()
    meta = {"auto_added": False, "managed_by_apps": False, **record["meta"]}
    settings = {**off, **record["settings"]}
    return {**spelled, "settings": settings, "meta": meta, "private_routing": False}


def _batch(result: Object) -> Object:
    return {name: [_record(one) for one in done] or None for name, done in result.items()}


WHIMS: Mapping[str, Whim] = {
    "app": _app,
    "policy": _policy,
    "group": _group,
    "organization": _organisation,
    "identity_provider": _provider,
    "service_token": _service_token,
    "tunnel": _tunnel,
    "tunnel_configuration": _configuration,
    "route": _uncommented,
    "hostname_route": _uncommented,
    "virtual_network": _network,
    "target": _target,
    "gateway_rule": _gateway_rule,
    "zone_setting": _setting,
    "dns_record": _record,
    "dns_batch": _batch,
}
