"""Whole accounts as others fill them: bodies of API calls, with names that nobody would expect."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.support.account import Account

Json = Any
Drawn = dict[str, Any]
NAMES = (
    "Ops",
    "std",
    "NO",
    "1e3",
    "022",
    "a.b",
    "🚀",
    "a\u202eb",
    "${x}",
    "~",
    "x.ztctl-other",
    "- y",
)
HOSTS = tuple(f"{name}.example.com" for name in ("a", "b", "c", "*", "d.e", "xn--bcher-kva"))
names = st.sampled_from(NAMES) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8
).filter(lambda it: it.strip() and "ztctl-" not in it)
ELEMENTS: tuple[Json, ...] = (
    {"everyone": {}},
    {"email": {"email": "Ann@example.com"}},
    {"email": {"email": "bob@example.com"}},
    {"email_domain": {"domain": "example.com"}},
    {"geo": {"country_code": "NO"}},
    {"geo": {"country_code": "PT"}},
    {"ip": {"ip": "192.0.2.0/24"}},
    {"certificate": {}},
    {"auth_method": {"auth_method": "mfa"}},
)
elements = st.lists(st.sampled_from(ELEMENTS), max_size=3, unique_by=str)
included = st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=3, unique_by=str)
sessions = st.sampled_from(("30m", "8h", "24h"))
rules = st.fixed_dictionaries(
    {"include": included}, optional={"exclude": elements, "require": elements}
)
SETTINGS: tuple[Json, ...] = (
    {},
    {"connectTimeout": 30, "noTLSVerify": True},
    {"bastionMode": True, "proxyAddress": "127.0.0.1"},
    {"httpHostHeader": "", "keepAliveConnections": 10, "unheard_of": {"a": 1}},
)
OTHER_TYPES = ("bookmark", "app_launcher", "warp", "vnc")


@st.composite
def accounts(draw: st.DrawFn) -> Drawn:
    """What somebody made, in the order in which it is made; references are places in lists."""
    groups = draw(st.lists(st.tuples(names, rules), max_size=3))
    group = st.none() | st.integers(0, max(0, len(groups) - 1))
    decision = st.sampled_from(("allow", "deny", "bypass", "non_identity"))
    policy = st.tuples(names, decision, rules, group, st.none() | sessions)
    policies = draw(st.lists(policy, max_size=3))
    place = st.integers(0, max(0, len(policies) - 1))
    fields = st.fixed_dictionaries(
        {"name": names},
        optional={
            "app_launcher_visible": st.booleans(),
            "session_duration": sessions,
            "custom_deny_message": names,
            "http_only_cookie_attribute": st.booleans(),
        },
    )
    attached = st.lists(place, max_size=3, unique=True)
    return {
        "groups": groups,
        "policies": policies,
        "apps": draw(
            st.dictionaries(st.sampled_from(HOSTS), st.tuples(fields, attached, st.booleans()))
        ),
        "rules": draw(st.dictionaries(st.sampled_from(HOSTS), st.sampled_from(SETTINGS))),
        "records": draw(st.lists(st.sampled_from(HOSTS), unique=True)),
        "comment": draw(st.just("") | names),
        "checked": draw(st.booleans()),
        "tunnel": draw(names),
        "others": draw(st.lists(st.sampled_from(OTHER_TYPES), max_size=2, unique=True)),
        "local": draw(st.booleans()),
    }


def fill(account: Account, drawn: Drawn) -> None:
    """Make it, call by call."""
    call = account.call
    groups = [
        call("POST", "{A}/access/groups", {"name": name, **made})["id"]
        for name, made in drawn["groups"]
    ]
    policies = [_policy(account, it, groups) for it in drawn["policies"]]
    auds = {}
    for host, (fields, attached, has_ca) in drawn["apps"].items():
        used = [policies[it] for it in attached if policies]
        body = {"type": "self_hosted", "domain": host, **fields, "policies": used}
        app = call("POST", "{A}/access/apps", body)
        auds[host] = app["aud"]
        if has_ca:
            call("POST", f"{{A}}/access/apps/{app['id']}/ca")
    for type_ in drawn["others"]:
        body = {"type": type_, "name": type_, "domain": f"{type_.replace('_', '-')}.example.com"}
        call("POST", "{A}/access/apps", body)
    pool = call("POST", "{A}/cfd_tunnel", {"name": drawn["tunnel"], "config_src": "cloudflare"})[
        "id"
    ]
    listed = [
        _rule(host, it, auds, drawn) for host, it in sorted(drawn["rules"].items(), key=_order)
    ]
    config = {"ingress": [*listed, {"service": "http_status:404"}]}
    call("PUT", f"{{A}}/cfd_tunnel/{pool}/configurations", {"config": config})
    if drawn["local"]:
        body = {"name": f"{drawn['tunnel']} local", "config_src": "local"}
        call("POST", "{A}/cfd_tunnel", body)
    zone = account.one("zones", name="example.com")["id"]
    for host in drawn["records"]:
        record = {"type": "CNAME", "name": host, "content": f"{pool}.cfargotunnel.com"}
        comment = drawn["comment"] if drawn["comment"].isprintable() else "by hand"
        call("POST", f"/zones/{zone}/dns_records", {**record, "proxied": True, "comment": comment})


def _order(item: tuple[str, Json]) -> tuple[bool, str]:
    # A wildcard before a name would take its requests.
    return item[0].startswith("*"), item[0]


def _rule(host: str, settings: Json, auds: dict[str, str], drawn: Drawn) -> Json:
    found = dict(settings)
    if drawn["checked"] and host in auds:
        found["access"] = {"required": True, "teamName": "acme", "audTag": [auds[host]]}
    more = {"originRequest": found} if found else {}
    return {"hostname": host, "service": "ssh://localhost:22", **more}


def _policy(account: Account, drawn: Any, groups: list[str]) -> str:
    name, decision, made, group, session = drawn
    more = [{"group": {"id": groups[group]}}] if group is not None and groups else []
    body = {"name": name, "decision": decision, **made, "include": [*made["include"], *more]}
    stated = {"session_duration": session} if session else {}
    return str(account.call("POST", "{A}/access/policies", {**body, **stated})["id"])
