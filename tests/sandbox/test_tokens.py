"""API tokens and what they may do."""

from __future__ import annotations

import pytest

from ztctl.sandbox.ids import derived
from ztctl.sandbox.messages import Request
from ztctl.sandbox.service import Sandbox

from .api import Api


def holding(sandbox: Sandbox, *permissions: str) -> Api:
    """A client with a token that has these permissions."""
    sandbox.define_token("limited", permissions)
    return Api(sandbox, "limited")


def test_any_token_is_taken_at_first(sandbox: Sandbox) -> None:
    """Without defined tokens every bearer token may do everything."""
    assert Api(sandbox, "whatever").post("{A}/access/tags", {"name": "a"}).status == 201


def test_missing_token_is_refused(sandbox: Sandbox) -> None:
    """Without an Authorization header the answer is 401."""
    assert Api(sandbox, None).get("/zones").status == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer \x00"])
def test_malformed_token_is_refused(sandbox: Sandbox, header: str) -> None:
    """A malformed Authorization header answers 400."""
    request = Request("GET", "/client/v4/zones", headers=(("authorization", header),))

    assert sandbox.handle(request).status == 400


def test_unknown_token_is_refused(sandbox: Sandbox) -> None:
    """Once a token is defined, another one answers 401 with code 10000."""
    sandbox.define_token("known", ["Zone Read"])

    assert Api(sandbox, "other").get("/zones").error == (401, 10000)


def test_unknown_token_does_not_verify(sandbox: Sandbox) -> None:
    """Verifying an unknown token answers 401 with code 1000."""
    sandbox.define_token("known", [])

    assert Api(sandbox, "other").get("/user/tokens/verify").error == (401, 1000)


def test_token_without_rights_verifies(sandbox: Sandbox) -> None:
    """Verification proves identity only: a token without any permission is active."""
    answer = holding(sandbox).get("/user/tokens/verify")

    assert (answer.status, answer.result["status"]) == (200, "active")
    assert answer.body["messages"][0]["code"] == 10000


def test_account_owned_token_verifies_on_its_own_path(sandbox: Sandbox) -> None:
    """An account-owned token verifies under the account and not under the user."""
    sandbox.define_token("owned", [], account_owned=True)
    api = Api(sandbox, "owned")

    assert api.get("/user/tokens/verify").status == 401
    assert api.get("{A}/tokens/verify").status == 200


def test_read_token_reads_and_does_not_write(sandbox: Sandbox) -> None:
    """A token with the Read form gets 200 for a read and 403/10000 for a write."""
    api = holding(sandbox, "Access: Apps and Policies Read")

    assert api.get("{A}/access/apps").status == 200
    assert api.post("{A}/access/tags", {"name": "a"}).error == (403, 10000)


def test_write_includes_read(sandbox: Sandbox) -> None:
    """A token with the Write form may read."""
    assert holding(sandbox, "DNS Write", "Zone Read").get("/zones").status == 200


def test_edit_is_the_dashboards_word_for_write(sandbox: Sandbox) -> None:
    """A permission spelled as in the dashboard counts as Write."""
    api = holding(sandbox, "Cloudflare Tunnel Edit")

    assert api.post("{A}/cfd_tunnel", {"name": "a"}).status == 200


def test_tunnel_token_needs_write(sandbox: Sandbox, api: Api) -> None:
    """Reading a tunnel's token needs the Write form, although it is a GET."""
    tunnel = api.tunnel()
    reader = holding(sandbox, "Cloudflare Tunnel Read")

    assert reader.get(f"{{A}}/cfd_tunnel/{tunnel['id']}").status == 200
    assert reader.get(f"{{A}}/cfd_tunnel/{tunnel['id']}/token").error == (403, 10000)


def test_groups_need_their_own_permission(sandbox: Sandbox) -> None:
    """The permission for applications does not cover groups."""
    api = holding(sandbox, "Access: Apps and Policies Write")

    assert api.get("{A}/access/groups").error == (403, 10000)


def test_account_without_zero_trust_says_so() -> None:
    """Without Zero Trust every Access path answers 404/9999, and others work."""
    api = Api(Sandbox.create(zero_trust=False))

    assert api.get("{A}/access/apps").error == (404, 9999)
    assert api.post("{A}/cfd_tunnel", {"name": "a"}).status == 200


def test_accounts_are_seen_by_name(api: Api) -> None:
    """The account list filters by name."""
    assert [one["name"] for one in api.get("/accounts?name=Acme").result] == ["Acme"]
    assert api.get("/accounts?name=Other").result == []


def test_one_account_is_read_by_id(api: Api) -> None:
    """An account is read by its id."""
    assert api.get("{A}").result["id"] == api.sandbox.account_id


def test_defined_tokens_are_not_kept_in_clear(sandbox: Sandbox) -> None:
    """The export does not hold a defined token."""
    sandbox.define_token("very-secret", [])

    assert "very-secret" not in str(sandbox.export())


@pytest.mark.parametrize(
    ("held", "statuses"),
    [
        (("Zone Read", "DNS Write"), (200, 200)),
        (("Zone Read", "example.com/DNS Write"), (200, 403)),
        (("account/DNS Write",), (403, 403)),
    ],
)
def test_a_permission_counts_in_its_place(held: tuple[str, ...], statuses: tuple[int, int]) -> None:
    """A permission with a place before it counts there, one without everywhere."""
    api = holding(Sandbox.create(zones=("example.com", "example.org")), *held)
    zones = {name: derived(f"zone {name}").hex()[:32] for name in ("example.com", "example.org")}

    answers = [api.get(f"/zones/{zones[it]}/dns_records") for it in zones]

    assert tuple(answer.status for answer in answers) == statuses


def test_zones_are_listed_where_the_token_may_read_them() -> None:
    """A token that is limited to some zones sees those, each with what it may do there."""
    sandbox = Sandbox.create(zones=("example.com", "example.org"))
    api = holding(sandbox, "example.org/Zone Read", "example.com/DNS Read")

    zones = api.get("/zones").result

    assert [(zone["name"], zone["permissions"]) for zone in zones] == [
        ("example.org", ["#zone:read"])
    ]
