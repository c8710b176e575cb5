"""Which names of an account lead to an origin without Access in front: a second opinion.

It reads the exported account alone and shares nothing with the product. Rules: cloudflared takes
the first ingress rule that matches, its star covers any depth; a DNS star covers any depth where no
nearer record stands; an Access star covers one label, and a destination with a path covers none of
the host (Cloudflare One documentation, cloudflared's ``ingress`` package).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
TUNNELS = ".cfargotunnel.com"


def open_doors(live: Json) -> list[str]:
    """Names that reach an origin with neither an application nor the connector's own check."""
    return [
        name
        for name, rule in _served(live)
        if not _covered(name, live["apps"]) and not _checked(rule)
    ]


def uncovered(live: Json) -> list[str]:
    """Names that reach an origin without an application, whatever the connector checks."""
    return [name for name, _ in _served(live) if not _covered(name, live["apps"])]


def _served(live: Json) -> Iterator[tuple[str, Json]]:
    rules = {item["tunnel_id"]: _rules(item["config"]) for item in live["tunnel_configurations"]}
    living = {tunnel["id"] for tunnel in live["tunnels"] if not tunnel["deleted_at"]}
    for record in live["dns_records"]:
        tunnel = record["content"].removesuffix(TUNNELS)
        leads = record["type"] == "CNAME" and record["content"].endswith(TUNNELS)
        if leads and record["proxied"] and tunnel in living:
            for name in _names(record["name"], rules.get(tunnel, ()), live):
                rule = _first(name, rules.get(tunnel, ()))
                if rule is not None and not rule["service"].startswith("http_status"):
                    yield name, rule


def _rules(config: Json) -> list[Json]:
    general = config.get("originRequest") or {}
    return [
        {**rule, "originRequest": {**general, **(rule.get("originRequest") or {})}}
        for rule in config["ingress"]
    ]


def _names(record: str, rules: Sequence[Json], live: Json) -> Iterator[str]:
    """The name of a record; for a star, one name of each sort that it answers for."""
    if not record.startswith("*."):
        yield record
        return
    tail = record[1:]
    nearer = {item["name"] for item in live["dns_records"]}
    said = {rule.get("hostname") or "" for rule in rules}
    said |= {uri.partition("/")[0] for app in live["apps"] for uri in app["self_hosted_domains"]}
    exact = {name for name in said if name.endswith(tail) and "*" not in name}
    yield from sorted(exact - nearer)
    yield f"nobody-knows-it{tail}"


def _first(name: str, rules: Sequence[Json]) -> Json | None:
    return next((rule for rule in rules if _matches(rule.get("hostname") or "", name)), None)


def _matches(pattern: str, name: str) -> bool:
    if pattern in ("", "*"):
        return True
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern


def _covered(name: str, apps: Sequence[Json]) -> bool:
    return any(
        _covers(uri, name) for app in apps for uri in app["self_hosted_domains"] if "/" not in uri
    )


def _covers(pattern: str, name: str) -> bool:
    labels = "[^.]*".join(re.escape(part) for part in pattern.lower().split("*"))
    return re.fullmatch(labels, name) is not None


def _checked(rule: Json) -> bool:
    access = rule["originRequest"].get("access") or {}
    return bool(access.get("required") and access.get("audTag"))
