"""Strategies for what leads to an origin: tunnels with their rules, records, CA keys."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.support.foreign import CLAIMS
from tests.support.strategies.parts import Made, Side, flags, optional, origin_request, some, words

OWN_TUNNELS = ("t0", "t1")
SERVICES = ("ssh://localhost:22", "tcp://10.0.0.7:2222", "http://web:8080", "bastion")
PAID = "example.com"


@st.composite
def tunnels(draw: st.DrawFn, covered: tuple[str, ...], applications: Side) -> Side:
    """Tunnels whose rules lead to covered names, and one that no record names."""
    found: Side = {}
    for key in draw(some(st.sampled_from(OWN_TUNNELS), 2)):
        found[key] = {
            "ingress": draw(_ingress(covered, tuple(applications))),
            **draw(
                optional(
                    origin_request=origin_request(),
                    config=st.just("cloudflare"),
                    protect=flags,
                )
            ),
        }
    # A tunnel that is only claimed is nobody's once the file says nothing of it: it stays.
    return {**found, "claimed-tunnel": {"id": CLAIMS["tunnels"]}}


@st.composite
def networks(draw: st.DrawFn) -> Side:
    """Virtual networks beside the account's default one."""
    fields = optional(comment=words | st.just(""), protect=flags)
    found = {key: draw(fields) for key in draw(some(st.sampled_from(["n0", "n1"])))}
    if draw(flags):
        found["renamed"] = {"name": "Lab 1", **draw(fields)}
    return found


@st.composite
def routes(draw: st.DrawFn, tunnels: tuple[str, ...], networks: tuple[str, ...]) -> Side:
    """Private routes: by range, and by a key of their own where networks hold the same range."""
    fields = optional(comment=words | st.just(""), protect=flags)
    tunnel = st.sampled_from(tunnels)
    found: Side = {
        key: {"tunnel": draw(tunnel), **draw(fields)}
        for key in draw(some(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "fd00::/8"])))
    }
    for network in draw(some(st.sampled_from(networks))) if networks else ():
        place = {"network": "10.0.0.0/8", "virtual_network": network}
        found[f"in-{network}"] = {**place, "tunnel": draw(tunnel), **draw(fields)}
    return found


@st.composite
def gateway_rules(draw: st.DrawFn) -> Side:
    """Rules that log SSH, of which each has a place of its own where one is stated."""
    traffic = st.sampled_from(["net.dst.ip in {10.0.0.5}", "net.dst.ip == 10.0.0.7"])
    return {
        key: {"traffic": draw(traffic), **draw(_rule_fields(place))}
        for place, key in enumerate(("r0", "r1"))
        if draw(flags)
    }


@cache
def _rule_fields(place: int) -> Made:
    return optional(
        name=st.just(f"Rule {place}"),
        precedence=st.just(500 + place),
        identity=st.sampled_from(['identity.email == "a@example.com"', ""]),
        device_posture=st.just("any(device_posture.checks.passed[*] in {0})"),
        enabled=flags,
        command_logging=flags,
        description=words | st.just(""),
        protect=flags,
    )


@st.composite
def audit_keys(draw: st.DrawFn) -> Side:
    """The account's SSH audit key: always the same, since another one is only adopted."""
    key = {"account": {"public_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}
    return key if draw(flags) else {}


def extensible(tunnels: Side) -> tuple[str, ...]:
    """The tunnels whose rules do not end in one for every name: the short form may add to them."""
    return tuple(
        key
        for key, fields in tunnels.items()
        if all("hostname" in rule for rule in fields.get("ingress", []))
    )


@st.composite
def _ingress(draw: st.DrawFn, covered: tuple[str, ...], applications: tuple[str, ...]) -> list[Any]:
    inner = ["unseen.example.com"]
    names = draw(some(st.sampled_from([*covered, *inner]), 4))
    # An exact name goes before a star that would hide it.
    in_order = sorted(names, key=lambda name: "*" in name)
    rules = [draw(_rule(name, covered, applications)) for name in in_order]
    if draw(flags):
        rules.append({"service": draw(st.sampled_from(["http_status:404", "http_status:503"]))})
    return rules


@st.composite
def _rule(
    draw: st.DrawFn, name: str, covered: tuple[str, ...], applications: tuple[str, ...]
) -> Side:
    rule: Side = {"hostname": name, "service": draw(st.sampled_from(SERVICES))}
    if draw(flags):
        rule["origin_request"] = draw(origin_request(applications))
    if name in covered:
        rule |= draw(optional(access=flags, path=st.just("^/tools")))
    return rule


@st.composite
def records(draw: st.DrawFn, covered: tuple[str, ...], tunnels: tuple[str, ...]) -> Side:
    """Records of covered names, each leading to some tunnel."""
    if not (covered and tunnels):
        return {}
    names = draw(some(st.sampled_from(covered), 4))
    return {name: draw(_record(name, tunnels)) for name in names}


@st.composite
def _record(draw: st.DrawFn, name: str, tunnels: tuple[str, ...]) -> Side:
    fields: Side = {"tunnel": draw(st.sampled_from(tunnels))}
    fields |= draw(_record_fields())
    if fields.get("proxied") is False and draw(flags):
        fields["ttl"] = draw(st.sampled_from([1, 300, 86400]))
    if name.endswith(PAID) and draw(flags):
        fields["tags"] = draw(some(st.sampled_from(["team:a", "env:prod", "x:y"])))
    return fields


@cache
def _record_fields() -> Made:
    return optional(
        comment=words | st.just(""),
        proxied=flags,
        settings=optional(ipv4_only=flags, ipv6_only=flags),
        protect=flags,
    )


@st.composite
def ca_keys(draw: st.DrawFn, applications: tuple[str, ...]) -> Side:
    """CA keys of some applications, under their names or others."""
    if not applications:
        return {}
    chosen = draw(some(st.sampled_from(applications)))
    return {
        f"key of {key}" if draw(flags) else key: {"application": key}
        if draw(flags)
        else {"application": key, "public_key_file": f"ca/{key.strip('*.')}.pub"}
        for key in chosen
    }
