"""A PUT that keeps what it leaves out, and destinations that lead to no host."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .api import EVERYONE, Api

SSH = {"type": "self_hosted", "name": "a"}
PLACE = {"type": "public", "uri": "ssh.example.com"}
UNUSUAL: dict[str, Any] = {
    "app_launcher_visible": False,
    "allow_iframe": True,
    "session_duration": "8h",
    "custom_deny_message": "no",
    "cors_headers": {"max_age": 5},
}
ELSEWHERE: list[dict[str, Any]] = [
    {"type": "all_workers"},
    {"type": "all_preview_workers", "overrides": [{"behavior": "public", "path_pattern": "/x"}]},
    {"type": "worker", "worker_id": "w"},
    {"type": "preview_worker", "worker_id": "w"},
    {"type": "via_mcp_server_portal", "mcp_server_id": "m"},
]


@pytest.fixture
def keeping() -> Api:
    """An account of which a PUT keeps what it leaves out."""
    return Api(Sandbox.create(settings=Settings(keeps_omitted=True)))


def replaced(api: Api, **body: Any) -> Any:
    """An unusual application after a PUT of this body."""
    made = api.app(**UNUSUAL)
    return api.put(f"{{A}}/access/apps/{made['id']}", {**SSH, **body}).result


def test_what_a_put_leaves_out_is_kept(keeping: Api, api: Api) -> None:
    """An application is as it was, but for what is sent; otherwise it is as it is sent."""
    kept, reset = replaced(keeping), replaced(api, domain="ssh.example.com")

    assert {name: kept[name] for name in UNUSUAL} == UNUSUAL
    assert kept["destinations"] == [PLACE]
    assert (reset["app_launcher_visible"], reset["session_duration"]) == (True, "24h")
    assert "custom_deny_message" not in reset


@pytest.mark.parametrize(
    ("field", "sent", "shown"),
    [
        ("app_launcher_visible", True, True),
        ("session_duration", "24h", "24h"),
        ("custom_deny_message", "", ""),
        ("cors_headers", None, None),
    ],
)
def test_what_is_sent_counts(keeping: Api, field: str, sent: Any, shown: Any) -> None:
    """Also what is empty, and null."""
    assert replaced(keeping, **{field: sent}).get(field) == shown


@pytest.mark.parametrize(
    "body",
    [
        {"domain": "other.example.com"},
        {"self_hosted_domains": ["other.example.com"]},
        {"destinations": [{"type": "public", "uri": "other.example.com"}]},
    ],
    ids=lambda body: next(iter(body)),
)
def test_the_three_lists_of_domains_are_one(keeping: Api, body: dict[str, Any]) -> None:
    """Stating one of them leaves none of the others as it was."""
    found = replaced(keeping, **body)

    assert found["self_hosted_domains"] == ["other.example.com"]
    assert [it["uri"] for it in found["destinations"]] == ["other.example.com"]


def test_policies_and_groups_are_kept_too(keeping: Api) -> None:
    """Their rules and flags, as everything else."""
    policy = keeping.policy(isolation_required=True, session_duration="8h", require=EVERYONE)
    group = keeping.post(
        "{A}/access/groups", {"name": "g", "include": EVERYONE, "exclude": EVERYONE}
    ).result
    least = {"name": "b", "decision": "allow", "include": EVERYONE}

    changed = keeping.put(f"{{A}}/access/policies/{policy['id']}", least).result
    other = keeping.put(
        f"{{A}}/access/groups/{group['id']}", {"name": "h", "include": EVERYONE}
    ).result

    assert (changed["isolation_required"], changed["session_duration"]) == (True, "8h")
    assert (changed["name"], changed["require"]) == ("b", EVERYONE)
    assert (other["name"], other["exclude"]) == ("h", EVERYONE)


def test_a_tile_is_kept_too(keeping: Api) -> None:
    """An application that guards no host is replaced in the same way."""
    body = {"type": "bookmark", "name": "a", "domain": "https://a.example.com/"}
    made = keeping.post("{A}/access/apps", {**body, "app_launcher_visible": False}).result

    changed = keeping.put(f"{{A}}/access/apps/{made['id']}", {"type": "bookmark", "name": "b"})

    assert (changed.result["domain"], changed.result["name"]) == (body["domain"], "b")
    assert changed.result["app_launcher_visible"] is False


def test_destinations_of_other_types_come_back(api: Api) -> None:
    """Workers and MCP servers stand beside hosts, and are no domain."""
    app = api.post("{A}/access/apps", {**SSH, "destinations": [*ELSEWHERE, PLACE]}).result

    assert app["destinations"] == [*ELSEWHERE, PLACE]
    assert (app["domain"], app["self_hosted_domains"]) == ("ssh.example.com", ["ssh.example.com"])


@pytest.mark.parametrize(
    "place",
    [{"type": "worker"}, {"type": "all_workers", "overrides": "all"}, {"type": "unheard_of"}],
    ids=str,
)
def test_a_wrong_destination_of_another_type_is_refused(api: Api, place: dict[str, Any]) -> None:
    """A Worker has an id, overrides are a list, and not every type exists."""
    answer = api.post("{A}/access/apps", {**SSH, "destinations": [PLACE, place]})

    assert answer.error == (400, 12130)
