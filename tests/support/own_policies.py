"""An application with policies of its own, made by hand, and the files that state them."""

from __future__ import annotations

from typing import Any

from tests.support.account import Account
from tests.support.files import HOST

ANN, BOB = "ann@example.com", "bob@example.com"
APP = f"access_application.{HOST}"
OFFICE: dict[str, Any] = {
    "name": "Office",
    "decision": "bypass",
    "include": [{"ip": {"ip": "203.0.113.0/28"}}],
}
STAFF: dict[str, Any] = {
    "name": "Staff",
    "decision": "allow",
    "include": [{"email": {"email": ANN}}, {"email": {"email": BOB}}],
    "require": [{"geo": {"country_code": "PT"}}],
    "session_duration": "8h",
}
LEAVERS: dict[str, Any] = {
    "name": "Leavers",
    "decision": "deny",
    "include": [{"email": {"email": "eve@example.com"}}],
}
STD: dict[str, Any] = {
    "name": "std",
    "decision": "allow",
    "include": [{"email": {"email": "root@example.com"}}],
    "session_duration": "8h",
}
# The same as a file states them.
OWN: list[Any] = [
    {"name": "Office", "decision": "bypass", "include": [{"ip": "203.0.113.0/28"}]},
    {
        "name": "Staff",
        "decision": "allow",
        "include": [{"email": [ANN, BOB]}],
        "require": [{"country": "PT"}],
        "session_duration": "8h",
    },
    {"name": "Leavers", "decision": "deny", "include": [{"email": "eve@example.com"}]},
]


def by_hand(account: Account, **fields: Any) -> Any:
    """A host made by hand: a bypass, an allow and a deny of its own, and a reusable policy."""
    std = account.call("POST", "{A}/access/policies", STD)["id"]
    own = [{**OFFICE, "precedence": 2}, {**STAFF, "precedence": 4}, {**LEAVERS, "precedence": 7}]
    body = {"type": "self_hosted", "name": HOST, "domain": HOST, **fields}
    linked = {"id": std, "precedence": 9}
    app = account.call("POST", "{A}/access/apps", {**body, "policies": [*own, linked]})
    tunnel = account.call("POST", "{A}/cfd_tunnel", {"name": "p", "config_src": "cloudflare"})["id"]
    rules = [{"hostname": HOST, "service": "ssh://localhost:22"}, {"service": "http_status:404"}]
    account.call("PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": {"ingress": rules}})
    record = {"type": "CNAME", "name": HOST, "content": f"{tunnel}.cfargotunnel.com"}
    zone = account.one("zones", name="example.com")["id"]
    account.call("POST", f"/zones/{zone}/dns_records", {**record, "proxied": True})
    account.forget_log()
    return app


def stated(*policies: Any, **sections: Any) -> dict[str, Any]:
    """The file of that application, with these policies."""
    return {**sections, "applications": {HOST: {"policies": [*policies]}}}


def attached(account: Account) -> list[tuple[str, str, int, bool]]:
    """Id, name, precedence and sort of the application's policies, in order."""
    (app,) = account.call("GET", "{A}/access/apps")
    return [(it["id"], it["name"], it["precedence"], it["reusable"]) for it in app["policies"]]


def reusable(staff: dict[str, Any] | None = None) -> dict[str, Any]:
    """The file in which the own policies are ones of the account."""
    policies = {it["name"].lower(): {**it} for it in OWN}
    policies["staff"] |= staff or {}
    return stated("office", "staff", "leavers", {"live": "std"}, policies=policies)
