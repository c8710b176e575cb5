"""Somebody else at work in the account: by hand, at random, also on what is not theirs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.support.account import Account
from tests.support.by_hand import put, zone

Json = Any
Deed = Callable[[Account, Random], None]
EVERYONE: Json = [{"everyone": {}}]


def ours(account: Account, section: str, chance: Random) -> Json | None:
    """Some living object of the stack ``prod``, if there is one."""
    found = [item for item in account.everything()[section] if _is_ours(item)]
    return chance.choice(found) if found else None


def _is_ours(item: Json) -> bool:
    words = {*item.get("tags", ()), str(item.get("comment") or "").rpartition(" ")[2]}
    named = str(item.get("name")).endswith((".ztctl-prod", ".ztctl-prod.protect"))
    marked = named or words & {"ztctl-prod", "ztctl-prod.protect", "ztctl-prod--protect"}
    return bool(marked) and not item.get("deleted_at")


def edit_policy(account: Account, chance: Random) -> None:
    """Another session, or another decision."""
    if found := ours(account, "policies", chance):
        change = chance.choice([{"session_duration": "77h"}, {"decision": "deny"}])
        put(account, "{A}/access/policies", found, **change)


def edit_group(account: Account, chance: Random) -> None:
    """One more person in a group."""
    if found := ours(account, "groups", chance):
        more = [*found["include"], {"email": {"email": "eve@example.com"}}]
        put(account, "{A}/access/groups", found, include=more)


def edit_application(account: Account, chance: Random) -> None:
    """Another setting, or no policy any more."""
    if found := ours(account, "apps", chance):
        change: Json = chance.choice([{"session_duration": "77h"}, {"policies": []}])
        put(account, "{A}/access/apps", found, **change)


def edit_tunnel(account: Account, chance: Random) -> None:
    """Another origin for every name of a tunnel."""
    found = ours(account, "tunnels", chance)
    stored = account.everything()["tunnel_configurations"]
    for item in stored:
        if found and item["tunnel_id"] == found["id"]:
            rules = [
                {**rule, "service": "ssh://elsewhere:22"}
                if not rule["service"].startswith("http_status")
                else rule
                for rule in item["config"]["ingress"]
            ]
            path = f"{{A}}/cfd_tunnel/{found['id']}/configurations"
            account.call("PUT", path, {"config": {**item["config"], "ingress": rules}})


def rename_tunnel(account: Account, chance: Random) -> None:
    """A tunnel protected by hand, by its name."""
    found = ours(account, "tunnels", chance)
    if found and not found["name"].endswith(".protect"):
        path = f"{{A}}/cfd_tunnel/{found['id']}"
        account.call("PATCH", path, {"name": f"{found['name']}.protect"})


def edit_record(account: Account, chance: Random) -> None:
    """A record out of the proxy, or with other words before its mark."""
    if found := ours(account, "dns_records", chance):
        mark = found["comment"].rpartition(" ")[2]
        change = chance.choice([{"proxied": False}, {"comment": f"mine! {mark}"}])
        account.call("PATCH", f"{_zone(account, found)}/{found['id']}", change)


def delete_record(account: Account, chance: Random) -> None:
    """A record gone."""
    if found := ours(account, "dns_records", chance):
        account.call("DELETE", f"{_zone(account, found)}/{found['id']}")


def delete_application(account: Account, chance: Random) -> None:
    """An application gone, and its CA with it."""
    if found := ours(account, "apps", chance):
        account.call("DELETE", f"{{A}}/access/apps/{found['id']}")


def delete_ca(account: Account, chance: Random) -> None:
    """A CA gone."""
    found = ours(account, "apps", chance)
    if found and any(item.get("app_id") == found["id"] for item in account.everything()["app_cas"]):
        account.call("DELETE", f"{{A}}/access/apps/{found['id']}/ca")


def delete_tunnel(account: Account, chance: Random) -> None:
    """A tunnel gone."""
    if found := ours(account, "tunnels", chance):
        account.call("DELETE", f"{{A}}/cfd_tunnel/{found['id']}")


def make_things(account: Account, chance: Random) -> None:
    """Things of their own, beside ours."""
    number = chance.randrange(10**6)
    body = {"name": f"theirs-{number}", "decision": "allow", "include": EVERYONE}
    policy = account.call("POST", "{A}/access/policies", body)["id"]
    host = f"theirs-{number}.example.org"
    app = {"type": "self_hosted", "name": host, "domain": host, "policies": [policy]}
    account.call("POST", "{A}/access/apps", app)
    account.call("POST", "{A}/cfd_tunnel", {"name": f"theirs-{number}", "config_src": "cloudflare"})
    record = {"type": "A", "name": host, "content": "192.0.2.7"}
    account.call("POST", zone(account, "example.org"), record)


def _zone(account: Account, record: Json) -> str:
    return f"/zones/{record['zone_id']}/dns_records"


DEEDS: tuple[Deed, ...] = (
    edit_policy,
    edit_group,
    edit_application,
    edit_tunnel,
    rename_tunnel,
    edit_record,
    delete_record,
    delete_application,
    delete_ca,
    delete_tunnel,
    make_things,
)
