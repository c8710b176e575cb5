"""Awkward mode: every freedom in spelling that the service is known to take.

Source: Terraform provider's normalisers and acceptance tests, July 2026: empty lists as null,
false and default members left out, sets in another order, durations respelled, ports as ranges,
null for what was not sent in a tunnel configuration, timestamps of several precisions, members
that nobody asked for. Nothing here changes what an object means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ztctl.sandbox.messages import Object, Reply

Whim = Callable[[Object], Object]

FALSE_OR_ABSENT = (
    "enable_binding_cookie",
    "options_preflight_bypass",
    "auto_redirect_to_identity",
    "service_auth_401_redirect",
    "skip_interstitial",
    "allow_iframe",
    "path_cookie_attribute",
    "use_clientless_isolation_app_launcher_url",
    "approval_required",
    "purpose_justification_required",
    "isolation_required",
)
TRUE_OR_ABSENT = (
    "http_only_cookie_attribute",
    "app_launcher_visible",
    "eager_redirect_cookie_setting",
)
SETS = ("include", "exclude", "require", "allowed_idps", "approval_groups", "custom_pages")
TIMES = (
    "created_at",
    "updated_at",
    "deleted_at",
    "created_on",
    "modified_on",
    "comment_modified_on",
    "expires_at",
)


def awkward(reply: Reply) -> Reply:
    """The same answer in the service's least convenient spelling."""
    whim = WHIMS.get(reply.kind, _times)
    if isinstance(reply.result, list):
        return replace(reply, result=[whim(one) for one in reply.result])
    return replace(reply, result=whim(reply.result)) if isinstance(reply.result, dict) else reply


def respelled_duration(value: str) -> str:
    """`24h` as Go prints it: `24h0m0s`."""
    if re.fullmatch(r"[0-9]+h", value):
        return value + "0m0s"
    return value + "0s" if re.fullmatch(r"([0-9]+h)?[0-9]+m", value) else value


def respelled_time(value: str) -> str:
    """A timestamp cut to 0, 3 or 6 fractional digits; which, depends on the time alone."""
    seconds, _, digits = value.removesuffix("Z").partition(".")
    digits = digits.ljust(6, "0")[: 3 * (int(seconds[-1]) % 3)]
    return f"{seconds}.{digits}Z" if digits else seconds + "Z"


def _times(one: Object) -> Object:
    return {
        name: respelled_time(value) if name in TIMES and isinstance(value, str) else value
        for name, value in one.items()
    }


def _policy(policy: Object) -> Object:
    return _lasting(_sets(_without_defaults(_times(policy))))


def _app(app: Object) -> Object:
    spelled = _lasting(_sets(_without_defaults(_times(app))))
    spelled["policies"] = [_policy(policy) for policy in app["policies"]] or None
    spelled["tags"] = sorted(app["tags"], key=str.lower) or None
    spelled["destinations"] = [_destination(one) for one in app["destinations"]]
    absent = {"same_site_cookie_attribute": "", "cors_headers": None, "logo_url": ""}
    return {**absent, **spelled, "uid": app["id"], "domain_type": "public"}


def _destination(one: Object) -> Object:
    ports = one.get("port_range", "-")
    return one if "-" in ports else {**one, "port_range": f"{ports}-{ports}"}


def _without_defaults(one: Object) -> Object:
    return {
        name: value
        for name, value in one.items()
        if not (name in FALSE_OR_ABSENT and value is False)
        and not (name in TRUE_OR_ABSENT and value is True)
    }


def _sets(one: Object) -> Object:
    return {
        name: (value[::-1] or None) if name in SETS and isinstance(value, list) else value
        for name, value in one.items()
    }


def _lasting(one: Object) -> Object:
    lasting = one.get("session_duration")
    return {**one, "session_duration": respelled_duration(lasting)} if lasting else one


def _group(group: Object) -> Object:
    return {**_sets(_times(group)), "is_default": None}


def _tunnel(tunnel: Object) -> Object:
    spelled = _times(tunnel)
    del spelled["config_src"]
    return spelled


def _configuration(stored: Object) -> Object:
    config = stored["config"]
    rules = [_rule(rule) for rule in config["ingress"]]
    origin = _origin(config.get("originRequest", {}))
    spelled = {**config, "ingress": rules, "originRequest": origin}
    return {**_times(stored), "config": {"warp-routing": {"enabled": False}, **spelled}}


def _rule(rule: Object) -> Object:
    origin = _origin(rule.get("originRequest", {}))
    return {"hostname": "", "path": None, **rule, "originRequest": origin}


def _origin(origin: Object) -> Object:
    if not origin:
        return {}
    nulls: dict[str, Any] = {"caPool": None, "httpHostHeader": None, "noTLSVerify": None}
    return {**nulls, **origin}


def _record(record: Object) -> Object:
    off = {"ipv4_only": False, "ipv6_only": False, "flatten_cname": False}
    spelled = {**_times(record), "tags": record["tags"][::-1] or None}
    return {**spelled, "settings": {**off, **record["settings"]}, "private_routing": False}


def _batch(result: Object) -> Object:
    return {name: [_record(one) for one in done] or None for name, done in result.items()}


WHIMS: Mapping[str, Whim] = {
    "app": _app,
    "policy": _policy,
    "group": _group,
    "tunnel": _tunnel,
    "tunnel_configuration": _configuration,
    "dns_record": _record,
    "dns_batch": _batch,
}
