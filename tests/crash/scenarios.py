"""What is applied while it fails: the examples, and what people do later."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.crash.cutting import Scenario
from tests.support.account import Account
from tests.support.files import HOST, whole

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def example(name: str) -> str:
    """All files of an example as one, in JSON."""
    merged: dict[str, Any] = {}
    for path in sorted((EXAMPLES / name).glob("*.yaml")):
        for section, entries in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if isinstance(entries, dict):
                merged.setdefault(section, {}).update(entries)
            else:
                merged[section] = entries
    return json.dumps(merged)


def edited() -> dict[str, Any]:
    """The whole file after somebody has worked on it: each object edited, one host more."""
    file = whole()
    file["groups"]["people"]["require"] = [{"country": "PT"}]
    file["policies"]["team"]["session_duration"] = "1h"
    file["policies"]["guests"] = {"decision": "allow", "include": [{"email": "eve@x.example"}]}
    file["applications"][HOST] |= {"policies": ["guests"], "session_duration": "1h"}
    file["tunnels"]["pool"]["ingress"][0]["service"] = "ssh://localhost:2222"
    file["dns"][HOST]["comment"] = "another way in"
    host = {"tunnel": "pool", "service": "ssh://localhost:22", "policies": ["team"]}
    file["hosts"] = {"second.example.com": host}
    return file


def sharing(*labels: str) -> dict[str, Any]:
    """Hosts without CAs behind a tunnel of another stack."""
    host = {"tunnel": "pool", "service": "ssh://localhost:22", "policies": ["team"]}
    return {
        "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
        "tunnels": {"pool": {"shared": "pool.ztctl-base"}},
        "hosts": {f"{label}.example.com": {**host, "ca_key": False} for label in labels},
    }


def made_by_hand(account: Account) -> None:
    """What the whole file declares is live already, but for the group and the record's target."""
    call = account.call
    rules: list[Any] = [{"email": {"email": "ann@example.com"}}]
    policy = {"name": "team", "decision": "allow", "include": rules, "session_duration": "8h"}
    used = [{"id": call("POST", "{A}/access/policies", policy)["id"]}]
    app = {"type": "self_hosted", "name": "SSH", "domain": HOST, "policies": used}
    call("POST", "{A}/access/apps", app)
    tunnel = call("POST", "{A}/cfd_tunnel", {"name": "pool", "config_src": "cloudflare"})["id"]
    ingress = [{"hostname": HOST, "service": "ssh://localhost:22"}, {"service": "http_status:404"}]
    config = {"config": {"ingress": ingress}}
    call("PUT", f"{{A}}/cfd_tunnel/{tunnel}/configurations", config)
    zone = account.one("zones", name="example.com")["id"]
    body = {"type": "CNAME", "name": HOST, "content": f"{tunnel}.cfargotunnel.com", "proxied": True}
    call("POST", f"/zones/{zone}/dns_records", body)


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario by its name."""
    quickstart = json.loads(example("quickstart"))
    renamed = json.loads(example("quickstart").replace(HOST, "renamed.example.com"))
    networks = json.loads(example("networks"))
    base = {**sharing("a"), "stack": "base", "tunnels": {"pool": {}}}
    turned = json.loads(example("networks").replace("lisbon-site", "porto-site"))
    return {
        "quickstart": Scenario((), quickstart),
        "networks": Scenario((networks,), turned),
        "team": Scenario((), json.loads(example("team"))),
        "rename": Scenario((quickstart,), renamed),
        "edit": Scenario((whole(),), edited(), yes={"interruption": ["all"]}),
        "adoption": Scenario((), whole(), by_hand=made_by_hand, yes={"adopt": True}),
        "sharing": Scenario((base, sharing("b", "c")), sharing("c", "d")),
        "destroy": Scenario((whole(),), whole(), destroy=True),
    }
