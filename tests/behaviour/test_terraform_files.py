"""``release --terraform``: what is live as imports and resources, and what those cannot say."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.files import HOST, whole
from tests.support.hcl_reader import Reference, read
from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.terraform_files import terraform_texts, write_terraform
from ztctl.core.model.diagnostics import Failure
from ztctl.core.planning.handover import Handover

Json = Any
A = "cloudflare_zero_trust_access"
T = "cloudflare_zero_trust_tunnel_cloudflared"


def texts(account: Account, file: Any) -> tuple[Any, tuple[str, ...]]:
    """What would be written for all of a file, and what is told."""

    async def planned() -> Any:
        async with account.client() as client:
            options = options_of(handover=Handover())
            return await plan_source(client, account.declared(file), options, account.view()).plan()

    return terraform_texts(asyncio.run(planned()))


def resources(account: Account, file: Any) -> dict[tuple[str, str], Json]:
    """The resources by type and name."""
    files, _ = texts(account, file)
    return {(labels[0], labels[1]): body for _, labels, body in read(files["resources.tf"])}


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The whole file, and routes, applied."""
    account = Account(tmp_path_factory.mktemp("account"))
    account.apply(networks())
    return account


def networks() -> dict[str, Any]:
    """The whole file, with a virtual network and a route."""
    file = whole()
    file["virtual_networks"] = {"inside": {"comment": "ours"}}
    file["private_routes"] = {"10.1.0.0/16": {"tunnel": "pool", "virtual_network": "inside"}}
    return file


def test_every_object_has_the_import_id_that_its_type_wants(applied: Account) -> None:
    """As the provider's documentation has them: no two types have the same form."""
    files, told = texts(applied, networks())
    ids = {body["to"].to.split(".")[0]: body["id"] for _, _, body in read(files["imports.tf"])}
    live = {kind: [it["id"] for it in applied.everything()[kind]] for kind in (
        "apps", "groups", "policies", "tunnels", "dns_records", "virtual_networks", "routes"
    )}  # fmt: skip
    a = applied.sandbox.account_id
    zone = applied.one("zones", name="example.com")["id"]
    network = applied.one("virtual_networks", name="inside")["id"]

    assert told == ()
    assert ids == {
        f"{A}_application": f"accounts/{a}/{live['apps'][0]}",
        f"{A}_group": f"accounts/{a}/{live['groups'][0]}",
        f"{A}_policy": f"{a}/{live['policies'][0]}",
        f"{A}_short_lived_certificate": f"accounts/{a}/{live['apps'][0]}",
        T: f"{a}/{live['tunnels'][0]}",
        f"{T}_config": f"{a}/{live['tunnels'][0]}",
        f"{T}_route": f"{a}/{live['routes'][0]}",
        f"{T}_virtual_network": f"{a}/{network}",
        "cloudflare_dns_record": f"{zone}/{live['dns_records'][0]}",
    }


def test_the_resources_say_what_is_live_without_the_mark(applied: Account) -> None:
    """And what the provider would make something else of when it is left out."""
    found = resources(applied, networks())
    a, name = applied.sandbox.account_id, "ssh_example_com"

    assert found[f"{A}_policy", "team"] == {
        "account_id": a, "name": "team", "decision": "allow", "session_duration": "8h",
        "include": [{"group": {"id": Reference(f"{A}_group.people.id")}}],
    }  # fmt: skip
    app = found[f"{A}_application", name]
    assert app["session_duration"] == "24h"
    assert app["destinations"] == [{"type": "public", "uri": HOST}]
    assert app["policies"] == [{"id": Reference(f"{A}_policy.team.id"), "precedence": 1}]
    assert "domain" not in app
    assert "tags" not in app
    assert found[T, "pool"] == {"account_id": a, "name": "pool", "config_src": "cloudflare"}
    record = found["cloudflare_dns_record", name]
    assert record["content"] == Reference(f"{T}.pool.id", ".cfargotunnel.com")
    assert (record["ttl"], record["comment"]) == (1, "the way in")
    assert found[f"{T}_virtual_network", "inside"]["comment"] == "ours"
    assert found[f"{T}_route", "_10_1_0_0_16"]["tunnel_id"] == Reference(f"{T}.pool.id")
    first = found[f"{T}_config", "pool"]["config"]["ingress"][0]
    assert first["origin_request"]["access"]["aud_tag"] == [
        Reference(f"{A}_application.{name}.aud")
    ]


