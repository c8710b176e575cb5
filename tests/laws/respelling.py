"""The same file in other words: spellings that the service and people take for one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from random import Random
from typing import Any

from tests.support.strategies.parts import Side

_SECONDS = {"h": 3600, "m": 60, "s": 1}
_SETS = frozenset(
    {
        "include", "exclude", "require", "allowed_idps", "custom_pages", "tags", "destinations",
        "allowed_headers", "allowed_methods", "allowed_origins", "allowed_authenticators",
        "email_addresses", "aud_tag", "user_risk_score",
    }
)  # fmt: skip
_DEFAULTS: dict[str, Side] = {
    "groups": {"exclude": [], "require": []},
    "policies": {"exclude": [], "approval_groups": [], "isolation_required": False},
    "applications": {
        "type": "self_hosted",
        "session_duration": "24h",
        "allowed_idps": [],
        "app_launcher_visible": True,
        "allow_iframe": False,
    },
    "tunnels": {"config": "cloudflare", "origin_request": {}},
    "dns": {"proxied": True, "ttl": 1},
    "gateway_rules": {"action": "audit_ssh", "enabled": True, "identity": ""},
}


def respelled(side: Side, chance: Random) -> Side:
    """A file that means the same and is written differently wherever chance says so."""
    spelt: Side = {
        section: {
            _key(section, key, chance): _fields(section, fields, chance)
            for key, fields in _entries(section, entries, chance)
        }
        for section, entries in side.items()
    }
    return _written_out(spelt, chance)


def _entries(section: str, entries: Side, chance: Random) -> list[tuple[str, Any]]:
    """The entries in another order, but for hosts, which make ingress rules in theirs."""
    listed = list(entries.items())
    return listed if section == "hosts" else _shuffled(listed, chance)


def _key(section: str, key: str, chance: Random) -> str:
    if section == "private_routes" and "/" in key:
        return _range(key, chance)
    return _host(key, chance) if section == "dns" else key


def _fields(section: str, fields: Side, chance: Random) -> Side:
    missing = {
        name: value
        for name, value in _DEFAULTS.get(section, {}).items()
        if name not in fields and chance.random() < 0.5
    }
    if section == "dns" and fields.get("proxied") is False:
        missing.pop("ttl", None)
    return {name: _value(name, value, chance) for name, value in {**fields, **missing}.items()}


def _value(name: str, value: Any, chance: Random) -> Any:
    match value:
        case dict():
            return {key: _value(key, item, chance) for key, item in value.items()}
        case list() if name in ("include", "exclude"):
            split = [part for rule in value for part in _split(rule, chance)]
            return _shuffled([_value("", rule, chance) for rule in split], chance)
        case list() if name in _SETS:
            return _shuffled([_value(name, item, chance) for item in value], chance)
        case list():
            return [_value(name, item, chance) for item in value]
        case str() if name in _TEXTS:
            return _TEXTS[name](value, chance)
        case _:
            return value


def _split(rule: Side, chance: Random) -> list[Side]:
    """One element a value instead of a list of values: outside of ``require`` it is the same."""
    ((name, values),) = rule.items()
    if not isinstance(values, list) or name == "user_risk_score" or chance.random() < 0.5:
        return [rule]
    return [{name: value} for value in values]


def _shuffled(items: list[Any], chance: Random) -> list[Any]:
    return chance.sample(items, len(items))


def _duration(text: str, chance: Random) -> str:
    total = sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+)([hms])", text))
    choices = [text, f"{total}s", f"{total * 1000}ms"]
    if total >= 60:
        choices += [f"{total // 60}m{total % 60}s", f"{total // 60 - 1}m{total % 60 + 60}s"]
    return chance.choice(choices)


def _network(text: str, chance: Random) -> str:
    network = ipaddress.ip_network(text)
    inside = network.network_address + chance.randrange(min(network.num_addresses, 200))
    return chance.choice([_range(text, chance), f"{inside}/{network.prefixlen}"])


def _range(text: str, chance: Random) -> str:
    """A range as a route states it: an address in it would be a mistake there."""
    network = ipaddress.ip_network(text)
    bare = [str(network.network_address)] if network.num_addresses == 1 else []
    return chance.choice([text, str(network), *bare])


def _case(text: str, chance: Random) -> str:
    return chance.choice([text, text.lower(), text.upper()])


def _host(text: str, chance: Random) -> str:
    ascii_name = text.encode("idna").decode("ascii") if "*" not in text else text
    return chance.choice([text, ascii_name, ascii_name.upper(), f"{ascii_name}."])


def _place(text: str, chance: Random) -> str:
    name, slash, path = text.partition("/")
    end = "" if path else chance.choice(["", "/"])
    return f"{_host(name, chance).rstrip('.')}{slash}{path}{end}"


_TEXTS: dict[str, Callable[[str, Random], str]] = {
    "session_duration": _duration,
    "connect_timeout": _duration,
    "tls_timeout": _duration,
    "tcp_keep_alive": _duration,
    "keep_alive_timeout": _duration,
    "ip": _network,
    "cidr": _network,
    "network": _range,
    "email": _case,
    "email_domain": _case,
    "country": _case,
    "domain": _place,
    "destinations": _place,
    "uri": _place,
    "hostname": _host,
}


# -- the short form --------------------------------------------------------------------------


def _written_out(side: Side, chance: Random) -> Side:
    """The short form in full: every host, or none, because hand-written rules go first."""
    hosts = side.get("hosts", {})
    if not hosts or chance.random() < 0.5:
        return side
    full: Side = {section: dict(entries) for section, entries in side.items() if section != "hosts"}
    if any("public" in host for host in hosts.values()):
        return side
    # The rules of the short form go by name; written by hand they stay as they are written.
    for name, host in sorted(hosts.items()):
        _add(full, name, host)
    return full


def _add(full: Side, name: str, host: Side) -> None:
    rule = {"hostname": name, "service": host["service"]}
    rule |= {"access": host["access"]} if "access" in host else {}
    tunnel = dict(full["tunnels"][host["tunnel"]])
    full["tunnels"][host["tunnel"]] = {**tunnel, "ingress": [*tunnel.get("ingress", []), rule]}
    full.setdefault("dns", {})[name] = {"tunnel": host["tunnel"]}
    applications = full.setdefault("applications", {})
    if "application" in host:
        shared = applications[host["application"]]
        places = [*shared.get("destinations", []), name]
        applications[host["application"]] = {**shared, "destinations": places}
        return
    own: Side = {key: host[key] for key in ("policies", "session_duration") if key in host}
    applications[name] = dict(own, app_launcher_visible=False)
    if host.get("ca_key", True):
        full.setdefault("ca_keys", {})[name] = {"public_key_file": f"ca/{name}.pub"}
