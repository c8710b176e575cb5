"""Who changed what."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from ztctl.sandbox import audit
from ztctl.sandbox.messages import Request

from .api import Api

ALWAYS = "since=2026-01-01&before=2030-01-01"
NEW = "{A}/logs/audit"
OLD = "{A}/audit_logs"


def entries(api: Api, query: str = "") -> Any:
    """The entries that a query finds, newest first."""
    return api.get(f"{NEW}?{ALWAYS}&{query}").result


@pytest.fixture
def three(api: Api) -> Api:
    """An account in which a tag was made, a record made, and the tag deleted."""
    api.post("{A}/access/tags", {"name": "prod"})
    api.record()
    api.delete("{A}/access/tags/prod")
    return api


def test_every_write_leaves_an_entry(three: Api) -> None:
    """Three writes leave three entries, the newest first; reads leave none."""
    said = [(one["action"]["type"], one["resource"]["type"]) for one in entries(three)]

    assert said == [("delete", "tags"), ("create", "dns_records"), ("create", "tags")]


def test_entry_says_who_did_what_to_which(three: Api) -> None:
    """An entry holds the token's id, the action, the resource, the zone and the time."""
    entry = entries(three)[1]
    (record,) = three.get(f"{three.zone()}/dns_records").result

    assert entry["actor"]["token_id"] == three.get("/user/tokens/verify").result["id"]
    assert entry["resource"]["id"] == record["id"]
    assert entry["zone"]["name"] == "example.com"
    assert entry["raw"]["status_code"] == 200
    assert entry["action"]["time"].startswith("2026-07-01T00:")


def test_refused_write_leaves_no_entry(three: Api) -> None:
    """A write that was refused changed nothing, and left no entry."""
    three.post("{A}/access/tags", {"name": ""})

    assert len(entries(three)) == 3


def test_entries_hold_no_secret(api: Api) -> None:
    """Neither a body nor a query nor a token gets into an entry."""
    made = api.post("{A}/access/service_tokens", {"name": "robot"}).result
    tunnel = {"name": "own", "config_src": "local", "tunnel_secret": "c2VjcmV0" * 8}
    api.post("{A}/cfd_tunnel", tunnel)
    key = api.tunnel()["id"]
    api.delete(f"{{A}}/cfd_tunnel/{key}/connections?client_id=hush")

    said = str(entries(api))
    assert made["client_secret"] not in said
    assert not [word for word in ("c2VjcmV0", "hush", "Bearer", "robot") if word in said]


def test_actions_on_an_object_are_updates(api: Api) -> None:
    """Rotating a token's secret is an update of it; making a CA for an application too."""
    token = api.post("{A}/access/service_tokens", {"name": "robot"}).result
    api.post(f"{{A}}/access/service_tokens/{token['id']}/rotate")

    latest = entries(api)[0]
    assert (latest["action"]["type"], latest["resource"]["id"]) == ("update", token["id"])


def test_owner_of_the_token_is_said(api: Api) -> None:
    """A write with an account-owned token was done by the account."""
    permission = "Access: Apps and Policies Write"
    api.sandbox.define_token("robot", [permission, "Account Settings Read"], account_owned=True)
    robot = Api(api.sandbox, "robot")
    robot.post("{A}/access/tags", {"name": "a"})

    assert entries(robot)[0]["actor"]["type"] == "account"


def test_reading_needs_a_permission(three: Api) -> None:
    """Audit logs need Account Settings."""
    three.sandbox.define_token("poor", ["DNS Read"])

    assert Api(three.sandbox, "poor").get(f"{NEW}?{ALWAYS}").error == (403, 10000)
    assert Api(three.sandbox, "poor").get(OLD).error == (403, 10000)


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("action_type=create", ["dns_records", "tags"]),
        ("action_type=create&action_type=delete", ["tags", "dns_records", "tags"]),
        ("action_type[]=delete", ["tags"]),
        ("action_type.not=create", ["tags"]),
        ("action_type.not[]=create&action_type.not[]=delete", []),
        ("resource_type=dns_records", ["dns_records"]),
        ("resource_product=access&direction=asc", ["tags", "tags"]),
        ("resource_scope=zones", ["dns_records"]),
        ("zone_name=example.com", ["dns_records"]),
        ("raw_method=POST&raw_status_code=201", ["tags"]),
        ("actor_email=a@example.com", []),
        ("direction=asc", ["tags", "dns_records", "tags"]),
    ],
)
def test_entries_are_filtered(three: Api, query: str, types: list[str]) -> None:
    """A filter keeps its values; with `.not` it keeps the others."""
    assert [one["resource"]["type"] for one in entries(three, query)] == types
    assert three.sandbox.ignored == []


def test_entries_are_limited_in_time(three: Api) -> None:
    """`since` and `before` may be times or dates; a date is a whole day."""
    middle = quote(entries(three)[1]["action"]["time"])

    assert len(three.get(f"{NEW}?since={middle}&before=2030-01-01").result) == 2
    assert len(three.get(f"{NEW}?since=2026-01-01&before={middle}").result) == 2
    assert len(three.get(f"{NEW}?since=2026-07-01&before=2026-07-01").result) == 3
    assert three.get(f"{NEW}?since=2026-07-02&before=2026-07-03").result == []


