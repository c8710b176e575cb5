"""The catalogue of perpetual differences: what the service does to a value is no edit.

Each row says how a file states something and how the service gives it back (Cloudflare OpenAPI
description, Terraform provider v5 and its acceptance tests, July 2026).
"""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.canonical import replaced
from ztctl.core.model.values import Lookup
from ztctl.core.planning.compare import differing, recanonised

from .replay import declare, kind, live_of

NAME = "ssh.example.com"
FALSE_FLAGS = [
    "enable_binding_cookie",
    "options_preflight_bypass",
    "auto_redirect_to_identity",
    "service_auth_401_redirect",
    "skip_interstitial",
    "allow_iframe",
    "path_cookie_attribute",
    "allow_authenticate_via_warp",
    "use_clientless_isolation_app_launcher_url",
]
TRUE_FLAGS = [
    "http_only_cookie_attribute",
    "app_launcher_visible",
    "eager_redirect_cookie_setting",
]
POLICY_FLAGS = ["approval_required", "purpose_justification_required", "isolation_required"]
Row = tuple[str, dict[str, Any], dict[str, Any]]


def app(stated: dict[str, Any], **reply: Any) -> Row:
    """A row about an application."""
    base = {"id": "a", "name": NAME, "type": "self_hosted", "domain": NAME}
    return "access_application", stated, {**base, **reply}


def policy(stated: dict[str, Any], **reply: Any) -> Row:
    """A row about a policy."""
    rules = {"decision": "allow", "include": [{"email": "ann@example.com"}]}
    raw = {"id": "p", "name": NAME, "decision": "allow"}
    include = [{"email": {"email": "ann@example.com"}}]
    return "access_policy", {**rules, **stated}, {**raw, "include": include, **reply}


def group(stated: dict[str, Any], **reply: Any) -> Row:
    """A row about a group."""
    return "access_group", stated, {"id": "g", "name": NAME, **reply}


def record(stated: dict[str, Any], **reply: Any) -> Row:
    """A row about a record."""
    raw = {"id": "r", "type": "CNAME", "name": NAME, "content": "t.cfargotunnel.com", "ttl": 1}
    return (
        "dns_record",
        {"tunnel": {"id": "t"}, **stated},
        {**raw, "proxied": True, "comment": None, **reply},
    )


