"""What generated histories found and no named attack had: tests/laws/test_walk.py."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene
from tests.attacks.test_unseen import YES, base, exposed, target

OLD, HOP = "old.example.com", "hop.example.org"
SERVICE = "ssh://10.0.0.7:22"


def with_star(rule: dict[str, Any]) -> dict[str, Any]:
    """The base file, its tunnel serving more names without a check of its own."""
    file = base()
    rules = [*file["tunnels"]["t"]["ingress"], {"service": SERVICE, "access": False, **rule}]
    return {**file, "tunnels": {"t": {"ingress": rules}}}


@pytest.mark.parametrize("hop", [HOP, "*.example.org"])
def test_an_alias_below_a_star_that_is_served_is_followed(scene: Scene, hop: str) -> None:
    """Refused: the star serves a known alias, which leads to the tunnel by way of another zone."""
    scene.account.apply(base())
    scene.record(hop, target(scene))
    scene.record(OLD, HOP)

    found = exposed(scene, with_star({"hostname": "*.example.com"}))

    assert found == [("tunnel.t", f"--allow-exposure {OLD}")]


def test_an_alias_below_a_star_that_leads_elsewhere_is_no_door(scene: Scene) -> None:
    """Not refused: the hop was read, and leads to somebody else's tunnel."""
    scene.account.apply(base())
    scene.record(HOP, f"{scene.tunnel('theirs')}.cfargotunnel.com")
    scene.record(OLD, HOP)

    assert scene.account.apply(with_star({"hostname": "*.example.com"}), **YES).is_complete


CLOSER = "a.example.com"
BELOW = f"c.{CLOSER}"


def wide(*names: str) -> dict[str, Any]:
    """Every name of the zone is served; an application stands before those of one label."""
    file = with_star({"hostname": "*.example.com"})
    file["applications"]["*.example.com"] = {"policies": ["eng"]}
    file["dns"] |= {name: {"tunnel": "t"} for name in ("*.example.com", *names)}
    return file


@pytest.mark.parametrize(("kind", "content"), [("A", "192.0.2.10"), ("TXT", "here")])
@pytest.mark.parametrize("name", [CLOSER, f"x.y.{CLOSER}"])
def test_a_name_that_a_wildcard_does_not_answer_for_is_opened(
    scene: Scene, name: str, kind: str, content: str
) -> None:
    """Refused: below a name that exists the wildcard, open by agreement, answered nobody."""
    everybody = {**YES, "exposure": ["*.*.example.com"]}
    assert scene.account.apply(wide(), **everybody).is_complete
    scene.record(name, content, type=kind, proxied=kind == "A")
    assert scene.visit(BELOW).outcome == "no_record"

    assert [flag for _, flag in exposed(scene, wide(BELOW))] == [f"--allow-exposure {BELOW}"]


def test_a_name_that_a_wildcard_does_not_answer_for_is_not_uncovered(scene: Scene) -> None:
    """Not refused: with its record gone, nothing answers for a name below one that exists."""
    file = base()
    file["applications"][BELOW] = {"policies": ["eng"]}
    file["dns"][BELOW] = {"tunnel": "t"}
    scene.account.apply(file)
    scene.record("*.example.com", "192.0.2.10", type="A")
    scene.record(CLOSER, "192.0.2.10", type="A")

    assert exposed(scene, base()) == []
