"""What Terraform manages is taken over by its ids, and forgotten there as far as it was taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.account import Account
from tests.support.exporting import (
    adopted,
    application,
    exported,
    group,
    policy,
    record,
    rule,
    text_of,
    tunnel,
    zone,
)
from tests.support.hcl_reader import Reference, read
from tests.support.own_policies import OFFICE, STAFF
from tests.support.terraform import A5, SECRET, T5, document, resource
from ztctl.cli.export_flow import Exported
from ztctl.cli.terraform_export import BLOCKS, SCRIPT, CameOver, came_over, read_terraform
from ztctl.core.model.diagnostics import Failure, Problems
from ztctl.core.planning.selection import Chosen

Json = Any
DEAD = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
HOST = "ssh.example.com"


def taken(account: Account, given: Json) -> tuple[Exported, CameOver]:
    """Export what a document tells of, with the ways to forget it."""
    path = account.folder / "terraform.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    found = read_terraform(path)
    made = exported(account, Chosen(places=found.places), names=found.names)
    came = came_over(found, made, Path("forget"))
    assert SECRET not in text_of(made) + "".join(came.told) + str(came.files)
    return made, came


def blocks(came: CameOver) -> list[str]:
    """What is forgotten by blocks."""
    text = came.files.get(f"forget/{BLOCKS}", b"").decode()
    assert text.count("destroy = false") == text.count("\nremoved {")
    return [line.split(" = ")[1] for line in text.splitlines() if line.startswith("  from")]


def lines(came: CameOver) -> list[str]:
    """What is forgotten by commands."""
    text = came.files.get(f"forget/{SCRIPT}", b"").decode()
    return [it for it in text.splitlines() if it and not it.startswith("#")]


def host_by_terraform(account: Account) -> dict[str, str]:
    """A host as Terraform makes it, and a second application beside it; ids by name."""
    team = group(account, "The team")
    std = policy(account, "Std", session_duration="24h", include=[{"group": {"id": team}}])
    pool = tunnel(account, [rule(HOST)], name="prod-pool")
    way = record(account, HOST, pool)["id"]
    app = application(account, HOST, policies=[std], app_launcher_visible=False)["id"]
    account.call("POST", f"{{A}}/access/apps/{app}/ca")
    application(account, "other.example.com")
    return {"team": team, "std": std, "pool": pool, "way": way, "app": app}


def in_version_4(account: Account, ids: dict[str, str]) -> list[Json]:
    """The host in the shape of version 4."""
    a, z = account.sandbox.account_id, zone(account).split("/")[2]
    return [
        resource("cloudflare_access_group.ops", {"id": ids["team"], "account_id": a}),
        resource("cloudflare_access_policy.ssh", {"id": ids["std"], "application_id": None}),
        resource("module.net.cloudflare_tunnel.main", {"id": ids["pool"], "secret": SECRET}),
        resource(
            "module.net.cloudflare_tunnel_config.main",
            {"id": ids["pool"], "tunnel_id": ids["pool"], "config": [{"ingress_rule": []}]},
        ),
        resource("cloudflare_record.ssh", {"id": ids["way"], "zone_id": z, "type": "CNAME"}),
        resource("cloudflare_access_application.ssh", {"id": ids["app"], "zone_id": None}),
        resource(
            "cloudflare_access_ca_certificate.ssh", {"id": "f" * 64, "application_id": ids["app"]}
        ),
    ]


def in_version_5(account: Account, ids: dict[str, str]) -> list[Json]:
    """The host in the shape of version 5."""
    a, z = account.sandbox.account_id, zone(account).split("/")[2]
    policies = [{"id": None, "precedence": 1}]
    return [
        resource(f"{A5}_group.ops", {"id": ids["team"], "account_id": a}),
        resource(f"{A5}_policy.ssh", {"id": ids["std"], "approval_groups": []}),
        resource(f"module.net.{T5}.main", {"id": ids["pool"], "tunnel_secret": SECRET}),
        resource(
            f"module.net.{T5}_config.main",
            {"tunnel_id": ids["pool"], "config": {"ingress": []}},
            schema_version=500,
        ),
        resource("cloudflare_dns_record.ssh", {"id": ids["way"], "zone_id": z}),
        resource(f"{A5}_application.ssh", {"id": ids["app"], "policies": policies}),
        resource(f"{A5}_short_lived_certificate.ssh", {"app_id": ids["app"]}),
    ]


@pytest.mark.parametrize("shape", [in_version_4, in_version_5])
def test_a_host_comes_over_whole_in_either_shape(account: Account, shape: Any) -> None:
    """It is proved, called as in Terraform, adopted by marks alone, and all of it forgotten."""
    ids = host_by_terraform(account)
    items = shape(account, ids)

    found, came = taken(account, document(*items, resource(f"data.{A5}_group.x", {"id": DEAD})))

    assert found.is_complete
    assert came.is_complete
    stated = yaml.safe_load(text_of(found))
    assert stated["groups"]["ops"]["name"] == "The team"
    assert stated["policies"]["ssh"]["name"] == "Std"
    assert stated["tunnels"]["main"]["name"] == "prod-pool"
    assert [*stated["hosts"]] == [HOST]
    assert "other.example.com" not in text_of(found)
    assert sorted(blocks(came)) == sorted(it["address"] for it in items)
    assert lines(came) == []
    assert adopted(account, found).is_empty


def test_only_what_was_written_is_forgotten(account: Account) -> None:
    """A block of which something stays is not named: single instances are, by commands."""
    made = {name: group(account, name) for name in ("a", "b", "c", "d", "e", "f")}
    old = group(account, "old")
    token = resource(f"{A5}_service_token.ci", {"id": DEAD, "client_secret": SECRET})
    other = {"id": DEAD, "account_id": "f" * 32}

    found, came = taken(
        account,
        document(
            resource(f'{A5}_group.all["a"]', {"id": made["a"]}),
            resource(f'{A5}_group.all["b"]', {"id": made["b"]}),
            resource(f"{A5}_group.some[\"c $${{x}} 'q'\"]", {"id": made["c"]}),
            resource(f'{A5}_group.some["dead"]', {"id": DEAD}),
            resource(f'module.m["x"].{A5}_group.g', {"id": made["d"]}, tainted=True),
            resource(f'module.m["y"].{A5}_group.g', other),
            resource(f"{A5}_group.twice", {"id": made["e"]}),
            resource(f"{A5}_group.twice", {"id": made["f"]}, deposed_key="1d2ab300"),
            resource(f"{A5}_group.f", {"id": made["f"]}),
            resource(f"{A5}_group.f_old", {"id": old}, deposed_key="1d2ab301"),
            resource(f"{A5}_group.new", {"id": None}),
            token,
            resource(f"data.{A5}_group.all", {"id": made["a"]}),
        ),
    )

    assert not came.is_complete
    assert found.objects == len(made)
    assert old not in text_of(found)
    assert blocks(came) == [f"{A5}_group.all", f"{A5}_group.f"]
    assert lines(came) == [
        f"""terraform state rm '{A5}_group.some["c $${{x}} '"'"'q'"'"'"]'""",
        f"""terraform state rm 'module.m["x"].{A5}_group.g'""",
    ]
    said = "\n".join(came.told)
    assert f'not live any more: {A5}_group.some["dead"] ({DEAD})' in said
    assert f'module.m["y"].{A5}_group.g ({DEAD}): it is in the account {"f" * 32}' in said
    assert f'tainted: module.m["x"].{A5}_group.g' in said
    assert f"not forgotten: {A5}_group.twice" in said
    assert f"{A5}_group.new: Terraform knows no id of it" in said
    assert f"does not state such: 1 {A5}_service_token" in said


def test_equal_names_in_modules_get_keys_of_their_own(account: Account) -> None:
    """Also beside an object that is called so and is no resource of Terraform."""
    ids = [group(account, name) for name in ("One", "Two", "eu-team")]
    std = policy(account, include=[{"group": {"id": it}} for it in ids], session_duration="1h")

    found, came = taken(
        account,
        document(
            resource(f"module.eu.{A5}_group.team", {"id": ids[0]}),
            resource(f"module.us.{A5}_group.team", {"id": ids[1]}),
            resource(f"{A5}_policy.p", {"id": std}),
        ),
    )

    groups = yaml.safe_load(text_of(found))["groups"]
    assert len(groups) == 3
    assert groups["us-team"]["name"] == "Two"
    assert {it.get("name", key) for key, it in groups.items()} == {"One", "Two", "eu-team"}
    assert len(blocks(came)) == 3
    assert adopted(account, found).is_empty


def test_what_serves_a_network_is_called_as_in_terraform(account: Account) -> None:
    """Networks, routes and private applications; the number of a network is no good key."""
    pool = tunnel(account, [])
    inside = account.call("POST", "{A}/teamnet/virtual_networks", {"name": "Inside"})["id"]
    body = {"network": "10.1.0.0/16", "tunnel_id": pool, "virtual_network_id": inside}
    way = account.call("POST", "{A}/teamnet/routes", body)["id"]
    places = [{"type": "private", "cidr": "10.1.0.7/32", "port_range": "22", "l4_protocol": "tcp"}]
    app = {"type": "self_hosted", "name": "Db", "destinations": places}
    db = account.call("POST", "{A}/access/apps", app)["id"]

    found, came = taken(
        account,
        document(
            resource(f"{T5}_virtual_network.inside", {"id": inside}),
            resource(f"{T5}_route.lan", {"id": way}),
            resource(f"{A5}_application.db", {"id": db}),
        ),
    )

    stated = yaml.safe_load(text_of(found))
    assert stated["virtual_networks"]["inside"]["name"] == "Inside"
    assert stated["private_routes"]["lan"]["network"] == "10.1.0.0/16"
    assert [*stated["applications"]] == ["db"]
    assert "pool" in stated["tunnels"]
    assert len(blocks(came)) == 3
    assert adopted(account, found).is_empty


def test_what_the_stack_has_already_keeps_its_key(account: Account) -> None:
    """Its mark says it; another key would be a move."""
    team = group(account, "team.ztctl-prod")

    found, _ = taken(account, document(resource(f"{A5}_group.ops", {"id": team})))

    assert [*yaml.safe_load(text_of(found))["groups"]] == ["team"]


def test_a_policy_of_an_application_goes_with_it(account: Account) -> None:
    """Version 4 has it as a resource; here it stands in the entry of its application."""
    own = [{**OFFICE, "precedence": 1}, {**STAFF, "precedence": 2}]
    app = application(account, HOST, policies=own)
    ids = [it["id"] for it in app["policies"]]
    items = [
        resource(
            f"cloudflare_access_policy.{name}",
            {"id": id_, "application_id": app["id"], "precedence": at},
        )
        for at, (name, id_) in enumerate(zip(("office", "staff"), ids, strict=True), start=1)
    ]

    found, came = taken(account, document(*items))

    names = [it["name"] for it in yaml.safe_load(text_of(found))["applications"][HOST]["policies"]]
    assert names == ["Office", "Staff"]
    assert sorted(blocks(came)) == [it["address"] for it in items]


def test_what_cannot_be_stated_stays_with_terraform(account: Account) -> None:
    """It is named with the reason; a record that leads to no tunnel is nothing for these files."""
    book = application(account, "docs.example.com", type="bookmark")["id"]
    zoned = {"zone_id": zone(account).split("/")[2]}
    plain = {"type": "A", "name": "www.example.com", "content": "192.0.2.1"}
    www = account.call("POST", zone(account), plain)["id"]
    local = account.call("POST", "{A}/cfd_tunnel", {"name": "l", "config_src": "local"})["id"]

    found, came = taken(
        account,
        document(
            resource(f"{A5}_application.docs", {"id": book}),
            resource("cloudflare_dns_record.www", {"id": www, **zoned, "type": "A"}),
            resource("cloudflare_dns_record.mx", {"id": "f" * 32, **zoned, "type": "MX"}),
            resource("cloudflare_dns_record.far", {"id": www, "zone_id": "e" * 32}),
            resource("cloudflare_dns_record.lost", {"id": "d" * 32}),
            resource("cloudflare_access_application.zoned", {"id": DEAD, **zoned}),
            resource(f"{T5}.local", {"id": local}),
            resource(f"{T5}_config.local", {"tunnel_id": local}),
        ),
    )

    assert not came.is_complete
    assert blocks(came) == [f"{T5}.local"]
    said = "\n".join(came.told)
    assert f"{A5}_application.docs ({book}): it is of the type bookmark" in said
    for name in ("dns_record.far", "dns_record.lost", "access_application.zoned"):
        assert f"stays with Terraform: cloudflare_{name} (" in said
    assert f"{T5}_config.local ({local}): its rules stand in a file on its server" in said
    assert "does not state such: 2 cloudflare_dns_record" in said
    assert found.objects == 1


@pytest.mark.parametrize("items", [[], [resource(f"{A5}_group.a", {"id": DEAD})]])
def test_a_document_of_nothing_live_selects_nothing(account: Account, items: Json) -> None:
    """And by no means the whole account."""
    group(account)

    found, came = taken(account, document(*items))

    assert found.objects == 0
    assert came.files == {}
    assert came.is_complete


@pytest.mark.parametrize("text", ["{", "[" * 5000, '"\\ud800"', "NaN", "\x00"])
def test_what_is_no_json_is_said(tmp_path: Path, text: str) -> None:
    """However deep it is."""
    path = tmp_path / "terraform.json"
    path.write_text(text)

    with pytest.raises((Failure, Problems), match="no document of Terraform"):
        read_terraform(path)


def test_all_bad_ids_are_said_with_their_paths(tmp_path: Path) -> None:
    """Beside what is wrong with the form of the document."""
    path = tmp_path / "terraform.json"
    wrong = [resource(f"{A5}_group.a", {"id": SECRET}), {**resource(f"{A5}_group.b"), "values": 1}]
    path.write_text(json.dumps(document(*wrong)))

    with pytest.raises(Problems) as error:
        read_terraform(path)

    said = [it.summary for it in error.value.items]
    assert len(said) == 2
    assert all(f"{path}: values.root_module.resources[" in it for it in said)
    assert SECRET not in "".join(said)


def test_blocks_are_what_terraform_reads(account: Account) -> None:
    """With the address in the files above each."""
    std = policy(account, "Std", session_duration="1h")

    _, came = taken(account, document(resource(f"{A5}_policy.p", {"id": std})))

    text = came.files[f"forget/{BLOCKS}"].decode()
    flat = text.replace("lifecycle {", "lifecycle = {")
    assert read(flat) == [
        ("removed", (), {"from": Reference(f"{A5}_policy.p"), "lifecycle": {"destroy": False}})
    ]
    assert "# access_policy.p\nremoved {" in text
