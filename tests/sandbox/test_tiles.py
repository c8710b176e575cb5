"""Applications that guard no host: bookmarks, SaaS, the App Launcher, WARP, browser isolation."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.service import Sandbox

from .api import Api

HOST = "ssh.example.com"
TEAM = "sandbox.cloudflareaccess.com"
TILES: dict[str, dict[str, Any]] = {
    "bookmark": {"domain": HOST, "logo_url": "https://example.com/logo.png", "tags": ["team"]},
    "saas": {
        "saas_app": {"auth_type": "saml", "sp_entity_id": "sp"},
        "app_launcher_visible": False,
    },
    "dash_sso": {"saas_app": {"auth_type": "saml"}},
    "app_launcher": {"domain": TEAM, "bg_color": "#fff", "skip_app_launcher_login_page": True},
    "warp": {"domain": f"{TEAM}/warp", "session_duration": "8h"},
    "biso": {"domain": f"{TEAM}/browser", "custom_deny_url": "https://example.com/no"},
    "proxy_endpoint": {"domain": f"proxy.{TEAM}", "session_duration": "8h"},
    "mcp": {"domain": f"mcp.{TEAM}", "app_launcher_visible": True},
    "mcp_portal": {"domain": f"portal.{TEAM}", "logo_url": "https://example.com/logo.png"},
}


def tile(api: Api, kind: str, **fields: Any) -> Any:
    """The answer to a tile of this type."""
    body = {"type": kind, "name": kind, **TILES[kind], **fields}
    return api.post("{A}/access/apps", body)


@pytest.fixture
def tagged(api: Api) -> Api:
    """A client of an account with a tag."""
    api.post("{A}/access/tags", {"name": "team"})
    return api


@pytest.mark.parametrize("kind", TILES)
def test_a_tile_shows_what_was_sent(tagged: Api, kind: str) -> None:
    """It stands in the list with an audience tag, and has no destinations."""
    answer = tile(tagged, kind)

    (listed,) = tagged.get("{A}/access/apps").result
    assert answer.status == 201
    assert TILES[kind].items() <= listed.items()
    assert len(listed["aud"]) == 64
    assert {"destinations", "self_hosted_domains"}.isdisjoint(listed)


@pytest.mark.parametrize("kind", TILES)
def test_a_tile_is_replaced_and_deleted(tagged: Api, kind: str) -> None:
    """Like any other application, its type excepted."""
    path = f"{{A}}/access/apps/{tile(tagged, kind).result['id']}"

    renamed = tagged.put(path, {"type": kind, "name": "other"})
    turned = tagged.put(path, {"type": "self_hosted", "name": "a", "domain": HOST})

    assert renamed.result["name"] == "other"
    assert turned.error == (400, 12130)
    assert tagged.delete(path).status == 202
    assert tagged.get("{A}/access/apps").result == []


@pytest.mark.parametrize("first", ["tile", "application"])
def test_a_bookmark_takes_no_domain(tagged: Api, first: str) -> None:
    """It links to a name, and another application may stand in front of that."""
    bodies = [
        {"type": "bookmark", "name": "tile", "domain": HOST},
        {"type": "self_hosted", "name": "a", "domain": HOST},
    ]
    in_order = bodies if first == "tile" else bodies[::-1]

    assert [tagged.post("{A}/access/apps", body).status for body in in_order] == [201, 201]


def test_a_bookmark_guards_nothing(tagged: Api, sandbox: Sandbox) -> None:
    """Whoever asks for its name meets no application."""
    tile(tagged, "bookmark")

    assert sandbox.edge.visit(Visit(HOST)).application is None


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("bookmark", {"tags": ["unknown"]}),
        ("bookmark", {"domain": ""}),
        ("warp", {"allowed_idps": ["00000000-0000-4000-8000-000000000000"]}),
        ("biso", {"session_duration": "long"}),
        ("saas", {"policies": "all"}),
    ],
)
def test_a_tile_with_a_wrong_field_is_refused(
    tagged: Api, kind: str, fields: dict[str, Any]
) -> None:
    """Its tags, identity providers and policies have to exist, as those of others."""
    assert tile(tagged, kind, **fields).error == (400, 12130)


@pytest.mark.parametrize("kind", ["vnc", "rdp"])
def test_what_guards_a_host_has_destinations(api: Api, kind: str) -> None:
    """Terminals in the browser guard a host as self-hosted applications do."""
    answer = api.post("{A}/access/apps", {"type": kind, "name": "a", "domain": HOST})

    assert answer.result["destinations"] == [{"type": "public", "uri": HOST}]


def test_a_type_that_nobody_knows_is_refused(api: Api) -> None:
    """It answers 400/12130."""
    body = {"type": "teapot", "name": "a", "domain": HOST}

    assert api.post("{A}/access/apps", body).error == (400, 12130)


def test_a_tile_has_no_settings(tagged: Api) -> None:
    """The settings of a page in front of a host are not for it."""
    path = f"{{A}}/access/apps/{tile(tagged, 'bookmark').result['id']}"

    assert tagged.put(f"{path}/settings", {"allow_iframe": True}).error == (400, 12130)


def test_tiles_are_carried_over(tagged: Api, sandbox: Sandbox) -> None:
    """An export holds them, and an import takes it."""
    for kind in TILES:
        tile(tagged, kind)
    exported = sandbox.export()

    sandbox.import_(exported)

    assert sandbox.export()["apps"] == exported["apps"]
    assert sorted(app["type"] for app in exported["apps"]) == sorted(TILES)