PRIVATE = {"cidr": "10.0.0.7", "l4_protocol": "tcp", "port_range": "22"}
ROWS: dict[str, Row] = {
    "1 domain alone": app({}),
    "1 destinations mirror the domain": app(
        {}, destinations=[{"type": "public", "uri": NAME}], self_hosted_domains=[NAME]
    ),
    "1 old mirror only": app({}, domain="x", self_hosted_domains=[NAME]),
    "1 domain stated": app({"domain": NAME}, destinations=[{"type": "public", "uri": NAME}]),
    "1 destinations stated": app({"destinations": [NAME]}),
    "1 order of destinations": app(
        {"destinations": ["b.example.com", NAME]},
        destinations=[{"uri": NAME}, {"type": "public", "uri": "b.example.com"}],
    ),
    "1 case and script of the host": app({"domain": "SSH.Example.com"}),
    "1 lone slash": app({"domain": f"{NAME}/"}),
    "2 address gets a mask, port a range": app(
        {"destinations": [PRIVATE]},
        destinations=[
            {
                "type": "private",
                "cidr": "10.0.0.7/32",
                "l4_protocol": "tcp",
                "port_range": "22-22",
                "vnet_id": None,
            }
        ],
    ),
    "3 tags sorted": app({"tags": [{"id": "b"}, {"id": "a"}]}, tags=["a", "b"]),
    "4 providers re-ordered": app(
        {"allowed_idps": [{"id": "2"}, {"id": "1"}]}, allowed_idps=["1", "2"]
    ),
    "4 providers null": app({}, allowed_idps=None),
    "4 providers empty": app({"allowed_idps": []}, allowed_idps=None),
    "5 policies as objects": app(
        {"policies": [{"id": "y"}, {"id": "x"}]},
        policies=[
            {"id": "x", "precedence": 2, "name": "n", "decision": "allow", "include": []},
            {"id": "y", "precedence": 1},
        ],
    ),
    **{f"7 {flag} absent": app({flag: False}) for flag in FALSE_FLAGS},
    **{f"7 {flag} null": app({}, **{flag: None}) for flag in FALSE_FLAGS},
    **{f"7 {flag} false": app({}, **{flag: False}) for flag in FALSE_FLAGS},
    **{f"8 {flag} absent": app({flag: True}) for flag in TRUE_FLAGS},
    **{f"8 {flag} true": app({}, **{flag: True}) for flag in TRUE_FLAGS},
    "9 session absent": app({"session_duration": "24h"}),
    "9 session filled in": app({}, session_duration="24h"),
    "9 session spelt out": app({"session_duration": "1440m"}, session_duration="24h0m0s"),
    "9 policy session unsaid": policy({}, session_duration="24h"),
    "9 policy session as duration": policy({"session_duration": "90m"}, session_duration="1h30m"),
    "10 empty objects": app({}, cors_headers={}, mfa_config={"allowed_authenticators": []}),
    "10 cors false is absent": app(
        {"cors_headers": {"allowed_origins": ["https://b", "https://a"]}},
        cors_headers={"allowed_origins": ["https://a", "https://b"], "allow_credentials": False},
    ),
    "10 same site empty": app({"same_site_cookie_attribute": None}, same_site_cookie_attribute=""),
    "10 texts empty": app({"logo_url": None, "custom_deny_url": None}, logo_url=""),
    "11 lists null": policy({}, exclude=None, require=None),
    "11 lists empty": policy({"exclude": [], "require": None}, exclude=None, require=[]),
    "11 approvals null": policy({}, approval_groups=None),
    **{f"11 {flag} absent": policy({flag: False}) for flag in POLICY_FLAGS},
    **{f"11 {flag} null": policy({}, **{flag: None}) for flag in POLICY_FLAGS},
    "12 rule order": group(
        {"include": [{"country": "PT"}, {"email": ["b@example.com", "a@example.com"]}]},
        include=[
            {"email": {"email": "a@example.com"}},
            {"geo": {"country_code": "PT"}},
            {"email": {"email": "b@example.com"}},
        ],
    ),
    "13 mask and case": group(
        {"include": [{"ip": "192.0.2.7"}, {"email": "Ann@Example.com"}, {"country": "pt"}]},
        include=[
            {"geo": {"country_code": "PT"}},
            {"ip": {"ip": "192.0.2.7/32"}},
            {"email": {"email": "ann@example.com"}},
        ],
    ),
    "13 short IPv6": group(
        {"include": [{"ip": "2001:0db8:0::1"}]}, include=[{"ip": {"ip": "2001:db8::1/128"}}]
    ),
    "14 default group": group(
        {"include": [{"everyone": True}]}, include=[{"everyone": {}}], is_default=[{}]
    ),
    "15 counters": policy(
        {}, app_count=7, updated_at="2026-07-01T00:00:00Z", reusable=True, precedence=1
    ),
    "23 absolute name": record({}, name="SSH.example.com."),
    "23 content": record({}, content="T.cfargotunnel.com."),
    "24 ttl of a proxied record": record({"ttl": 300}, ttl=1),
    "24 ttl given back": record({}, ttl=300),
    "24 ttl of an unproxied record": record({"proxied": False, "ttl": 300}, proxied=False, ttl=300),
    **{
        f"25 settings {settings}": record({}, settings=settings, tags=[])
        for settings in (None, {}, {"flatten_cname": False, "ipv4_only": None})
    },
    "25 settings stated to be off": record({"settings": {"flatten_cname": False}}, settings={}),
    "25 tags as a set": record({"tags": ["b:2", "a:1"]}, tags=["a:1", "b:2"]),
    "25 tags empty": record({"tags": []}, tags=None),
    "25 comment null": record({"comment": None}, comment=None),
    "26 times and meta": record(
        {}, meta={"auto_added": False}, modified_on="2026-07-01T00:00:00Z", proxiable=True
    ),
}


