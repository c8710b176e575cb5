"""Settings of zones, filters of zones, what DNS allows."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox

from .api import Api


def settings(api: Api, name: str = "") -> str:
    """The path of the settings of the first zone."""
    return f"{api.zone()}/settings{name and '/' + name}"


def test_websockets_are_on_and_ssl_is_full(api: Api) -> None:
    """A new zone lets websockets through and encrypts to the origin."""
    values = {one["id"]: one["value"] for one in api.get(settings(api)).result}

    assert (values["websockets"], values["ssl"]) == ("on", "full")


def test_a_setting_is_changed(api: Api) -> None:
    """PATCH changes one setting of one zone, and stamps it."""
    assert api.get(settings(api, "websockets")).result["modified_on"] is None
    changed = api.patch(settings(api, "websockets"), {"value": "off"}).result

    assert (changed["id"], changed["value"], changed["editable"]) == ("websockets", "off", True)
    assert changed["modified_on"] is not None
    assert api.get(settings(api, "websockets")).result == changed
    assert api.get(settings(api, "ssl")).result["value"] == "full"


def test_settings_belong_to_their_zone() -> None:
    """Another zone keeps its own settings."""
    api = Api(Sandbox.create(zones=("example.com", "example.net")))
    api.patch(settings(api, "ssl"), {"value": "strict"})

    assert api.get(f"{api.zone('example.net')}/settings/ssl").result["value"] == "full"


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("websockets", {"value": "maybe"}, (400, 1007)),
        ("websockets", {}, (400, 1007)),
        ("ssl", {"value": ["full"]}, (400, 1007)),
        ("teleport", {"value": "on"}, (400, 1006)),
        ("http2", {"value": "off"}, (403, 1009)),
    ],
)
def test_wrong_settings_are_refused(api: Api, name: str, body: Any, error: tuple[int, int]) -> None:
    """An unknown name, a wrong value and what the plan does not allow are refused."""
    assert api.patch(settings(api, name), body).error == error


def test_paid_zones_can_change_more() -> None:
    """What is fixed on the free plan can be changed on a paid one."""
    api = Api(Sandbox.create(zones=(ZoneSeed("example.com", "pro"),)))

    assert api.patch(settings(api, "http2"), {"value": "off"}).result["value"] == "off"


def test_settings_have_their_own_permission(api: Api) -> None:
    """Reading settings needs Zone Settings Read, changing them Write."""
    path = settings(api, "ssl")
    api.sandbox.define_token("reader", ["Zone Settings Read"])
    reader = Api(api.sandbox, "reader")

    assert reader.get(path).status == 200
    assert reader.patch(path, {"value": "strict"}).error == (403, 10000)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=contains:MPLE", ["a.example", "b.example"]),
        ("name=starts_with:a.", ["a.example"]),
        ("name=ends_with:.test", ["c.test"]),
        ("name=not_equal:c.test", ["a.example", "b.example"]),
        ("name=equal:c.test", ["c.test"]),
        ("name=contains_case_sensitive:MPLE", []),
        ("name=starts_with_case_sensitive:b", ["b.example"]),
        ("name=ends_with_case_sensitive:test", ["c.test"]),
        ("account.name=starts_with:ac", ["a.example", "b.example", "c.test"]),
        ("type=full,partial", ["a.example", "b.example", "c.test"]),
        ("type=secondary", []),
        ("name=a.example&name=contains:c", ["c.test"]),
    ],
)
def test_zones_are_filtered_by_operators(query: str, names: list[str]) -> None:
    """A name filter may begin with an operator and a colon."""
    api = Api(Sandbox.create(zones=("a.example", "b.example", "c.test")))

    assert [zone["name"] for zone in api.get(f"/zones?{query}").result] == names
    assert api.sandbox.ignored == []


def test_zones_have_two_directions(api: Api) -> None:
    """An unknown direction is refused."""
    assert api.get("/zones?order=name&direction=up").status == 400
