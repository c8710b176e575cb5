"""What a connector does with a rule follows from the tunnel's settings and the rule's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import CLOSING, Scene, gained
from tests.support.account import edits, told
from tests.support.files import HOST, whole

File = dict[str, Any]
ADDRESS = "https://10.0.0.7:8443"
EMPTY: File = {
    "no_tls_verify": (True, False),
    "bastion_mode": (True, False),
    "no_happy_eyeballs": (True, False),
    "match_sni_to_host": (True, False),
    "disable_chunked_encoding": (True, False),
    "http2_origin": (True, False),
    "http_host_header": ("a.internal", ""),
    "origin_server_name": ("a.internal", ""),
    "ca_pool": ("/etc/ca.pem", ""),
    "proxy_type": ("socks", ""),
}
API = {"no_tls_verify": "noTLSVerify", "match_sni_to_host": "matchSNItoHost"}


def settled(general: File | None, own: File | None, service: str = ADDRESS) -> File:
    """The whole file with settings for its tunnel, and others for its one rule."""
    file = whole()
    (rule,) = file["tunnels"]["pool"]["ingress"]
    rule |= {"service": service, **({"origin_request": own} if own is not None else {})}
    if general is not None:
        file["tunnels"]["pool"]["origin_request"] = general
    return file


def own_of(scene: Scene) -> File:
    """The settings of the one rule, as the account has them, without the check."""
    config = scene.account.everything()["tunnel_configurations"][0]["config"]
    own: File = config["ingress"][0].get("originRequest", {})
    return {name: item for name, item in own.items() if name != "access"}


@pytest.mark.parametrize("name", EMPTY)
def test_a_rules_own_false_or_empty_text_is_written(scene: Scene, name: str) -> None:
    """It overrides what the tunnel says, so that leaving it out would mean the opposite."""
    general, own = EMPTY[name]
    file = settled({name: general}, {name: own})

    scene.account.apply(file)

    camel = API.get(name) or "".join(
        part if place == 0 else part.capitalize() for place, part in enumerate(name.split("_"))
    )
    assert own_of(scene) == {camel: own}
    assert told(scene.account.plan(file)) == []


@pytest.mark.parametrize("name", EMPTY)
def test_a_rules_own_false_or_empty_text_is_seen(scene: Scene, name: str) -> None:
    """Live it makes a difference: without it the file's rule has the tunnel's setting."""
    general, own = EMPTY[name]
    scene.account.apply(settled({name: general}, {name: own}))

    plan = scene.account.plan(settled({name: general}, None))

    assert edits(plan) != []


@pytest.mark.parametrize("name", EMPTY)
def test_what_a_rule_has_anyway_is_no_difference(scene: Scene, name: str) -> None:
    """A rule that repeats its tunnel's setting, or the default, is in step with one that does not.

    The value by which the setting is off counts as the default.
    """
    general, off = EMPTY[name]
    scene.account.apply(settled({name: general}, {name: general}))
    assert told(scene.account.plan(settled({name: general}, None))) == []

    scene.account.apply(settled(None, {name: off}))
    assert told(scene.account.plan(settled({name: off}, None))) == []


def test_an_unrelated_change_keeps_a_rules_own_false(scene: Scene) -> None:
    """A configuration is written as a whole, with what the rule has set for itself."""
    file = settled({"no_tls_verify": True}, {"no_tls_verify": False})
    scene.account.apply(file)
    file["tunnels"]["pool"]["ingress"].append({"hostname": "b.example.com", "service": ADDRESS})

    scene.account.apply(file)

    assert own_of(scene) == {"noTLSVerify": False}


def test_taking_bastion_mode_out_of_the_file_takes_it_away(scene: Scene) -> None:
    """The connector is no jump host any longer, and the plan says so."""
    scene.account.apply(settled({"bastion_mode": True}, None))
    file = settled(None, None)

    plan = scene.account.plan(file)
    assert gained(plan, HOST) == [("group people: moved from bastion", ADDRESS)]
    scene.account.apply(file)

    assert scene.visit(HOST).outcome == "login"
    assert "bastionMode" not in str(scene.account.everything()["tunnel_configurations"])


@pytest.mark.parametrize(
    ("service", "reached"),
    [
        (ADDRESS, "bastion"),
        ("ssh://10.0.0.7:22", "bastion"),
        ("bastion", "bastion"),
        ("hello_world", "hello_world"),
        ("unix:/run/app.sock", "unix:/run/app.sock"),
        ("unix+tls:/run/app.sock", "unix+tls:/run/app.sock"),
        ("socks-proxy", "socks-proxy"),
    ],
)
def test_bastion_mode_makes_a_bastion_of_an_address_alone(
    scene: Scene, service: str, reached: str
) -> None:
    """The plan names what the connector will serve, and nothing else is a bastion."""
    file = settled({"bastion_mode": True}, None, service)
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    file["applications"] = {}
    del file["ca_keys"]

    plan = scene.account.plan(file)
    answer = scene.opened(file, HOST)

    assert [origin for _, origin in gained(plan, HOST)] == [reached]
    assert answer.service == reached


def test_a_rules_own_false_is_no_bastion(scene: Scene) -> None:
    """The plan names the address, which is what the connector serves."""
    file = settled({"bastion_mode": True}, {"bastion_mode": False})
    file["tunnels"]["pool"]["ingress"][0]["access"] = False
    file["applications"] = {}
    del file["ca_keys"]

    plan = scene.account.plan(file)

    assert [origin for _, origin in gained(plan, HOST)] == [ADDRESS]
    assert scene.opened(file, HOST).service == ADDRESS


@pytest.mark.parametrize(
    ("before", "after"), [(None, {"bastion_mode": True}), ({"bastion_mode": True}, None)]
)
def test_a_rule_that_leaves_keeps_its_settings_until_then(
    scene: Scene, before: File | None, after: File | None
) -> None:
    """Not refused: while old and new rules stand side by side, each connects as in its own file."""
    file = {**settled(before, None), "dns": {"*.example.com": {"tunnel": "pool"}}}
    del file["ca_keys"]
    file["applications"] = {"*.example.com": {"policies": ["team"]}}
    scene.account.apply(file)
    changed = settled(after, None)
    (rule,) = changed["tunnels"]["pool"]["ingress"]
    rule["hostname"] = "b.example.com"

    plan = scene.account.plan({**file, "tunnels": changed["tunnels"]})

    assert [item.reason for item in plan.refusals] == []


SHIELDS = ["*.Example.com", "*.bücher.example.com", f"{HOST}.", "_SRV.example.com"]


@pytest.mark.parametrize("name", SHIELDS)
def test_a_live_name_that_matches_nothing_hides_no_rule_behind_it(scene: Scene, name: str) -> None:
    """Refused: a connector compares such a name as it is written, and goes on to the next rule."""
    shield = {"hostname": name, "service": "http_status:403"}
    asked = {
        "*.bücher.example.com": "a.xn--bcher-kva.example.com",
        "_SRV.example.com": "_srv.example.com",
    }.get(name, HOST)
    scene.tunnel("By hand", shield, {"hostname": asked, "service": ADDRESS})
    file = {"dns": {asked: {"tunnel": {"live": "By hand"}}}}

    scene.refused_as_open(file, asked)

    assert scene.opened(file, asked).outcome == "origin"


def test_a_check_without_a_team_is_none(scene: Scene) -> None:
    """Unknown is open: a connector refuses such a configuration, and serves what it had before."""
    key = scene.tunnel("By hand")
    access = {"required": True, "audTag": ["aud"]}
    rule = {"hostname": HOST, "service": ADDRESS, "originRequest": {"access": access}}
    with scene.account.sandbox.session() as state:
        stored = {"tunnel_id": key, "config": {"ingress": [rule, CLOSING]}, "version": 2}
        state.store.put("tunnel_configuration", key, stored)

    scene.refused_as_open({"dns": {HOST: {"tunnel": {"live": "By hand"}}}}, HOST)