def edits(row: Row, configuration: Any = None) -> tuple[str, ...]:
    """The fields in which the service would differ from the file."""
    name, stated, reply = row
    wanted = declare(name, NAME, **stated)
    specs = kind(name).specs
    live = live_of(name, reply, configuration).values
    values = {field: replaced(value, _resolved) for field, value in wanted.values.items()}
    return differing(specs, recanonised(specs, values), live)


def _resolved(leaf: Any) -> Any:
    return leaf.template.format(leaf.name) if isinstance(leaf, Lookup) else leaf


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_another_spelling_is_no_edit(row: Row) -> None:
    """What the service gives back in other words is what the file says."""
    assert edits(row) == ()


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (app({}, allow_iframe=True), "allow_iframe"),
        (app({}, app_launcher_visible=False), "app_launcher_visible"),
        (app({}, session_duration="8h"), "session_duration"),
        (app({}, policies=[{"id": "x"}]), "policies"),
        (app({}, destinations=[{"uri": NAME}, {"uri": "b.example.com"}]), "destinations"),
        (app({}, destinations=[{"uri": f"{NAME}/admin"}]), "destinations"),
        (
            app(
                {"policies": [{"id": "x"}, {"id": "y"}]},
                policies=[{"id": "x", "precedence": 2}, {"id": "y", "precedence": 1}],
            ),
            "policies",
        ),
        (policy({}, exclude=[{"everyone": {}}]), "exclude"),
        (policy({}, include=[{"brand_new": {"id": 1}}]), "include"),
        (policy({}, isolation_required=True), "isolation_required"),
        (record({}, proxied=False, ttl=1), "proxied"),
        (record({}, content="other.cfargotunnel.com"), "tunnel"),
    ],
)
def test_a_managed_field_that_somebody_changed_is_an_edit(row: Row, field: str) -> None:
    """Rules, policies, destinations and what has a default are managed though unsaid."""
    assert edits(row) == (field,)


@pytest.mark.parametrize(
    "row",
    [
        app(
            {},
            logo_url="https://x.test/l.png",
            custom_pages=["p"],
            read_service_tokens_from_header="X",
        ),
        app({}, cors_headers={"allow_all_origins": True}, same_site_cookie_attribute="lax"),
        policy({}, purpose_justification_prompt="why?", mfa_config={"mfa_disabled": True}),
        record({}, tags=["team:ops"], settings={"flatten_cname": True}),
    ],
)
def test_a_field_without_a_default_is_left_to_others(row: Row) -> None:
    """What no file states and nobody assumes is not managed."""
    assert edits(row) == ()


