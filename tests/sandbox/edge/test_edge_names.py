"""Where names lead."""

from __future__ import annotations

import pytest

from ztctl.sandbox.edge.names import normal_host

from .world import OPEN, World

WILDCARDS = [
    # further TXT records, host, whether `*.example.com` answers for it
    ([], "a.example.com", True),
    ([], "a.b.c.example.com", True),
    ([], "example.com", False),
    ([], "example.org", False),
    (["a"], "a.example.com", False),
    (["a"], "x.a.example.com", False),
    (["a"], "b.example.com", True),
    (["x.a"], "a.example.com", False),
    (["x.a"], "y.a.example.com", False),
    (["x.a"], "z.x.a.example.com", False),
    (["*.a"], "x.a.example.com", False),
    (["*.a"], "a.example.com", False),
    (["*.a"], "b.example.com", True),
]


@pytest.mark.parametrize(("texts", "host", "answered"), WILDCARDS)
def test_a_wildcard_answers_where_no_nearer_name_stands(
    wide: World, texts: list[str], host: str, answered: bool
) -> None:
    """RFC 4592: any depth, but not at or below a name that stands, be it empty."""
    for name in texts:
        wide.api.record(name, "text", type="TXT")

    assert (wide.visit(host).outcome == "origin") is answered


def test_a_deleted_name_gives_way_to_the_wildcard(wide: World) -> None:
    """When a nearer name goes, the wildcard answers again."""
    record = wide.api.record("x.a", "text", type="TXT")

    wide.api.delete(f"{wide.api.zone()}/dns_records/{record['id']}")

    assert wide.visit("a.example.com").outcome == "origin"


def test_a_nearer_wildcard_answers_first(wide: World) -> None:
    """A wildcard further down hides the one above it."""
    near = wide.tunnel("near", OPEN)
    wide.record("*.eu", near)

    assert wide.visit("a.b.eu.example.com").tunnel == near


TARGETS = [
    # what the record says, what a visitor meets, with what status
    ({"type": "A", "content": "192.0.2.1", "proxied": False}, "not_proxied", 0),
    ({"type": "A", "content": "192.0.2.1", "proxied": True}, "elsewhere", 0),
    ({"type": "CNAME", "content": "host.invalid", "proxied": True}, "elsewhere", 0),
    ({"type": "CNAME", "content": "host.invalid", "proxied": False}, "not_proxied", 0),
    ({"type": "TXT", "content": "text"}, "no_record", 0),
    ({"content": "cfargotunnel.com", "proxied": True}, "elsewhere", 0),
    ({"content": "nobody.cfargotunnel.com", "proxied": True}, "tunnel_error", 530),
    (
        {"content": "0b7f9f6c-0000-4000-8000-000000000000.cfargotunnel.com", "proxied": True},
        "tunnel_error",
        530,
    ),
]


@pytest.mark.parametrize(("record", "outcome", "status"), TARGETS)
def test_a_record_leads_where_it_says(
    world: World, record: dict[str, object], outcome: str, status: int
) -> None:
    """Only a proxied record to a living tunnel of the account reaches a tunnel."""
    world.api.record("a", **{"content": "x.invalid", **record})  # type: ignore[arg-type]

    answer = world.visit("a.example.com")

    assert (answer.outcome, answer.status) == (outcome, status)


def test_an_unproxied_tunnel_record_leads_nowhere(world: World) -> None:
    """A tunnel's name without proxy is an address that nobody can route to."""
    world.record("a", world.tunnel("pool", OPEN), proxied=False)

    assert world.visit("a.example.com").outcome == "not_proxied"


def test_one_proxied_address_proxies_the_name(world: World) -> None:
    """Of several address records of a name, one proxied is enough."""
    world.api.record("a", "192.0.2.1", type="A", proxied=False)
    world.api.record("a", "192.0.2.2", type="A", proxied=True)

    assert world.visit("a.example.com").outcome == "elsewhere"


def test_an_alias_within_the_account_is_followed(world: World) -> None:
    """A proxied CNAME to a name that leads to a tunnel leads there too."""
    tunnel = world.tunnel("pool", OPEN)
    world.record("b", tunnel)
    world.api.record("a", "b.example.com", proxied=True)

    assert world.visit("a.example.com").tunnel == tunnel


def test_aliases_in_a_circle_lead_nowhere(world: World) -> None:
    """A loop of CNAMEs ends, and does not resolve."""
    world.api.record("a", "b.example.com", proxied=True)
    world.api.record("b", "a.example.com", proxied=True)

    assert world.visit("a.example.com").status == 530


def test_an_alias_of_a_name_without_a_record_leads_nowhere(world: World) -> None:
    """The zone of the target is in the account, and nothing answers there."""
    world.api.record("a", "b.example.com", proxied=True)

    assert world.visit("a.example.com").status == 530


def test_a_deleted_tunnel_is_error_1016(world: World) -> None:
    """What is left of a tunnel in DNS answers 530 with error 1016."""
    tunnel = world.tunnel("pool", OPEN)
    world.record("a", tunnel)

    world.api.delete(f"{{A}}/cfd_tunnel/{tunnel}")

    answer = world.visit("a.example.com")
    assert (answer.outcome, answer.status, "1016" in answer.reason) == ("tunnel_error", 530, True)


def test_access_stands_before_a_broken_tunnel(world: World) -> None:
    """Who has to log in is not told that the tunnel is gone."""
    world.api.record("a", "nobody.cfargotunnel.com", proxied=True)
    world.app("a.example.com", {"name": "p", "decision": "allow", "include": [{"everyone": {}}]})

    assert world.visit("a.example.com").outcome == "login"


NORMAL = [
    ("SSH.Example.com", "ssh.example.com"),
    ("ssh.example.com.", "ssh.example.com"),
    ("ssh.example.com:8443", "ssh.example.com"),
    ("bücher.example.com", "xn--bcher-kva.example.com"),
    ("Straße.a_b.example.com", "xn--strae-oqa.a_b.example.com"),
    ("", ""),
    (".", ""),
]


@pytest.mark.parametrize(("given", "normal"), NORMAL)
def test_host_names_have_one_spelling(given: str, normal: str) -> None:
    """Case, port, closing dot and script do not tell two names apart."""
    assert normal_host(given) == normal


@pytest.mark.parametrize("host", ["", ".", "..", "a..b", "-", "\x00", "é" * 300, "[::1]:22", "*"])
def test_no_host_name_is_too_strange(world: World, host: str) -> None:
    """Whatever is asked for, there is an answer."""
    assert world.visit(host).outcome == "no_record"
