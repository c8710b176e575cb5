"""Two stacks in one account: what one does between the other's plan and its lock opens no door."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.attacks.scene import Scene
from tests.support.people import OUTDATED, Person, flags, rest
from ztctl.engine.settle import SETTLE, Settle

HOST = "ssh.example.com"
ANA = {"eng": {"decision": "allow", "include": [{"email": "ana@example.com"}]}}
EVERYBODY = {"decision": "bypass", "include": [{"everyone": True}]}
WAY: dict[str, Any] = {
    "tunnels": {
        "t": {"ingress": [{"hostname": HOST, "service": "ssh://10.0.0.9:22", "access": False}]}
    },
    "dns": {HOST: {"tunnel": "t"}},
}


def stack(name: str, **sections: Any) -> dict[str, Any]:
    """A file of a stack."""
    return {"stack": name, **sections}


def is_shut(scene: Scene, host: str = HOST, path: str = "/") -> bool:
    """Whether nobody passes without a login."""
    return scene.visit(host, path).outcome != "origin"


def raced(scene: Scene, ours: Any, theirs: Any, **yes: Any) -> str:
    """How our apply ends when they apply theirs, in full, while we look at our plan."""
    bob = Person(scene.account, "bob", theirs)
    bob.yes = {**bob.yes, **yes}
    ends: list[str] = []
    end = Person(scene.account, "alice", ours).applies(lambda: ends.append(bob.applies()))
    assert ends == ["complete"]
    assert flags(scene.account) == []
    return end


def test_r1_a_wildcard_that_covered_the_rest_of_a_host_goes(scene: Scene) -> None:
    """Our application stands before one path; their wildcard, before all others, goes."""
    scene.account.apply(
        stack("b", policies=ANA, applications={"*.example.com": {"policies": ["eng"]}})
    )
    ours = stack("a", policies=ANA, applications={f"{HOST}/admin": {"policies": ["eng"]}}, **WAY)

    end = raced(scene, ours, stack("b"))

    assert end.startswith(OUTDATED)
    assert is_shut(scene)


def test_r2_a_more_specific_application_comes_before_ours(scene: Scene) -> None:
    """Ours stands before every name of the zone; theirs, before the one name, lets all in."""
    ours = stack("a", policies=ANA, applications={"*.example.com": {"policies": ["eng"]}}, **WAY)
    theirs = stack("b", policies={"all": EVERYBODY}, applications={HOST: {"policies": ["all"]}})

    end = raced(scene, ours, theirs, exposure=["all"])

    assert end.startswith(OUTDATED)
    assert is_shut(scene)


def test_r2b_an_application_comes_before_a_path_of_our_host(scene: Scene) -> None:
    """Ours stands before the host; theirs, before a path of it, lets all in."""
    ours = stack("a", policies=ANA, applications={HOST: {"policies": ["eng"]}}, **WAY)
    theirs = stack(
        "b", policies={"all": EVERYBODY}, applications={f"{HOST}/x": {"policies": ["all"]}}
    )

    end = raced(scene, ours, theirs, exposure=["all"])

    assert end.startswith(OUTDATED)
    assert is_shut(scene, path="/x")


def test_r3_a_policy_of_theirs_that_we_use_lets_everybody_in(scene: Scene) -> None:
    """Our application uses their policy by its live name."""
    staff = {"staff": {**ANA["eng"]}}
    scene.account.apply(stack("b", policies=staff))
    live = {"live": "staff.ztctl-b"}
    ours = stack("a", applications={HOST: {"policies": [live]}}, **WAY)

    end = raced(scene, ours, stack("b", policies={"staff": EVERYBODY}), exposure=["all"])

    assert end.startswith(OUTDATED)
    assert is_shut(scene)


def test_r3b_a_group_of_theirs_that_we_use_becomes_everybody(scene: Scene) -> None:
    """Our policy uses their group by its live name."""
    scene.account.apply(stack("b", groups={"staff": {"include": [{"ip": "192.0.2.0/24"}]}}))
    policy = {"decision": "bypass", "include": [{"group": {"live": "staff.ztctl-b"}}]}
    ours = stack("a", policies={"eng": policy}, applications={HOST: {"policies": ["eng"]}}, **WAY)
    theirs = stack("b", groups={"staff": {"include": [{"everyone": True}]}})

    end = raced(scene, ours, theirs, exposure=["all"])

    assert end.startswith(OUTDATED)
    assert is_shut(scene)


@pytest.mark.parametrize(
    ("wait", "expected"),
    [(0, "Locked: the account is locked for another stack by alice"), (60, OUTDATED)],
    ids=["who does not wait", "who waits"],
)
def test_an_application_of_others_during_the_pause_before_a_name_opens(
    scene: Scene, wait: float, expected: str
) -> None:
    """While we wait for the edge nobody else writes; afterwards their plan is another one."""
    theirs = stack(
        "b", policies={"all": EVERYBODY}, applications={f"{HOST}/x": {"policies": ["all"]}}
    )
    bob = Person(scene.account, "bob", theirs, wait=wait)
    ends: list[asyncio.Task[str]] = []

    async def pause(seconds: float) -> None:
        if seconds > SETTLE / 2 and not ends:
            ends.append(asyncio.ensure_future(bob.applying()))
            # Bob plans, is shown a harmless plan, and meets the lock.
            while not (bob.notes or ends[0].done()):
                await rest(0)
        await rest(seconds)

    ours = stack("a", policies=ANA, applications={HOST: {"policies": ["eng"]}}, **WAY)
    alice = Person(scene.account, "alice", ours, around=(Settle(SETTLE),), sleep=pause)

    async def both() -> list[str]:
        end = await alice.applying()
        return [end, await ends[0]]

    end, other = asyncio.run(asyncio.wait_for(both(), 60))

    assert end == "complete"
    assert other.startswith(expected)
    assert is_shut(scene, path="/x")
    assert Person(scene.account, "bob", theirs).applies() == "REFUSED"
