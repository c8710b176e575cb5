"""Access objects of one zone beside those of the account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.service import Sandbox

from .api import EVERYONE, Api

OPS = [{"email_domain": {"domain": "example.com"}}]
FAMILIES: dict[str, dict[str, Any]] = {
    "apps": {"type": "self_hosted", "domain": "web.example.com"},
    "groups": {"include": OPS},
    "identity_providers": {"type": "github", "config": {}},
    "service_tokens": {},
}


@pytest.fixture
def zone(api: Api) -> str:
    """The path of Access in the zone."""
    return f"/zones/{api.get('/zones').result[0]['id']}/access"


@pytest.mark.parametrize("family", FAMILIES)
def test_objects_of_a_zone_are_in_no_list_of_the_account(api: Api, zone: str, family: str) -> None:
    """What is made below a zone is found there, and neither listed nor found in the account."""
    made = api.post(f"{zone}/{family}", {"name": "mine", **FAMILIES[family]}).result

    assert made["id"] in {one["id"] for one in api.get(f"{zone}/{family}").result}
    assert made["id"] not in {one["id"] for one in api.get(f"{{A}}/access/{family}").result}
    assert api.get(f"{{A}}/access/{family}/{made['id']}").status == 404


@pytest.mark.parametrize("family", FAMILIES)
def test_objects_of_the_account_are_in_no_list_of_a_zone(api: Api, zone: str, family: str) -> None:
    """The other way round, too."""
    made = api.post(f"{{A}}/access/{family}", {"name": "ours", **FAMILIES[family]}).result

    assert api.get(f"{zone}/{family}").result == []
    assert api.get(f"{zone}/{family}/{made['id']}").status == 404


@pytest.mark.parametrize("family", FAMILIES)
def test_a_switch_lists_the_objects_of_zones_in_the_account(
    sandbox: Sandbox, api: Api, zone: str, family: str
) -> None:
    """With `zone_access_listed` the account's list holds them, in the same form."""
    made = api.post(f"{zone}/{family}", {"name": "mine", **FAMILIES[family]}).result
    sandbox.settings = replace(sandbox.settings, zone_access_listed=True)

    (listed,) = [one for one in api.get(f"{{A}}/access/{family}").result if one["id"] == made["id"]]

    assert listed.keys() == api.get(f"{zone}/{family}/{made['id']}").result.keys()


@pytest.mark.parametrize("listed", [False, True])
def test_a_domain_is_taken_where_a_list_holds_both(
    sandbox: Sandbox, api: Api, zone: str, listed: bool
) -> None:
    """One host may have an application in the account and one in its zone, in lists apart."""
    sandbox.settings = replace(sandbox.settings, zone_access_listed=listed)
    body = {"name": "ours", **FAMILIES["apps"]}
    api.post("{A}/access/apps", body)

    assert api.post(f"{zone}/apps", body).status == (409 if listed else 201)


def test_a_domain_of_another_zone_is_refused(api: Api, zone: str) -> None:
    """An application of a zone stands in front of names of that zone alone."""
    body = {"type": "self_hosted", "name": "far", "domain": "web.example.net"}

    assert "does not belong to zone" in api.post(f"{zone}/apps", body).message


def test_the_edge_knows_applications_of_zones(sandbox: Sandbox, api: Api, zone: str) -> None:
    """A visitor is sent to the login by an application of a zone; a switch turns that round."""
    policy = {"name": "ops", "decision": "allow", "include": OPS}
    api.post(f"{zone}/apps", {**FAMILIES["apps"], "policies": [policy]})
    record = {"type": "A", "name": "web.example.com", "content": "192.0.2.1", "proxied": True}
    api.post(f"{zone.removesuffix('/access')}/dns_records", record)

    assert sandbox.edge.visit(Visit("web.example.com")).outcome == "login"

    sandbox.settings = replace(sandbox.settings, zone_access_enforced=False)

    assert sandbox.edge.visit(Visit("web.example.com")).outcome == "elsewhere"


def test_rules_of_a_zone_refer_to_the_account(api: Api, zone: str) -> None:
    """A group of the account serves a group of the zone; that of a zone serves no other."""
    ours = api.post("{A}/access/groups", {"name": "ours", "include": EVERYONE}).result["id"]
    nested = [{"group": {"id": ours}}]
    theirs = api.post(f"{zone}/groups", {"name": "theirs", "include": nested})

    refers = {"name": "none", "include": [{"group": {"id": theirs.result["id"]}}]}
    assert theirs.status == 201
    assert api.post("{A}/access/groups", refers).status == 400


def test_an_export_keeps_whose_an_object_is(sandbox: Sandbox, api: Api, zone: str) -> None:
    """An import of an export lists the same below the zone, and deleting it leaves nothing."""
    made = api.post(f"{zone}/apps", {"name": "mine", **FAMILIES["apps"]}).result
    sandbox.import_(sandbox.export())

    assert [one["id"] for one in api.get(f"{zone}/apps").result] == [made["id"]]
    assert api.get("{A}/access/apps").result == []
    assert api.delete(f"{zone}/apps/{made['id']}").status == 202
    assert sandbox.export()["zone_scopes"] == []


def test_policies_of_an_account_are_no_path_of_a_zone(api: Api, zone: str) -> None:
    """`…/access/apps/policies` of a zone answers that this is no id of an application."""
    assert api.get(f"{zone}/apps/policies").error == (400, 12045)
