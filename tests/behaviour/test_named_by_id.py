"""What a file names by an id has to be live, whatever it is."""

from __future__ import annotations

import pytest

from tests.support.account import Account
from tests.support.marked_texts import HEAD, place
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.core.model.diagnostics import Problem, Problems

ABSENT = "0f5a1c2e-8d3b-4e6f-9a70-1b2c3d4e5f60"
ROUTE = "private_routes: {10.0.0.0/8: {tunnel: t0, virtual_network: {id: ¦ID}}}"
BY_ID = [
    ("access_policy", "applications: {a.example.com: {policies: [{id: ¦ID}]}}"),
    ("access_group", "groups: {g0: {include: [{group: {id: ¦ID}}]}}"),
    ("access_application", "groups: {g0: {include: [{linked_app_token: {id: ¦ID}}]}}"),
    ("access_application", "ca_keys: {web: {application: {id: ¦ID}}}"),
    ("tunnel", "dns: {a.example.com: {tunnel: {id: ¦ID}}}"),
    ("tunnel", "private_routes: {10.0.0.0/8: {tunnel: {id: ¦ID}}}"),
    ("virtual_network", f"tunnels: {{t0: {{}}}}\n{ROUTE}"),
    ("identity_provider", "groups: {g0: {include: [{login_method: {id: ¦ID}}]}}"),
    (
        "identity_provider",
        "groups: {g0: {include: [{okta: {identity_provider: {id: ¦ID}, name: x}}]}}",
    ),
    (
        "identity_provider",
        "applications: {a.example.com: {policies: [p0], allowed_idps: [{id: ¦ID}]}}",
    ),
    ("service_token", "groups: {g0: {include: [{service_token: {id: ¦ID}}]}}"),
]


def planned(account: Account, text: str) -> list[Problem]:
    """The problems for which there is no plan, of a text of YAML."""
    path = account.folder / "ztctl.yaml"
    path.write_text(HEAD + text.replace("¦ID", ABSENT), encoding="utf-8")
    with pytest.raises(Problems) as found:
        account.plan_of(declared_by(Settings(files=(path,))))
    return list(found.value.items)


@pytest.mark.parametrize(("kind", "text"), BY_ID)
def test_an_id_that_nothing_live_has_is_an_error_at_its_place(
    account: Account, kind: str, text: str
) -> None:
    """Whatever it is the id of: the service would refuse it in the middle, or let nobody in."""
    account.call("POST", "{A}/access/service_tokens", {"name": "ci"})

    (found,) = planned(account, text)

    what = kind.replace("_", " ")
    assert found.summary == f"there is no live {what} with the id {ABSENT}"
    assert found.hint == "copy the id whole, or refer to it by {live: NAME}"
    assert found.where is not None
    assert (found.where.line, found.where.column) == place(text)


def test_an_id_that_is_live_is_taken_in_any_case(account: Account) -> None:
    """Capitals are no other id."""
    provider = account.one("identity_providers", type="okta")["id"]
    rule = {"okta": {"identity_provider": {"id": provider.upper()}, "name": "infra"}}
    file = {"groups": {"people": {"include": [rule]}}}

    assert account.apply(file).is_complete
    assert account.plan(file).is_empty


def test_an_id_that_the_token_may_not_look_up_is_taken(account: Account) -> None:
    """Of service tokens that nobody may list, only the service can tell."""
    token = account.call("POST", "{A}/access/service_tokens", {"name": "ci"})["id"]
    refusal = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}
    account.sandbox.faults.add(
        method="GET", path="/access/service_tokens", status=403, times=None, body=refusal
    )
    rule = {"service_token": {"id": token}}
    policy = {"decision": "non_identity", "include": [rule]}

    assert account.apply({"policies": {"ci": policy}}).is_complete