def test_what_the_provider_cannot_say_is_told(account: Account) -> None:
    """Above the resource, and to whoever ran it; never silently."""
    account.apply(whole())
    app, tunnel = account.one("apps"), account.one("tunnels")["id"]
    inline = {"name": "own", "decision": "deny", "precedence": 4, "session_duration": "1h"}
    path = f"{{A}}/access/apps/{app['id']}/policies"
    account.call("POST", path, {**inline, "include": [{"everyone": {}}]})
    overrides = [{"behavior": "public", "path_pattern": "/x"}]
    places = [{"type": "public", "uri": HOST, "overrides": overrides}]
    scim = {"remote_uri": "https://x.example", "authentication": {"password": "CANARY"}}
    app |= {
        "destinations": places,
        "scim_config": scim,
        "policies": account.one("apps")["policies"],
    }
    stored = account.one("tunnel_configurations")
    rule = stored["config"]["ingress"][0]
    rule["originRequest"] |= {"bastionMode": True, "matchSNItoHost": True, "proxyAddress": "x"}
    stored["config"]["warp-routing"] = {"enabled": True}
    with account.sandbox.session() as state:
        state.store.put("app", app["id"], app)
        state.store.put("tunnel_configuration", tunnel, stored)

    files, told = texts(account, whole())

    said = "\n".join(told)
    for part in (
        "scim_config: not written here",
        f"the destination {HOST} has overrides",
        "the policy 'own' is the application's own",
        "session_duration cannot be stated there",
        f"{HOST}: `bastionMode` cannot be stated",
        f"{HOST}: `proxyAddress` cannot be stated",
        "`warp-routing` cannot be stated",
    ):
        assert part in said
    assert all(f"# {it.partition(': ')[2]}\n" in files["resources.tf"] for it in told)
    assert "CANARY" not in str(files)
    config = resources(account, whole())[f"{T}_config", "pool"]["config"]
    assert config["ingress"][0]["origin_request"]["match_sn_ito_host"] is True
    policies = resources(account, whole())[f"{A}_application", "ssh_example_com"]["policies"]
    assert policies[1] == {
        "name": "own", "precedence": 4, "decision": "deny", "include": [{"everyone": {}}]
    }  # fmt: skip


def test_nothing_that_narrows_is_left_out(account: Account) -> None:
    """A member that the provider does not know is written, so that Terraform refuses it."""
    account.apply(whole())
    group, app = account.one("groups"), account.one("apps")
    negated = {"ip": {"ip": "192.0.2.0/24", "negate": True, "ports": {"but": 22}, "gone": None}}
    inline = {
        "name": "own",
        "decision": "allow",
        "precedence": 4,
        "include": [{"everyone": {}}],
        "approval_required": True,
        "approval_groups": [{"approvals_needed": 1, "email_addresses": ["boss@example.com"]}],
    }
    account.call("POST", f"{{A}}/access/apps/{app['id']}/policies", inline)
    with account.sandbox.session() as state:
        state.store.put("access_group", group["id"], {**group, "require": [negated]})

    found = resources(account, whole())

    (stated,) = (it["require"] for (type_, _), it in found.items() if type_ == f"{A}_group")
    assert stated == [{"ip": {"ip": "192.0.2.0/24", "negate": True, "ports": {"but": 22}}}]
    own = found[f"{A}_application", "ssh_example_com"]["policies"][1]
    assert own["approval_required"] is True
    assert own["approval_groups"] == inline["approval_groups"]
    assert "approval_required, approval_groups there: Terraform refuses" in "\n".join(
        texts(account, whole())[1]
    )


def test_hostile_names_stay_texts_and_get_names_of_their_own(account: Account) -> None:
    """A name is no template, no comment and no second block."""
    names = ["a.b", "a b", "${x}", '"}\nresource "x" "y" {', "1e3", "\u202eevil"]
    for name in names:
        body = {"name": f"{name}.ztctl-prod", "include": [{"everyone": {}}]}
        account.call("POST", "{A}/access/groups", body)

    found = resources(account, {})

    assert sorted(body["name"] for body in found.values()) == sorted(names)
    assert len({name for _, name in found}) == len(names)


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path, applied: Account) -> None:
    """An earlier output is; nothing is written where one of them is refused."""
    files, _ = texts(applied, networks())
    folder = tmp_path / "made" / "here"
    assert len([*write_terraform(folder, files)]) == len([*write_terraform(folder, files)])
    (folder / "resources.tf").write_text("resource {}", encoding="utf-8")
    (folder / "imports.tf").unlink()

    with pytest.raises(Failure, match="no earlier output"):
        [*write_terraform(folder, files)]

    assert not (folder / "imports.tf").exists()
