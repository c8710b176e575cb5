"""Members that a PUT leaves out, and members that nobody describes."""

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


# -- what nobody describes ------------------------------------------------------------------

NEW: dict[str, Any] = {"new": {"deep": [1, None, {"er": False}]}}
MAIL: dict[str, Any] = {"email": {"email": "ann@example.com"}}
SSH_RULES = {"ssh": {"usernames": ["root"]}}
TARGET = {"port": 22, "protocol": "SSH", "target_attributes": {"hostname": ["web"]}}
# What somebody may write, by its place, and the same with a member that nobody describes.
STRANGE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "destination": (
        "apps",
        {"destinations": [PLACE]},
        {"destinations": [{**PLACE, **NEW}]},
    ),
    "override": (
        "apps",
        {"destinations": [{**PLACE, "overrides": [ELSEWHERE[1]["overrides"][0]]}]},
        {"destinations": [{**PLACE, "overrides": [{**ELSEWHERE[1]["overrides"][0], **NEW}]}]},
    ),
    "type of destination": (
        "apps",
        {"destinations": [PLACE]},
        {"destinations": [PLACE, {"type": "to_come", **NEW}]},
    ),
    "cors": ("apps", {"cors_headers": {"max_age": 5}}, {"cors_headers": {"max_age": 5, **NEW}}),
    "second factor": (
        "policies",
        {"mfa_config": {"mfa_disabled": True}},
        {"mfa_config": {"mfa_disabled": True, **NEW}},
    ),
    "connection rule": (
        "policies",
        {"connection_rules": SSH_RULES},
        {"connection_rules": {"ssh": {**SSH_RULES["ssh"], **NEW}, **NEW}},
    ),
    "approval": (
        "policies",
        {"approval_required": True, "approval_groups": [{"approvals_needed": 1}]},
        {"approval_required": True, "approval_groups": [{"approvals_needed": 1, **NEW}]},
    ),
    "in a selector": (
        "groups",
        {"include": [MAIL]},
        {"include": [{"email": {**MAIL["email"], **NEW}}]},
    ),
    "beside a selector": ("groups", {"require": [MAIL]}, {"require": [{**MAIL, **NEW}]}),
    "selector": ("policies", {"exclude": [MAIL]}, {"exclude": [MAIL, NEW]}),
    "inline policy": (
        "apps",
        {"policies": [{"name": "p", "decision": "allow", "include": EVERYONE}]},
        {"policies": [{"name": "p", "decision": "allow", "include": EVERYONE, **NEW}]},
    ),
    "target criterion": (
        "apps",
        {"type": "infrastructure", "target_criteria": [TARGET]},
        {"type": "infrastructure", "target_criteria": [{**TARGET, **NEW}]},
    ),
}
LEAST: dict[str, dict[str, Any]] = {
    "apps": {**SSH, "domain": "ssh.example.com"},
    "policies": {"name": "a", "decision": "allow", "include": EVERYONE},
    "groups": {"name": "a", "include": EVERYONE},
}


def least(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The least body of a kind with these fields."""
    if fields.get("type") == "infrastructure":
        return {"name": "a", **fields}
    return {**LEAST[kind], **fields}


@pytest.mark.parametrize("place", STRANGE)
def test_what_the_account_holds_survives_a_put_at_every_depth(api: Api, place: str) -> None:
    """The service that put a member there knows it, and gives it up where it is not sent."""
    kind, plain, strange = STRANGE[place]
    made = api.post(f"{{A}}/access/{kind}", least(kind, plain)).result
    account = api.sandbox.export()
    kept = account["policies" if place == "inline policy" else kind][0]
    kept.update(strange["policies"][0] if place == "inline policy" else strange)
    api.sandbox.import_(account)
    path = f"{{A}}/access/{kind}/{made['id']}"
    read = api.get(path).result

    sent = api.put(path, read)
    again = api.put(path, least(kind, plain))

    for answer, inside in ((sent, True), (again, False)):
        assert answer.status == 200
        assert ("'new'" in str(answer.result)) is inside
    assert without_time(sent.result) == without_time(read)


def without_time(one: dict[str, Any]) -> dict[str, Any]:
    """An object, and its policies, without the time of the last change."""
    shown = {name: value for name, value in one.items() if name != "updated_at"}
    if "policies" in shown:
        shown["policies"] = [without_time(it) for it in shown["policies"]]
    return shown


@pytest.mark.parametrize("place", set(STRANGE) - {"type of destination", "selector"})
def test_what_nobody_knows_is_noted_at_every_depth(api: Api, place: str) -> None:
    """A member that is in no account is ignored, but for one beside a selector, and listed."""
    kind, _, strange = STRANGE[place]

    answer = api.post(f"{{A}}/access/{kind}", least(kind, strange))

    if place == "beside a selector":
        assert answer.error == (400, 12130)
    else:
        assert "'new'" not in str(answer.result)
        assert {name.rpartition(".")[2] for _, _, name in api.sandbox.ignored} == {"new"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_unknown_settings_of_a_record_survive(api: Api, method: str) -> None:
    """Also where a PATCH sends the settings."""
    record = api.record()
    account = api.sandbox.export()
    account["dns_records"][0]["settings"].update(NEW)
    api.sandbox.import_(account)
    path = f"{api.zone()}/dns_records/{record['id']}"

    after = api.call(method, path, api.get(path).result).result

    assert after["settings"] == {"flatten_cname": False, **NEW}
