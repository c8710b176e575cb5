"""An account in which others have been at work before: by hand, and with another stack."""

from __future__ import annotations

import json
from typing import Any

from tests.support.account import Account

Json = Any
# What files may claim by its id, by section.
CLAIMS = {
    "groups": "c1a10000-0000-4000-8000-000000000001",
    "policies": "c1a10000-0000-4000-8000-000000000002",
    "tunnels": "c1a10000-0000-4000-8000-000000000003",
    "applications": "c1a10000-0000-4000-8000-000000000004",
}
CLAIMED_HOST = "claimed.example.com"


def lived_in(account: Account) -> None:
    """Fill the account with objects that no file of the stack ``prod`` is about."""
    call = account.call
    _claimable(account)
    call("POST", "{A}/access/service_tokens", {"name": "ci"})
    for tag in ("shared", "ztctl-other", "ztctl-prod-like", "ztctl-pro"):
        call("POST", "{A}/access/tags", {"name": tag})
    group = call("POST", "{A}/access/groups", {"name": "Everyone at Acme", "include": _ACME})
    ours = {"group": {"id": group["id"]}}
    policy = {"name": "Company", "decision": "allow", "include": [ours], "session_duration": "9h"}
    company = call("POST", "{A}/access/policies", policy)["id"]
    _stack(account, "plain", [], company, "")
    _stack(account, "other", ["ztctl-other"], company, "ztctl-other")
    _stack(account, "like", ["ztctl-prod-like"], company, "ztctl-prod-like")
    for kind, name in (("azureAD", "Entra"), ("github", "GitHub"), ("saml", "Corporate SAML")):
        body = {"name": name, "type": kind, "config": {}}
        call("POST", "{A}/access/identity_providers", body)


def _claimable(account: Account) -> None:
    """One object of each kind that can be claimed, under an id that files can name."""
    call = account.call
    made = {
        "groups": ("access_group", "access/groups", {"name": "Their group", "include": _ACME}),
        "policies": (
            "policy",
            "access/policies",
            {"name": "Their policy", "decision": "allow", "include": _ACME},
        ),
        "tunnels": ("tunnel", "cfd_tunnel", {"name": "Their tunnel", "config_src": "cloudflare"}),
        "applications": (
            "app",
            "access/apps",
            {"type": "self_hosted", "name": "Their application", "domain": CLAIMED_HOST},
        ),
    }
    for section, (kind, path, body) in made.items():
        key, id_ = call("POST", f"{{A}}/{path}", body)["id"], CLAIMS[section]
        with account.sandbox.session() as state:
            stored = state.store.get(kind, key)
            assert stored is not None
            state.store.remove(kind, key)
            state.store.put(kind, id_, {**stored, "id": id_})


def _stack(account: Account, word: str, tags: list[str], policy: str, mark: str) -> None:
    """One host as somebody else would have it, with or without somebody's mark."""
    call, host = account.call, f"{word}.foreign.example.com"
    suffix = f".{mark}" if mark else ""
    call("POST", "{A}/access/groups", {"name": f"{word}{suffix}", "include": _ACME})
    body = {"type": "self_hosted", "name": host, "domain": host, "tags": tags, "policies": [policy]}
    app = call("POST", "{A}/access/apps", body)
    call("POST", f"{{A}}/access/apps/{app['id']}/ca")
    name = {"name": f"{word}-pool{suffix}", "config_src": "cloudflare"}
    tunnel = call("POST", "{A}/cfd_tunnel", name)["id"]
    rules = [{"hostname": host, "service": "ssh://localhost:22"}, {"service": "http_status:404"}]
    call("PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", {"config": {"ingress": rules}})
    record = {"type": "CNAME", "name": host, "content": f"{tunnel}.cfargotunnel.com"}
    zone = account.one("zones", name="example.com")["id"]
    comment = f"by hand {mark}".strip()
    network = {"name": f"{word}-net", "comment": comment}
    inside = call("POST", "{A}/teamnet/virtual_networks", network)["id"]
    route = {"network": "10.0.0.0/8", "tunnel_id": tunnel, "comment": comment}
    call("POST", "{A}/teamnet/routes", {**route, "virtual_network_id": inside})
    logs = {"name": f"{word}-ssh", "action": "audit_ssh", "traffic": "net.dst.ip == 10.0.0.1"}
    call("POST", "{A}/gateway/rules", {**logs, "description": comment})
    call("POST", f"/zones/{zone}/dns_records", {**record, "proxied": True, "comment": comment})
    text = {"type": "TXT", "name": host, "content": "v=spf1 -all", "comment": "not ztctl-prod's"}
    call("POST", f"/zones/{zone}/dns_records", text)


_ACME = [{"email_domain": {"domain": "acme.example"}}]


def snapshot(account: Account) -> dict[str, str]:
    """Every object of the account that no file claims as text, byte by byte, by kind and id."""
    named = (
        (kind, item.get("id") or item.get("tunnel_id") or item.get("name"), item)
        for kind, items in account.everything().items()
        for item in items
    )
    return {
        f"{kind} {key}": json.dumps(item) for kind, key, item in named if key not in CLAIMS.values()
    }


def changed(before: dict[str, str], account: Account) -> list[str]:
    """The objects of an earlier snapshot that are no longer what they were."""
    now = snapshot(account)
    return [key for key, text in before.items() if now.get(key) != text]


def marked(account: Account) -> list[str]:
    """Everything living that carries the mark of the stack ``prod``, protected or not."""
    found = []
    for kind, items in account.everything().items():
        for item in items:
            words = [
                *item.get("tags", ()),
                str(item.get("comment") or item.get("description") or "").rpartition(" ")[2],
                str(item.get("name")).rpartition(".ztctl-")[2].join(["ztctl-", ""])
                if ".ztctl-" in str(item.get("name"))
                else str(item.get("name")),
            ]
            ours = {"ztctl-prod", "ztctl-prod.protect", "ztctl-prod--protect"} & set(words)
            if ours and not item.get("deleted_at"):
                found.append(f"{kind} {item.get('name')}")
    return found
