"""SSH audit settings and Gateway rules."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .api import Api

SETTINGS = "{A}/gateway/audit_ssh_settings"
RULES = "{A}/gateway/rules"
KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(32)).decode()
UNKNOWN = "00000000-0000-4000-8000-000000000000"
AUDIT = {"name": "ssh", "action": "audit_ssh", "filters": ["l4"]}


def test_there_is_no_key_at_first(api: Api) -> None:
    """Before the first PUT the key is empty."""
    assert api.get(SETTINGS).result["public_key"] == ""


def test_awkward_settings_are_missing_at_first(awkward: Api) -> None:
    """In awkward mode the settings are unknown before the first PUT."""
    assert awkward.get(SETTINGS).status == 404


def test_key_is_kept_with_a_seed(api: Api) -> None:
    """The key comes back with a seed of the server's; a second key keeps the seed."""
    first = api.put(SETTINGS, {"public_key": KEY}).result
    second = api.put(SETTINGS, {"public_key": OTHER_KEY}).result

    assert (first["public_key"], second["public_key"]) == (KEY, OTHER_KEY)
    assert first["seed_id"] == second["seed_id"]
    assert api.get(SETTINGS).result == second


def test_seed_is_rotated(api: Api) -> None:
    """Rotation changes the seed and keeps the key."""
    old = api.put(SETTINGS, {"public_key": KEY}).result

    new = api.post(SETTINGS + "/rotate_seed").result
    assert new["seed_id"] != old["seed_id"]
    assert new["public_key"] == KEY


def test_no_seed_without_a_key(api: Api) -> None:
    """There is nothing to rotate before the first key."""
    assert api.post(SETTINGS + "/rotate_seed").status == 404


def test_an_empty_key_takes_the_key_away(api: Api) -> None:
    """Without a key, as the documentation has it, no command is logged any more."""
    api.put(SETTINGS, {"public_key": KEY})

    assert api.put(SETTINGS, {"public_key": ""}).status == 200
    assert api.get(SETTINGS).result["public_key"] == ""


@pytest.mark.parametrize("key", ["x", KEY[:-4], KEY + KEY, 5, None, [], "ü" * 44, KEY + "\n"])
def test_wrong_keys_are_refused(api: Api, key: Any) -> None:
    """Anything but the base64 of 32 bytes answers 400 and is not kept."""
    assert api.put(SETTINGS, {"public_key": key}).status == 400
    assert api.get(SETTINGS).result["public_key"] == ""


def test_rule_comes_back_with_defaults(api: Api) -> None:
    """A rule of three fields is off, first version, and has no expression."""
    rule = api.gateway_rule()

    shown = {name: rule[name] for name in ("enabled", "version", "traffic")}
    assert shown == {"enabled": False, "version": 1, "traffic": ""}
    assert not any(rule["rule_settings"].values())
    assert (rule["filters"], rule["deleted_at"]) == (["l4"], None)
    assert api.get(f"{RULES}/{rule['id']}").result == rule


def test_rule_keeps_its_expression_and_settings(api: Api) -> None:
    """Expressions are kept as text, and the logging of commands as sent."""
    said: dict[str, Any] = {
        "traffic": 'net.dst.ip == 10.0.0.5 and net.dst.port == 22  # "quoted"',
        "rule_settings": {"audit_ssh": {"command_logging": True}},
        "precedence": 7,
    }

    rule = api.gateway_rule(**said)
    settings = said.pop("rule_settings")
    assert rule.items() >= said.items()
    assert rule["rule_settings"].items() >= settings.items()


def test_rule_is_replaced_whole(api: Api) -> None:
    """PUT returns what is left out to its default, counts the version, keeps the precedence."""
    old = api.gateway_rule(traffic="x", precedence=5)

    new = api.put(f"{RULES}/{old['id']}", {**AUDIT, "name": "new"}).result
    assert (new["name"], new["traffic"], new["version"]) == ("new", "", 2)
    assert (new["id"], new["precedence"]) == (old["id"], 5)


