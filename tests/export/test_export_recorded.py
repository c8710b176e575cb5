"""Replies of real accounts, as others recorded them, are exported and proved, or named."""

from __future__ import annotations

import asyncio
from typing import Any

import yaml

from tests.support.exporting import body_of, left
from tests.support.recorded.exchanges import BY_LINE
from ztctl.cli.export_flow import Exported, Target, export
from ztctl.cloudflare.snapshot import Question, Snapshot
from ztctl.core.planning.selection import Chosen

Json = Any
ACCOUNT = "7050e9700cc6b76fb81677dbbce565a0"
SPIKE, TERRAFORM = (BY_LINE[line].result["tunnel_id"] for line in (16, 18))
LISTS: dict[str, tuple[int, ...]] = {
    "access/apps": (21, 22, 23, 24),
    "access/tags": (31,),
    "access/service_tokens": (41,),
    "teamnet/virtual_networks": (104,),
}
NOT_DELETED = (("is_deleted", "false"),)


def listed(lines: tuple[int, ...]) -> list[Json]:
    """All objects of these replies; one object is a list of one."""
    found = (BY_LINE[line].result for line in lines)
    return [it for result in found for it in (result if isinstance(result, list) else [result])]


def replies() -> dict[Question, Json]:
    """The replies of one account that has all that was recorded of several."""
    own = {**BY_LINE[3].result, "name": "spike"}
    tunnels = [own, {**own, "id": TERRAFORM, "name": "terraform"}, *listed((11,))]
    policies = [*listed((27,)), *_attached()]
    zones = listed((44,))
    records = {"example.com": listed((80,))}
    found: dict[str, Json] = {
        **{name: listed(lines) for name, lines in LISTS.items()},
        "access/policies": [*{it["id"]: it for it in policies}.values()],
        "access/groups": [
            *listed((28,)),
            *map(_group, _named_in([*policies, *_all_attached()], "group")),
        ],
        "access/identity_providers": [*listed((35,)), *map(_provider, _providers())],
        "access/organizations": BY_LINE[40].result,
        "access/apps/ca": [],
        "teamnet/routes": [],
        "gateway/rules": listed((105,)),
        "cfd_tunnel": tunnels,
        "zerotrust/routes/hostname": [],
        f"cfd_tunnel/{SPIKE}/configurations": BY_LINE[16].result,
        f"cfd_tunnel/{TERRAFORM}/configurations": BY_LINE[18].result,
    }
    asked: dict[Question, Json] = {("/zones", (("account.id", "{account}"),)): zones}
    for path, result in found.items():
        is_filtered = path in ("cfd_tunnel", "zerotrust/routes/hostname") or "teamnet" in path
        query = NOT_DELETED if is_filtered else ()
        asked[f"/accounts/{{account}}/{path}", query] = result
    for zone in zones:
        asked[f"/zones/{zone['id']}/dns_records", ()] = records.get(zone["name"], [])
        asked[f"/zones/{zone['id']}/access/apps", ()] = []
    return asked


def _all_attached() -> list[Json]:
    return [it for app in listed(LISTS["access/apps"]) for it in app["policies"]]


def _attached() -> list[Json]:
    return [it for it in _all_attached() if it.get("reusable")]


def _named_in(policies: list[Json], selector: str) -> list[str]:
    """The ids that rules of these policies name."""
    rules = [rule for it in policies for rule in it["include"] if selector in rule]
    return sorted({rule[selector]["id"] for rule in rules})


def _providers() -> list[str]:
    apps = listed(LISTS["access/apps"])
    known = {it["id"] for it in listed((35,))}
    return sorted({it for app in apps for it in app.get("allowed_idps") or ()} - known)


def _group(key: str) -> Json:
    """A group of which only the id was recorded."""
    return {"id": key, "name": f"group {key[:4]}", "include": [{"everyone": {}}]}


def _provider(key: str) -> Json:
    """A provider of which only the id was recorded."""
    return {"id": key, "name": f"provider {key[:4]}", "type": "oidc"}


def exported() -> Exported:
    """The export of that account."""
    snapshot = Snapshot(ACCOUNT, "", "2026-11-30T00:00:00Z", False, True, replies())
    work = export(snapshot, "prod", Chosen(), Target("live.yaml"), lambda _: None)
    return asyncio.run(work)


def test_recorded_accounts_are_exported_or_named() -> None:
    """Nothing of them is dropped: what is not in the file is named, with the reason."""
    found = exported()

    said = yaml.safe_load(body_of(found))
    assert sorted(said["applications"]) == [
        "app1.example.com",
        "app2.example.com",
        "cr.example.com",
        "gpfqbfyfcx.terraform.example.com",
    ]
    assert said["applications"]["app1.example.com"]["policies"] == [
        "warp-required",
        "owner-trusted-device",
        "owner-anywhere",
    ]
    assert [it["name"] for it in said["applications"]["cr.example.com"]["policies"]] == ["policy-1"]
    assert sorted(said["tunnels"]) == ["spike", "t1"]
    assert left(found) == {
        "terraform": "`origin_request.ip_rules[0].prefix`: '/web' is not an IP address or network",
        "tunnel.example.com": "there is no live tunnel with the id "
        "06410143-216d-455a-ad68-bab7d25051b7",
    }


def test_two_recorded_policies_of_one_name_keep_it() -> None:
    """Each is claimed by its id, which is in its key, too."""
    policies = yaml.safe_load(body_of(exported()))["policies"]

    assert {name: it["id"] for name, it in policies.items() if "id" in it} == {
        "dryjkmkfpz-434d8c0d": "434d8c0d-0b00-4e1b-9924-68689d60f9f3",
        "dryjkmkfpz-68c7d7c5": "68c7d7c5-3f0a-4bf7-8aab-6d82bb02c745",
    }
