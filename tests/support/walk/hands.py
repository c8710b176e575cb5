"""What others do by hand in the account of a walk: records, tunnels, applications of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from tests.support.account import Account
from tests.support.by_hand import zone
from tests.support.walk.files import ELSEWHERE, FAR, HOME, HOSTS, NEAR, OLD, SERVICES

Json = Any
Deed = Callable[[Account, Random], None]

_EVE: Json = {"email": {"email": "eve@example.com"}}
_TUNNELS = ".cfargotunnel.com"
# Names that may have a record by hand: of the files, beside them, and in zones that no file names.
_NAMES = (*HOSTS, *ELSEWHERE, OLD, f"hop.{FAR}", f"hop.{NEAR}", f"lb.{HOME}", f"*.{HOME}")


def _name(chance: Random) -> str:
    return chance.choice(_NAMES)


def _put_record(account: Account, name: str, kind: str, content: str, *, proxied: bool) -> None:
    body = {"type": kind, "name": name, "content": content, "proxied": proxied}
    account.call("POST", zone(account, ".".join(name.split(".")[-2:])), body)


def _tunnels(account: Account) -> list[str]:
    return [one["id"] for one in account.everything()["tunnels"] if not one.get("deleted_at")]


def address(account: Account, chance: Random) -> None:
    """A record that leads to no tunnel, through the proxy or past it."""
    _put_record(account, _name(chance), "A", "192.0.2.10", proxied=chance.random() < 0.8)


def way_in(account: Account, chance: Random) -> None:
    """A record that leads to somebody's tunnel: of a stack, or of others."""
    if found := _tunnels(account):
        content = f"{chance.choice(found)}{_TUNNELS}"
        _put_record(account, _name(chance), "CNAME", content, proxied=chance.random() < 0.9)


def alias(account: Account, chance: Random) -> None:
    """A name for another name, often in another zone, and what that leads to."""
    hop = chance.choice([f"hop.{FAR}", f"hop.{NEAR}", f"a.{NEAR}"])
    _put_record(account, chance.choice([OLD, OLD, *HOSTS]), "CNAME", hop, proxied=True)
    found = _tunnels(account)
    if found and chance.random() < 0.7:
        content = f"{chance.choice(found)}{_TUNNELS}"
        _put_record(account, hop, "CNAME", content, proxied=chance.random() < 0.8)


def remove_record(account: Account, chance: Random) -> None:
    """A record by hand goes again."""
    found = [
        one for one in account.everything()["dns_records"] if "ztctl-" not in str(one["comment"])
    ]
    if found:
        one = chance.choice(found)
        home = zone(account, ".".join(one["name"].split(".")[-2:]))
        account.call("DELETE", f"{home}/{one['id']}")


def tunnel(account: Account, chance: Random) -> None:
    """A tunnel of others that serves some name, or all."""
    body = {"name": f"theirs-{chance.randrange(10**6)}", "config_src": "cloudflare"}
    key = account.call("POST", "{A}/cfd_tunnel", body)["id"]
    served = chance.choice([{"hostname": _name(chance)}, {"hostname": _name(chance)}, {}])
    rules: Json = [{**served, "service": chance.choice(SERVICES)}]
    if served:
        rules.append({"service": "http_status:404"})
    path = f"{{A}}/cfd_tunnel/{key}/configurations"
    account.call("PUT", path, {"config": {"ingress": rules}})


def application(account: Account, chance: Random) -> None:
    """An application of others: with policies or groups of a stack, or their own."""
    live = account.everything()
    policies = [one["id"] for one in live["policies"] if ".ztctl-" in one["name"]]
    groups = [one["id"] for one in live["groups"]]
    own: Json = {"name": "theirs", "decision": "allow", "include": [_EVE]}
    if groups and chance.random() < 0.5:
        own["include"] = [{"group": {"id": chance.choice(groups)}}]
        own["decision"] = chance.choice(["allow", "allow", "bypass"])
    used = chance.choice(policies) if policies and chance.random() < 0.6 else own
    domain = chance.choice([*ELSEWHERE, f"lb.{HOME}", OLD, *HOSTS, f"*.{HOME}"])
    body = {"type": "self_hosted", "name": "SSH", "domain": domain, "policies": [used]}
    account.call("POST", "{A}/access/apps", body)


def guarded_elsewhere(account: Account, chance: Random) -> None:
    """A name of others that leads to no tunnel, or to theirs, behind an application of theirs."""
    host = chance.choice([f"lb.{HOME}", f"far.{FAR}", f"far.{NEAR}"])
    live = account.everything()
    policies = [one["id"] for one in live["policies"] if ".ztctl-" in one["name"]]
    own: Json = {"name": "theirs", "decision": "allow", "include": [_EVE]}
    used = chance.choice(policies) if policies and chance.random() < 0.6 else own
    body = {"type": "self_hosted", "name": "SSH", "domain": host, "policies": [used]}
    account.call("POST", "{A}/access/apps", body)
    _put_record(account, host, "A", "192.0.2.10", proxied=True)


def zone_application(account: Account, chance: Random) -> None:
    """An application that a zone lists: a guard, a Bypass, or by a policy or group of a stack.

    With the first of an account it shows whether the edge knows it, and the account's list.
    """
    live = account.everything()
    known = chance.choice([(False, True), (False, True), (False, False), (True, True)])
    if not live["zone_scopes"]:
        listed, enforced = known
        account.sandbox.settings = replace(
            account.sandbox.settings, zone_access_listed=listed, zone_access_enforced=enforced
        )
    domain = chance.choice([*HOSTS, *ELSEWHERE, f"lb.{HOME}", f"*.{HOME}", f"{HOSTS[0]}/x"])
    zone_id = account.one("zones", name=".".join(domain.partition("/")[0].split(".")[-2:]))["id"]
    policies = [one["id"] for one in live["policies"] if ".ztctl-" in one["name"]]
    groups = [one["id"] for one in live["groups"]]
    own: Json = {"name": "theirs", "decision": "allow", "include": [_EVE]}
    match chance.choice(["guard", "bypass", "group", "policy"]):
        case "bypass":
            own = {**own, "decision": "bypass", "include": [{"everyone": {}}]}
        case "group" if groups:
            rules = {"group": {"id": chance.choice(groups)}}
            own = {**own, "decision": chance.choice(["allow", "bypass"]), "include": [rules]}
        case "policy" if policies:
            own = {"id": chance.choice(policies)}
    body = {"type": "self_hosted", "name": "SSH", "domain": domain, "policies": [own]}
    account.call("POST", f"/zones/{zone_id}/access/apps", body)


DEEDS: tuple[Deed, ...] = (
    address, address, way_in, way_in, alias, alias, remove_record, tunnel, application, application,
    guarded_elsewhere, zone_application, zone_application,
)  # fmt: skip