def test_cursor_leads_to_the_rest(three: Api) -> None:
    """Each page says where the next begins; the last one does not."""
    first = three.get(f"{NEW}?{ALWAYS}&limit=2").body
    cursor = first["result_info"]["cursors"]["after"]
    second = three.get(f"{NEW}?{ALWAYS}&limit=2&cursor={cursor}").body

    assert (len(first["result"]), len(second["result"])) == (2, 1)
    assert second["result_info"]["cursors"] == {}


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-01-01",
        "before=2026-01-01",
        "since=yesterday&before=2030-01-01",
        f"{ALWAYS}&cursor=x",
        f"{ALWAYS}&cursor=99",
        f"{ALWAYS}&limit=0",
        f"{ALWAYS}&limit=1001",
        f"{ALWAYS}&direction=up",
    ],
)
def test_wrong_queries_for_entries_are_refused(three: Api, query: str) -> None:
    """A missing or malformed bound, cursor, limit or direction answers 400."""
    assert three.get(f"{NEW}?{query}").status == 400


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_far_moments_are_bounds_too(three: Api, moment: str) -> None:
    """The first and the last moment there are can be asked for."""
    assert three.get(f"{NEW}?since={moment}&before=2030-01-01").status == 200


def test_old_log_has_pages(three: Api) -> None:
    """Version 1 tells the same in pages of its own shape."""
    answer = three.get(f"{OLD}?per_page=2&page=2").body

    (first,) = answer["result"]
    assert (first["action"], first["interface"]) == ({"result": True, "type": "create"}, "API")
    assert answer["result_info"]["total_count"] == 3


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("action.type=delete", 1),
        ("zone.name=example.com", 1),
        ("actor.email=a@example.com", 0),
        ("since=2026-07-02", 0),
        ("before=2026-07-02&direction=asc", 3),
        ("hide_user_logs=false", 3),
    ],
)
def test_old_log_is_filtered(three: Api, query: str, count: int) -> None:
    """Version 1 has filters of its own."""
    assert len(three.get(f"{OLD}?{query}").result) == count
    assert three.sandbox.ignored == []


def test_only_the_latest_entries_are_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log forgets its oldest entries with each new one, however many are too many."""
    for name in ("a", "b", "c"):
        api.post("{A}/access/tags", {"name": name})
    monkeypatch.setattr(audit, "KEPT", 2)
    for name in ("d", "e"):
        api.post("{A}/access/tags", {"name": name})
        assert len(entries(api)) == 2

    assert [one["resource"]["id"] for one in entries(api)] == ["e", "d"]


def test_foreign_words_are_cut(api: Api) -> None:
    """What a client calls itself is kept only in part."""
    path = f"/client/v4/accounts/{api.sandbox.account_id}/access/tags"
    headers = (("authorization", "Bearer token"), ("user-agent", "x" * 5000))
    api.sandbox.handle(Request("POST", path, (), headers, b'{"name": "a"}'))

    assert len(entries(api)[0]["raw"]["user_agent"]) == 200


def test_people_and_tokens_have_names(api: Api) -> None:
    """A defined token says its name and whose it is; the dashboard has no token."""
    api.sandbox.define_token("ci", None, name="ci", email="ops@example.com")
    api.sandbox.define_token("dash", None, email="mallory@example.com", dashboard=True)
    Api(api.sandbox, "ci").post("{A}/access/tags", {"name": "a"})
    dash = Api(api.sandbox, "dash")
    dash.post("{A}/access/tags", {"name": "b"})

    by_hand, by_token = (entry["actor"] for entry in entries(dash))

    assert (by_hand["context"], by_hand["email"]) == ("dash", "mallory@example.com")
    assert "token_id" not in by_hand
    assert (by_token["context"], by_token["token_name"]) == ("api_token", "ci")
    assert by_token["email"] == "ops@example.com"


def test_the_owner_of_a_global_key_is_told(api: Api) -> None:
    """A key comes with an e-mail address."""
    path = f"/client/v4/accounts/{api.sandbox.account_id}/access/tags"
    headers = (("x-auth-key", "k" * 37), ("x-auth-email", "ann@example.com"))
    api.sandbox.handle(Request("POST", path, (), headers, b'{"name": "a"}'))

    actor = entries(api)[0]["actor"]

    assert (actor["context"], actor["email"]) == ("api_key", "ann@example.com")


def test_the_end_of_a_token_is_told(api: Api) -> None:
    """Its verification says when it ends."""
    api.sandbox.define_token("short", None, expires_on="2026-08-01T00:00:00Z")

    found = Api(api.sandbox, "short").get("/user/tokens/verify").result

    assert found["expires_on"] == "2026-08-01T00:00:00Z"
