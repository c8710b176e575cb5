"""What hand-made applications have, and files can say: in `hosts`, and of private ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.account import Account, edits, told
from tests.support.files import HOST, host
from tests.support.own_policies import OWN
from ztctl.core.model.diagnostics import Problems

APP = f"access_application.{HOST}"


def shown(**fields: Any) -> dict[str, Any]:
    """A host in the short form with further fields."""
    file = host()
    file["hosts"][HOST] |= fields
    return file


def test_a_host_says_what_its_application_displays(account: Account) -> None:
    """Name, tile, providers and own policies; nothing of it is nagged about."""
    okta = account.one("identity_providers", type="okta")["name"]
    file = shown(
        name="My shell",
        app_launcher_visible=True,
        allowed_idps=[okta],
        auto_redirect_to_identity=True,
        policies=["team", OWN[1]],
        tags=["ops"],
        logo_url="https://example.com/logo.png",
        custom_pages=["0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"],
        enable_binding_cookie=True,
        http_only_cookie_attribute=False,
        same_site_cookie_attribute="strict",
    )

    assert account.apply(file).is_complete

    app = account.one("apps")
    assert (app["name"], app["app_launcher_visible"]) == ("My shell", True)
    assert app["auto_redirect_to_identity"] is True
    assert (app["tags"], app["same_site_cookie_attribute"]) == (["ops", "ztctl-prod"], "strict")
    assert (app["logo_url"], app["enable_binding_cookie"]) == (
        file["hosts"][HOST]["logo_url"],
        True,
    )
    (shell,) = account.call("GET", "{A}/access/apps")
    assert [it["name"] for it in shell["policies"]] == ["team.ztctl-prod", "Staff"]
    assert account.plan(file).is_empty


@pytest.mark.parametrize("field", ["name", "app_launcher_visible", "allowed_idps"])
def test_a_shared_application_says_it_itself(account: Account, field: str) -> None:
    """A host cannot say it for others."""
    value = {"name": "x", "app_launcher_visible": True, "allowed_idps": []}[field]
    file = shown(application="web", **{field: value})
    del file["hosts"][HOST]["policies"]
    file["applications"] = {"web": {"destinations": [HOST], "policies": ["team"]}}

    with pytest.raises(Problems, match=f"`{field}` cannot stand beside `application`"):
        account.declared(file)


def test_a_mistake_in_an_own_policy_of_a_host_is_told_at_its_place(account: Account) -> None:
    """The application that it becomes part of validates it."""
    file = shown(policies=[{**OWN[1], "decision": "perhaps"}])

    with pytest.raises(Problems, match="decision"):
        account.declared(file)


PRIVATE = {"type": "private", "cidr": "10.0.0.5/32", "port_range": "22"}


def test_a_private_application_is_found_by_its_destinations(account: Account) -> None:
    """Whatever it is called: it is adopted, and not made a second time."""
    body = {"type": "self_hosted", "name": "Database", "destinations": [PRIVATE]}
    key = account.call("POST", "{A}/access/apps", body)["id"]
    file = {"applications": {"db": {"destinations": [{"cidr": "10.0.0.5", "port_range": "22"}]}}}

    plan = account.plan(file)

    assert "adopt access_application.db" in told(plan)
    assert edits(plan) == ["access_application.db tags", "access_application.db name"]
    assert account.apply(file, adopt=True).is_complete
    assert account.one("apps")["id"] == key
    assert account.plan(file).is_empty


def test_another_private_application_is_not_taken_for_it(account: Account) -> None:
    """All destinations have to be the same: they are unique to nobody."""
    more = [PRIVATE, {"type": "private", "hostname": "db.internal"}]
    body = {"type": "self_hosted", "name": "Database", "destinations": more}
    account.call("POST", "{A}/access/apps", body)
    file = {"applications": {"db": {"destinations": [{"cidr": "10.0.0.5", "port_range": "22"}]}}}

    assert "create access_application.db" in told(account.plan(file))
