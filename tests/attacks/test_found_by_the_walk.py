"""What generated histories found and no named attack had: tests/laws/test_walk.py."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attacks.scene import Scene, gained, lost
from tests.attacks.test_unseen import ANA, SERVICE, YES, base, exposed, target
from tests.support.account import refused
from tests.support.files import HOST
from ztctl.sandbox.edge.values import Visitor

OLD, HOP = "old.example.com", "hop.example.org"


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
OTHER = "eve@example.com"
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


def test_a_record_that_goes_opens_the_names_beside_it_to_a_wildcard(scene: Scene) -> None:
    """Refused and told: the wildcard, open by agreement, answers below the name that was there."""
    everybody = {**YES, "exposure": [BELOW, "*.*.example.com"]}
    assert scene.account.apply(wide(BELOW), **everybody).is_complete
    file = wide()
    file["applications"][f"*.{CLOSER}"] = {"policies": ["eng"]}
    assert scene.visit(f"other.{CLOSER}").outcome == "no_record"

    plan = scene.account.plan(file, **YES)

    assert [flag for _, flag in refused(plan)] == [f"--allow-exposure '*.*.{CLOSER}'"]
    assert gained(plan, f"*.{CLOSER}") == [(ANA, SERVICE)]


def test_a_record_that_comes_takes_the_names_beside_it_from_a_wildcard(scene: Scene) -> None:
    """Not refused: below a name that comes to exist nobody gets anywhere."""
    everybody = {**YES, "exposure": ["*.*.example.com", f"*.*.{CLOSER}"]}
    before = wide()
    before["applications"][f"*.{CLOSER}"] = {"policies": ["eng"]}
    assert scene.account.apply(before, **everybody).is_complete
    after = wide(BELOW)
    after["applications"][BELOW] = {"policies": ["eng"]}

    plan = scene.account.plan(after, **YES)

    assert refused(plan) == []
    assert lost(plan, f"*.{CLOSER}") == [(ANA, SERVICE)]


def test_a_name_that_a_bypass_opened_may_lose_its_application(scene: Scene) -> None:
    """Not refused: the host was open to everybody before, and nobody gains anything."""
    file = base()
    file["policies"]["eng"] = {"decision": "bypass", "include": [{"everyone": True}]}
    assert scene.account.apply(file, **YES, exposure=["all"]).is_complete

    plan = scene.account.plan(base(applications={}, policies={}), **YES)

    assert refused(plan) == []
    assert plan.access == ()


def test_a_name_above_a_record_that_goes_is_opened_to_a_wildcard(scene: Scene) -> None:
    """Told: it existed for the sake of the record below it, and now the wildcard answers."""
    assert scene.account.apply(wide(BELOW), **YES, exposure=[BELOW, "*.*.example.com"]).is_complete
    assert scene.visit(CLOSER).outcome == "no_record"

    plan = scene.account.plan(wide(), **YES)

    assert gained(plan, CLOSER) == [(ANA, SERVICE)]


def test_a_wildcard_that_is_stopped_for_a_moment_is_announced(scene: Scene) -> None:
    """Refused: whichever of two new records comes first, it shuts somebody out."""
    theirs = {"name": "theirs", "decision": "allow", "include": [{"email": {"email": OTHER}}]}
    scene.application(BELOW, theirs)
    scene.record("*.example.com", "192.0.2.10", type="A")
    file = with_star({"hostname": f"*.{CLOSER}"})
    file["tunnels"]["t"]["ingress"].append(
        {"hostname": CLOSER, "service": SERVICE, "access": False}
    )
    file["applications"] |= {name: {"policies": ["eng"]} for name in (CLOSER, f"*.{CLOSER}")}
    file["dns"] |= {CLOSER: {"tunnel": "t"}, f"*.{CLOSER}": {"tunnel": "t"}}

    plan = scene.account.plan(file, deletions=True, exposure=[f"*.*.{CLOSER}"])

    assert [flag for _, flag in refused(plan)] == [f"--allow-interruption dns_record.{CLOSER}"]


def test_what_a_host_led_to_before_is_not_opened_by_the_way(scene: Scene) -> None:
    """A yes to an open host is one to what it leads to at the end: it is moved there first."""
    before = base(applications={"web": {"destinations": [HOST, OLD], "policies": ["eng"]}})
    assert scene.account.apply(before).is_complete
    file = base(applications={"web": {"destinations": [HOST, "new.example.com"]}})
    file["policies"]["any"] = {"decision": "allow", "include": [{"everyone": True}]}
    file["applications"]["web"]["policies"] = ["eng", "any"]
    rule = {"hostname": HOST, "service": "http://10.0.0.8:80", "access": False}
    file["tunnels"]["other"] = {"ingress": [rule]}
    file["dns"][HOST] = {"tunnel": "other"}
    guest, reached = Visitor(email=OTHER), set[str | None]()
    scene.account.looks.append(lambda _: reached.add(scene.visit(HOST, "/", guest).service))

    assert scene.account.apply(file, **YES, exposure=[HOST]).is_complete

    assert SERVICE not in reached
