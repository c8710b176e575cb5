"""Tunnels with and without connectors, and what these report."""

from __future__ import annotations

from typing import Any

import pytest

from .cases import ALLOW, ANN, BYPASS, SERVICE, policy
from .world import CLOSED, OPEN, World

HOST = "a.example.com"


@pytest.fixture
def tunnel(world: World) -> str:
    """A tunnel that serves a.example.com, with no connector."""
    world.sandbox.edge.assume_connectors = False
    key = world.tunnel("pool", OPEN)
    world.record("a", key)
    return key


def versions(world: World, tunnel: str) -> list[int]:
    """What the connectors of a tunnel report."""
    path = f"{{A}}/cfd_tunnel/{tunnel}/connections"
    return [one.get("config_version", 0) for one in world.api.get(path).result]


def test_no_connector_is_error_1033(world: World, tunnel: str) -> None:
    """A tunnel that nobody runs answers 530 with error 1033."""
    answer = world.visit(HOST)

    assert (answer.outcome, answer.status, "1033" in answer.reason) == ("tunnel_error", 530, True)


def test_a_connector_serves(world: World, tunnel: str) -> None:
    """With a connector the origin is reached."""
    world.sandbox.connect(tunnel)

    assert world.visit(HOST).outcome == "origin"


def test_connectors_can_be_assumed(world: World, tunnel: str) -> None:
    """Where connectors are assumed, every living tunnel is served; none is listed for it."""
    world.sandbox.edge.assume_connectors = True

    assert world.visit(HOST).outcome == "origin"
    assert versions(world, tunnel) == []


def test_the_last_connector_ends_the_service(world: World, tunnel: str) -> None:
    """One of two connectors can go; without the other the tunnel is down."""
    first = world.sandbox.connect(tunnel)
    world.sandbox.connect(tunnel)

    world.sandbox.disconnect(tunnel, first)
    with_one = world.visit(HOST).outcome
    world.sandbox.disconnect(tunnel)

    assert (with_one, world.visit(HOST).outcome) == ("origin", "tunnel_error")
    assert world.api.get(f"{{A}}/cfd_tunnel/{tunnel}").result["status"] == "down"


def test_dropped_connections_end_the_service(world: World, tunnel: str) -> None:
    """A call that drops the connections is met at the edge."""
    world.sandbox.connect(tunnel)

    world.api.delete(f"{{A}}/cfd_tunnel/{tunnel}/connections")

    assert world.visit(HOST).outcome == "tunnel_error"


@pytest.mark.parametrize("key", ["nobody", ""])
def test_an_unknown_tunnel_has_no_connectors(world: World, key: str) -> None:
    """Nothing can be connected to what does not exist."""
    with pytest.raises(KeyError):
        world.sandbox.connect(key)
    with pytest.raises(KeyError):
        world.sandbox.disconnect(key)


def test_a_running_connector_takes_the_new_configuration(world: World, tunnel: str) -> None:
    """The reported version follows every PUT, though the connector started before."""
    world.sandbox.connect(tunnel)
    before = versions(world, tunnel)

    world.configure(tunnel, [CLOSED])

    assert (before, versions(world, tunnel)) == ([1], [2])
    assert world.visit(HOST).outcome == "no_service"


def test_what_is_reported_is_what_is_served(world: World, tunnel: str) -> None:
    """While a configuration is on its way, the old one is served and reported."""
    world.sandbox.connect(tunnel)
    world.sandbox.edge.lag("tunnel_configuration", 30)
    world.configure(tunnel, [CLOSED])
    early = (versions(world, tunnel), world.visit(HOST).outcome)

    world.clock.wait(30)

    assert early == ([1], "origin")
    assert (versions(world, tunnel), world.visit(HOST).outcome) == ([2], "no_service")


def test_no_configuration_is_version_0(world: World) -> None:
    """A connector of a tunnel without a configuration reports none, and answers 503."""
    tunnel = world.tunnel("bare")
    world.record("a", tunnel)
    world.sandbox.connect(tunnel)

    assert versions(world, tunnel) == [0]
    assert world.visit(HOST).status == 503


def test_a_local_tunnel_serves_what_its_connector_s_file_says(world: World) -> None:
    """Where the connector was given a file; neither list nor connections show what it says."""
    tunnel = world.made("{A}/cfd_tunnel", {"name": "local", "config_src": "local"})
    rules = [{"hostname": HOST, "service": "ssh://localhost:22"}, CLOSED]
    for name in ("a", "b"):
        world.record(name, tunnel)

    world.sandbox.connect(tunnel, {"ingress": rules})

    assert world.visit(HOST).service == "ssh://localhost:22"
    assert world.visit("b.example.com").outcome == "no_service"
    shown = world.api.get(f"{{A}}/cfd_tunnel/{tunnel}/connections").result
    assert "localhost" not in str(shown)


def test_a_local_tunnel_serves_who_knows_what(world: World) -> None:
    """What a locally managed tunnel serves is not known here, so it counts as an open door."""
    tunnel = world.made("{A}/cfd_tunnel", {"name": "local", "config_src": "local"})
    world.record("a", tunnel)

    answer = world.visit(HOST)

    assert (answer.outcome, answer.service) == ("origin", "local")


TOKENS: list[tuple[dict[str, Any], bool, str]] = [
    # the application's policy, whether the visitor has a service token, what is met
    (ALLOW, False, "origin"),
    (SERVICE, True, "origin"),
    (BYPASS, False, "refused"),
]


@pytest.mark.parametrize(("decision", "machine", "outcome"), TOKENS)
def test_the_connector_wants_the_token_of_the_application(
    world: World, decision: dict[str, Any], machine: bool, outcome: str
) -> None:
    """Allow and Service Auth send a token on that the connector takes; a Bypass sends none."""
    credentials = world.token("svc")
    app = world.app(HOST, decision)
    aud = world.api.get(f"{{A}}/access/apps/{app}").result["aud"]
    access = {"required": True, "teamName": "acme", "audTag": [aud]}
    rules = [{"hostname": HOST, "service": "ssh://h", "originRequest": {"access": access}}, CLOSED]
    world.record("a", world.tunnel("pool", rules))

    answer = world.visit(HOST, **({"service_token": credentials} if machine else ANN))

    assert (answer.outcome, answer.service) == (outcome, "ssh://h:22")


def test_a_check_without_an_application_keeps_everybody_out(world: World) -> None:
    """`required` closes a host that no application covers."""
    access = {"required": True, "teamName": "acme", "audTag": ["a" * 64]}
    rules = [{"hostname": HOST, "service": "ssh://h", "originRequest": {"access": access}}, CLOSED]
    world.record("a", world.tunnel("pool", rules))

    answer = world.visit(HOST, **ANN)

    assert (answer.outcome, answer.status) == ("refused", 403)


def test_an_answer_says_who_decided_and_where_it_ended(world: World) -> None:
    """An answer names application, policy, tunnel and service."""
    app = world.app(HOST, policy("people", "allow"))
    (people,) = world.api.get(f"{{A}}/access/apps/{app}").result["policies"]
    tunnel = world.tunnel("pool", [{"service": "ssh://10.0.0.1"}])
    world.record("a", tunnel)

    answer = world.visit(HOST, **ANN)

    assert (answer.application, answer.policy) == (app, people["id"])
    assert (answer.tunnel, answer.service) == (tunnel, "ssh://10.0.0.1:22")
