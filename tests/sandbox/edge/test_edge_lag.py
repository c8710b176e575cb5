"""Time between the API's answer and its effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from ztctl.sandbox import open_sandbox
from ztctl.sandbox.edge.edge import Edge
from ztctl.sandbox.edge.values import Visit

from ..api import Api
from .cases import ALLOW, BYPASS
from .world import OPEN, World

HOST = "a.example.com"


def test_without_lag_a_write_is_met_at_once(wide: World) -> None:
    """What the API has answered, the edge shows."""
    wide.app(HOST)

    assert wide.visit(HOST).outcome == "blocked"


def test_a_write_is_met_after_its_lag(wide: World) -> None:
    """An application stands at the edge after the seconds of its kind, not before."""
    wide.sandbox.edge.lag("app", 10)
    wide.app(HOST)
    at_once = wide.visit(HOST).outcome
    wide.clock.wait(9.9)
    early = wide.visit(HOST).outcome

    wide.clock.wait(0.1)

    assert (at_once, early, wide.visit(HOST).outcome) == ("origin", "origin", "blocked")


def test_a_deletion_lags_too(wide: World) -> None:
    """A deleted application goes on deciding until its deletion has arrived."""
    app = wide.app(HOST)
    wide.sandbox.edge.lag("app", 10)

    wide.api.delete(f"{{A}}/access/apps/{app}")
    early = wide.visit(HOST).outcome
    wide.clock.wait(10)

    assert (early, wide.visit(HOST).outcome) == ("blocked", "origin")


def test_kinds_lag_apart(world: World) -> None:
    """A record may arrive before the application that should protect its name."""
    world.sandbox.edge.lag("app", 60)
    world.app(HOST, ALLOW)

    world.record("a", world.tunnel("pool", OPEN))

    assert world.visit(HOST).outcome == "origin"


def test_a_star_is_every_kind_without_a_lag_of_its_own(world: World) -> None:
    """`*` holds for all kinds but those that have their own lag."""
    world.sandbox.edge.lag("*", 60)
    world.sandbox.edge.lag("dns_record", 0)
    tunnel = world.tunnel("pool", OPEN)

    world.record("a", tunnel)

    early = world.visit(HOST)
    world.clock.wait(60)
    assert (early.outcome, early.reason.startswith("error 1016")) == ("tunnel_error", True)
    assert world.visit(HOST).outcome == "origin"


def test_a_policy_that_is_on_its_way_lets_nobody_in(wide: World) -> None:
    """An application whose policy has not arrived refuses."""
    wide.sandbox.edge.lag("policy", 60)

    wide.app(HOST, BYPASS)

    assert wide.visit(HOST).outcome == "blocked"


def test_what_is_newer_is_never_undone(wide: World) -> None:
    """When the lag is shortened, an older write that arrives later changes nothing."""
    app = wide.app(HOST)
    path, body = f"{{A}}/access/apps/{app}", {"type": "self_hosted", "name": "a", "domain": HOST}
    wide.sandbox.edge.lag("app", 60)
    wide.api.put(path, {**body, "domain": "old.example.com"})
    wide.sandbox.edge.lag("app", 0)

    wide.api.put(path, {**body, "domain": "new.example.com"})
    wide.clock.wait(60)

    assert wide.visit("old.example.com").application is None
    assert wide.visit("new.example.com").application == app


def test_writes_arrive_in_their_order(wide: World) -> None:
    """Each version of an object is met in its turn."""
    app = wide.app(HOST)
    path, body = f"{{A}}/access/apps/{app}", {"type": "self_hosted", "name": "a", "domain": HOST}
    wide.sandbox.edge.lag("app", 10)
    wide.api.put(path, {**body, "domain": "b.example.com"})
    wide.clock.wait(5)
    wide.api.put(path, {**body, "domain": "c.example.com"})
    hosts = (HOST, "b.example.com", "c.example.com")

    met = []
    for _ in range(3):
        met.append([host for host in hosts if wide.visit(host).application == app])
        wide.clock.wait(5)

    assert met == [[HOST], ["b.example.com"], ["c.example.com"]]


def test_a_refused_write_never_arrives(wide: World) -> None:
    """What the API refuses and rolls back is not met."""
    wide.app(HOST)

    refused = wide.api.post(
        "{A}/access/apps",
        {"type": "self_hosted", "name": "b", "domain": "b.example.com", "tags": ["none"]},
    )

    assert refused.status == 400
    assert wide.visit("b.example.com").application is None


@pytest.mark.parametrize(
    ("kind", "seconds"), [("nothing", 1), ("", 1), ("app", -1), ("app", float("nan")), ("*", 1e300)]
)
def test_an_impossible_lag_is_refused(world: World, kind: str, seconds: float) -> None:
    """A kind that does not exist and a time that cannot pass are told."""
    with pytest.raises(ValueError, match=r"kind|number"):
        world.sandbox.edge.lag(kind, seconds)


def test_a_late_edge_knows_what_went_before(wide: World) -> None:
    """An edge that is first asked now answers as one that was there all along."""
    wide.app(HOST, ALLOW)
    wide.app("*.example.com/admin", BYPASS)

    with wide.sandbox.session() as state:
        late = Edge(state)
    late.assume_connectors = True

    visits = [Visit(HOST), Visit("b.example.com", "/admin"), Visit("c.example.com")]
    assert [late.visit(one) for one in visits] == [wide.sandbox.edge.visit(one) for one in visits]


def test_a_reset_empties_the_edge(wide: World) -> None:
    """After a reset nothing of the old account is met."""
    wide.sandbox.reset()

    assert wide.visit(HOST).outcome == "no_record"


def test_two_sandboxes_on_one_file_have_one_edge(tmp_path: Path) -> None:
    """What one process writes, visitors of another meet at once."""
    here, there = (open_sandbox(tmp_path / "state") for _ in range(2))
    before = here.edge.visit(Visit(HOST)).outcome

    Api(there).record("a", "192.0.2.1", type="A", proxied=True)

    assert (before, here.edge.visit(Visit(HOST)).outcome) == ("no_record", "elsewhere")