def test_deleted_rule_is_unknown(api: Api) -> None:
    """A deleted rule answers 404."""
    path = f"{RULES}/{api.gateway_rule()['id']}"

    assert api.delete(path).status == 200
    assert (api.get(path).status, api.delete(path).status) == (404, 404)
    assert api.put(path, AUDIT).status == 404


def test_precedence_is_unique(api: Api) -> None:
    """A precedence that another rule has is refused; without one, a rule comes last."""
    first = api.gateway_rule(precedence=10)

    assert api.post(RULES, {**AUDIT, "precedence": 10}).status == 400
    assert api.gateway_rule()["precedence"] > 10
    assert api.put(f"{RULES}/{first['id']}", {**AUDIT, "precedence": 10}).status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": None},
        {"action": "explode"},
        {"filters": ["dns"]},
        {"filters": ["l4", "dns"]},
        {"filters": ["l5"]},
        {"precedence": -1},
        {"rule_settings": []},
        {"rule_settings": {"audit_ssh": {"command_logging": "yes"}}},
        {"action": "allow", "rule_settings": {"audit_ssh": {"command_logging": True}}},
    ],
)
def test_wrong_rules_are_refused(api: Api, fields: dict[str, Any]) -> None:
    """A wrong rule answers 400 and is not made."""
    assert api.post(RULES, {**AUDIT, **fields}).status == 400
    assert api.get(RULES).result == []


def test_other_actions_are_kept_as_data(api: Api) -> None:
    """A rule with another action is taken, whatever its settings say."""
    said: dict[str, Any] = {
        "action": "block",
        "rule_settings": {"block_reason": "no", "l4override": None},
    }

    rule = api.gateway_rule(**said)
    settings = said.pop("rule_settings")
    assert rule.items() >= said.items()
    assert rule["rule_settings"].items() >= settings.items()


def test_rule_names_are_no_identifiers(api: Api) -> None:
    """A malformed id leads nowhere, an unknown one to 404."""
    assert api.get(f"{RULES}/ssh").error == (404, 7003)
    assert api.get(f"{RULES}/{UNKNOWN}").status == 404


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["b", "a", "c"]),
        ("direction=desc", ["c", "a", "b"]),
        ("order_by=name", ["a", "b", "c"]),
        ("order_by=created_at&direction=desc", ["c", "b", "a"]),
        ("search=SECOND", ["b"]),
        ("filter=name:a", ["a"]),
        ("filter=action:block", ["c"]),
        ("filter=enabled:true", ["b"]),
        ("filter=filters:l4&filter=enabled:false", ["a"]),
        ("filter=expression:TEN", ["a"]),
        ("filter=is_shared:false", ["b", "a", "c"]),
        ("filter=is_shared:true", []),
    ],
)
def test_rules_are_filtered_and_ordered(api: Api, query: str, names: list[str]) -> None:
    """The list holds the rules asked for, by precedence unless another order is asked for."""
    api.gateway_rule("a", precedence=20, traffic="ten")
    api.gateway_rule("b", precedence=10, description="the second", enabled=True)
    api.gateway_rule("c", precedence=30, action="block", filters=["dns"])

    assert [rule["name"] for rule in api.get(f"{RULES}?{query}").result] == names
    assert api.sandbox.ignored == []


@pytest.mark.parametrize("query", ["order_by=colour", "direction=up", "filter=x", "filter=a:b"])
def test_wrong_queries_for_rules_are_refused(api: Api, query: str) -> None:
    """An unknown order or filter answers 400."""
    assert api.get(f"{RULES}?{query}").status == 400


def test_awkward_rules_spell_settings_out(awkward: Api) -> None:
    """In awkward mode a rule shows null for settings that nobody sent."""
    settings = awkward.gateway_rule(rule_settings={"audit_ssh": {"command_logging": True}})

    shown = settings["rule_settings"]
    assert shown["l4override"] is None
    assert shown["audit_ssh"] == {"command_logging": True}
