"""Promises about facts: of which host names each speaks, and what it opens beside them."""

from __future__ import annotations

import pytest

from ztctl.core.model.facts import (
    Application,
    Fact,
    Ingress,
    Members,
    OrganizationSettings,
    Policy,
    PrivateNetwork,
    Record,
    TunnelRules,
)


@pytest.mark.parametrize(
    ("fact", "names"),
    [
        (Record("ssh.example.com", "t-1"), ["ssh.example.com"]),
        (Application(("ssh.example.com", "*.example.com/a")), ["ssh.example.com", "*.example.com"]),
        (
            TunnelRules((Ingress("ssh://h", "ssh.example.com"), Ingress("http_status:404"))),
            ["ssh.example.com"],
        ),
        (TunnelRules(None), []),
        (Policy("allow", Members()), []),
        (OrganizationSettings(), []),
        (PrivateNetwork("10.0.0.0/8", "t-1"), []),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_fact_says_of_which_names_it_speaks(fact: Fact, names: list[str]) -> None:
    """Hosts without paths, stars as they are, and no name where a rule is for all of them."""
    assert list(fact.names) == names


def test_a_route_says_what_it_opens() -> None:
    """A range in its network, to every device, by a tunnel; names stand for ids."""
    names = {"n-1": "lab", "t-1": "pool"}

    ((place, way),) = PrivateNetwork("10.0.0.0/8", "t-1", "n-1").entries(names.__getitem__)

    assert place == "10.0.0.0/8 in lab"
    assert (way.who, way.origin) == ("every enrolled device (WARP)", "tunnel pool")
    assert not way.openness


def test_a_fact_about_hosts_opens_nothing_beside_them() -> None:
    """What a record or an application opens is told host by host."""
    assert [*Record("ssh.example.com", "t-1").entries(str)] == []
