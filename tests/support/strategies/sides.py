"""Strategies for whole files: every kind, nearly every field, closed as files should be.

Keys come from small pools, so that two files of one test are about the same objects. Every name
that a generated file puts into DNS is covered by an application of that file, or declared public.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.support.foreign import CLAIMED_HOST, CLAIMS
from tests.support.strategies.connections import (
    OWN_TUNNELS,
    SERVICES,
    audit_keys,
    ca_keys,
    extensible,
    gateway_rules,
    networks,
    records,
    routes,
    tunnels,
)
from tests.support.strategies.parts import (
    DEFAULT_NETWORK,
    Made,
    Side,
    approvals,
    cors,
    durations,
    flags,
    mfa,
    optional,
    ruled,
    some,
    urls,
    uuids,
    words,
)

# Selectors that every decision tests.
UNASKED = frozenset(("everyone", "ip", "ip_list", "country", "common_name", "device_posture"))
# Names for objects written out, and for the short form.
NAMES = (
    "ssh.example.com",
    "db.example.org",
    "*.dev.example.com",
    "bücher.example.com",
    "web.example.org",
    "a.b.example.org",
)
SHORT = ("h1.example.com", "h2.example.com", "h3.example.org")


@st.composite
def sides(draw: st.DrawFn, *, wandering: bool = False) -> Side:
    """A whole file without its version and stack.

    Two of them give the same names to the same applications, unless names are ``wandering``.
    """
    groups = draw(_groups())
    applications = draw(_applications(wandering))
    policies = draw(_policies(tuple(groups), tuple(applications)))
    names = {key: _attachable(policies, key) for key in applications}
    for key, fields in applications.items():
        # What is only claimed outlives the stack, and would hold its policies.
        own = [] if "id" in fields else names[key]
        fields["policies"] = draw(some(st.sampled_from([*own, {"live": "Company"}])))
    covered = tuple(name for fields in applications.values() for name in _whole(fields))
    found = draw(tunnels(covered, applications))
    side = {
        "groups": groups,
        "policies": policies,
        "applications": applications,
        "virtual_networks": draw(networks()),
        "tunnels": found,
        "dns": draw(records(covered, tuple(found))),
        "private_routes": {},
        "ca_keys": draw(ca_keys(tuple(applications))),
        "ssh_audit_keys": draw(audit_keys()),
        "gateway_rules": draw(gateway_rules()),
        "hosts": draw(_hosts(extensible(found), names, applications)),
    }
    side["private_routes"] = draw(routes(tuple(found), tuple(side["virtual_networks"])))
    return {section: entries for section, entries in side.items() if entries}


@st.composite
def _groups(draw: st.DrawFn) -> Side:
    found: Side = {}
    for key in draw(some(st.sampled_from(["g0", "g1", "g2"]))):
        fields = draw(ruled(tuple(found)))
        found[key] = {**fields, **draw(_kept())}
    if draw(flags):
        rules = {"include": [{"email": "c@example.com"}]}
        found["claimed-group"] = {**rules, "id": CLAIMS["groups"], **draw(_named())}
    return found


@st.composite
def _policies(draw: st.DrawFn, groups: tuple[str, ...], applications: tuple[str, ...]) -> Side:
    keys = draw(some(st.sampled_from(["p0", "p1", "p2", "p3"]), 4))
    found = {key: draw(_policy(groups, applications)) for key in keys}
    if draw(flags):
        rule = {"email_domain": "claimed.example"}
        fields = {"decision": "allow", "include": [rule], "id": CLAIMS["policies"]}
        found["claimed-policy"] = {**fields, **draw(_named())}
    return found


@st.composite
def _policy(draw: st.DrawFn, groups: tuple[str, ...], applications: tuple[str, ...]) -> Side:
    fields = {
        **draw(ruled(groups)),
        "decision": draw(st.sampled_from(["allow", "deny", "non_identity", "bypass"])),
        **draw(_policy_fields()),
    }
    if fields.get("approval_groups"):
        fields["approval_required"] = True
    _let_somebody_pass(fields)
    machines = fields["decision"] in ("non_identity", "bypass")
    if machines and applications and draw(flags):
        # The first application alone, and no policy that links it may be its own.
        fields["include"] = [*fields["include"], {"linked_app_token": applications[0]}]
    return fields


def _let_somebody_pass(fields: Side) -> None:
    """Add what the decision can test, and drop demands that it cannot: plans refuse those."""
    if fields["decision"] in ("non_identity", "bypass"):
        asked = fields.get("require") or []
        fields["require"] = [rule for rule in asked if rule.keys() <= UNASKED]
    if not any(rule.keys() <= UNASKED for rule in fields["include"]):
        fields["include"] = [*fields["include"], {"common_name": "in-laptop"}]


@cache
def _policy_fields() -> Made:
    return optional(
        session_duration=durations,
        approval_required=flags,
        approval_groups=approvals,
        purpose_justification_required=flags,
        purpose_justification_prompt=words | st.just(""),
        isolation_required=flags,
        mfa_config=mfa,
        protect=flags,
    )


def _attachable(policies: Side, application: str) -> list[str]:
    return [
        key
        for key, fields in policies.items()
        if {"linked_app_token": application} not in fields["include"]
    ]


@st.composite
def _applications(draw: st.DrawFn, wandering: bool) -> Side:
    free = draw(st.permutations(NAMES)) if wandering else list(NAMES)
    found: Side = {}
    for number, key in enumerate(("team", "wide")):
        if draw(flags):
            places = free[2 * number : 2 * number + draw(st.integers(1, 2))]
            found[key] = {**draw(_stated_places(places)), **draw(_application_fields())}
    for name in draw(some(st.sampled_from(free[4:]))):
        found[name] = draw(_application_fields())
    if draw(flags):
        inner = [{"cidr": "10.1.2.3", "l4_protocol": "tcp", "port_range": "22"}]
        inner += [{"hostname": "inner.example.net", "vnet_id": DEFAULT_NETWORK}]
        found["inner"] = {"destinations": draw(st.permutations(inner))}
    if draw(flags):
        fields = {"id": CLAIMS["applications"], "domain": CLAIMED_HOST}
        found["claimed"] = {**fields, **draw(_named())}
    for fields in found.values():
        _agree(fields)
    return found


@st.composite
def _stated_places(draw: st.DrawFn, places: Sequence[str]) -> Side:
    first, *rest = places
    extra = draw(some(st.sampled_from([f"{first}/a/b", {"cidr": "10.9.0.0/16"}])))
    listed: list[Any] = [*rest, *extra]
    stated: Side = {"domain": first} if draw(flags) else {"destinations": [first]}
    if listed:
        stated["destinations"] = [*stated.get("destinations", []), *listed]
    return stated


@cache
def _application_fields() -> Made:
    return optional(
        session_duration=durations,
        allowed_idps=some(st.sampled_from(["Okta", "Google Workspace", {"live": "onetimepin"}])),
        auto_redirect_to_identity=flags,
        app_launcher_visible=flags,
        logo_url=urls | st.just(""),
        custom_deny_message=words | st.just(""),
        custom_deny_url=urls,
        custom_non_identity_deny_url=urls,
        custom_pages=some(uuids),
        enable_binding_cookie=flags,
        http_only_cookie_attribute=flags,
        same_site_cookie_attribute=st.sampled_from(["lax", "strict", "none"]),
        path_cookie_attribute=flags,
        eager_redirect_cookie_setting=flags,
        options_preflight_bypass=flags,
        cors_headers=cors,
        service_auth_401_redirect=flags,
        skip_interstitial=flags,
        allow_iframe=flags,
        allow_authenticate_via_warp=st.just(False),
        read_service_tokens_from_header=st.just("X-Token"),
        use_clientless_isolation_app_launcher_url=flags,
        mfa_config=mfa,
        tags=some(st.sampled_from(["team-a", "team-b", {"live": "shared"}])),
        protect=flags,
    )


def _agree(fields: Side) -> None:
    """Settle what two fields must say together."""
    if fields.get("auto_redirect_to_identity"):
        fields["allowed_idps"] = ["Okta"]
    if fields.get("options_preflight_bypass"):
        fields.pop("cors_headers", None)


def _whole(fields: Side) -> list[str]:
    """The public names of which an application covers all paths."""
    listed = [fields.get("domain"), *fields.get("destinations", [])]
    return [place for place in listed if isinstance(place, str) and "/" not in place]


@st.composite
def _hosts(
    draw: st.DrawFn, tunnels: tuple[str, ...], names: dict[str, list[str]], applications: Side
) -> Side:
    found: Side = {}
    for name in draw(some(st.sampled_from(SHORT))):
        tunnel = draw(st.sampled_from(tunnels))
        shared = [key for key in ("team", "wide") if key in applications and name != SHORT[-1]]
        ways = ["policies"] + ["application"] * bool(shared) + ["public"] * (tunnel in OWN_TUNNELS)
        fields = {"tunnel": tunnel, "service": draw(st.sampled_from(SERVICES))}
        found[name] = {**fields, **draw(_way_in(draw(st.sampled_from(ways)), names, shared))}
    return found


@st.composite
def _way_in(draw: st.DrawFn, way: str, names: dict[str, list[str]], shared: Sequence[str]) -> Side:
    if way == "public":
        return {"public": {"reason": "a status page"}}
    if way == "application":
        return {"application": draw(st.sampled_from(shared)), "ca_key": False}
    policies = sorted({key for keys in names.values() for key in keys})
    return {
        "policies": draw(some(st.sampled_from([*policies, {"live": "Company"}]))),
        **draw(optional(session_duration=durations, access=flags, ca_key=flags)),
    }


@cache
def _named() -> Made:
    return optional(name=st.sampled_from(["Theirs", "Ours by now"]))


@cache
def _kept() -> Made:
    return optional(protect=flags)