TUNNEL = {"id": "t", "name": "edge", "config_src": "cloudflare"}
RULE = {"hostname": NAME, "service": "ssh://localhost:22"}
CLOSING = {"service": "http_status:404"}
CONFIGURATIONS: dict[str, tuple[dict[str, Any], dict[str, Any], Any]] = {
    "16 status and connections": (
        {},
        {
            **TUNNEL,
            "status": "healthy",
            "connections": [{}],
            "metadata": {},
            "conns_active_at": "x",
        },
        {"ingress": [CLOSING]},
    ),
    "18 source by its old twin": (
        {},
        {**TUNNEL, "config_src": None, "remote_config": True},
        {"ingress": [CLOSING]},
    ),
    "19 nulls and empty objects": (
        {"ingress": [RULE]},
        TUNNEL,
        {
            "ingress": [
                {**RULE, "path": None, "originRequest": {}},
                {**CLOSING, "hostname": "", "path": "", "originRequest": {"access": None}},
            ],
            "originRequest": {"noTLSVerify": None},
            "warp-routing": {"enabled": False},
        },
    ),
    "19 false inside": (
        {"ingress": [{**RULE, "origin_request": {"no_tls_verify": False}}]},
        TUNNEL,
        {"ingress": [{**RULE, "originRequest": {"noTLSVerify": False}}, CLOSING]},
    ),
    "20 durations in seconds": (
        {"ingress": [{**RULE, "origin_request": {"connect_timeout": "1m30s"}}]},
        TUNNEL,
        {"ingress": [{**RULE, "originRequest": {"connectTimeout": 90}}, CLOSING]},
    ),
    "20 settings for all": (
        {"origin_request": {"keep_alive_timeout": "90s", "http2_origin": True}},
        TUNNEL,
        {"ingress": [CLOSING], "originRequest": {"keepAliveTimeout": 90, "http2Origin": True}},
    ),
    "audience as a set": (
        {
            "origin_request": {
                "access": {"aud_tag": [{"id": "b"}, {"id": "a"}], "team_name": "acme"}
            }
        },
        TUNNEL,
        {
            "ingress": [CLOSING],
            "originRequest": {
                "access": {"required": True, "teamName": "acme", "audTag": ["a", "b"]}
            },
        },
    ),
    "a service in capitals": (
        {"ingress": [{**RULE, "service": "ssh://LocalHost:22"}]},
        TUNNEL,
        {"ingress": [{**RULE, "service": "SSH://localhost:22"}, CLOSING]},
    ),
    "a long address": (
        {"ingress": [{**RULE, "service": "ssh://[2001:db8::1]:2222"}]},
        TUNNEL,
        {"ingress": [{**RULE, "service": "ssh://[2001:DB8:0:0:0:0:0:1]:2222"}, CLOSING]},
    ),
    "star is no name": (
        {"ingress": [{"hostname": "*", "service": "ssh://localhost:22"}]},
        TUNNEL,
        {"ingress": [{"service": "ssh://localhost:22"}]},
    ),
    "script of a host": (
        {"ingress": [{**RULE, "hostname": "münchen.example.com"}]},
        TUNNEL,
        {"ingress": [{**RULE, "hostname": "xn--mnchen-3ya.example.com"}, CLOSING]},
    ),
    "nothing but the closing rule": ({}, TUNNEL, {"ingress": [CLOSING]}),
}


@pytest.mark.parametrize(("stated", "reply", "config"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_another_spelling_of_a_configuration_is_no_edit(
    stated: dict[str, Any], reply: dict[str, Any], config: Any
) -> None:
    """A tunnel comes back with volatile fields, nulls and numbers, and is the same tunnel."""
    specs = kind("tunnel").specs
    wanted = recanonised(specs, declare("tunnel", "edge", **stated).values)

    assert differing(specs, wanted, live_of_declared(reply, config)) == ()


def live_of_declared(reply: dict[str, Any], config: Any) -> Any:
    """The live values of a tunnel that carries the mark, so that its configuration is read."""
    marked = {**reply, "name": "edge.ztctl-prod"}
    return {**live_of("tunnel", marked, {"config": config, "version": 7}).values, "name": "edge"}


def test_a_tunnel_without_rules_is_not_yet_as_wanted() -> None:
    """Even the closing rule must be written once, so that nothing is served by default."""
    wanted = declare("tunnel", "edge").values

    assert differing(kind("tunnel").specs, wanted, live_of_declared(TUNNEL, None)) == ("ingress",)


def test_a_local_tunnel_differs() -> None:
    """A tunnel that a file on its host configures is another thing."""
    reply = {"id": "t", "name": "edge", "config_src": None, "remote_config": False}
    wanted = declare("tunnel", "edge").values

    found = differing(kind("tunnel").specs, wanted, live_of_declared(reply, None))

    assert "config" in found
