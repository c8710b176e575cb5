"""Promises about the pause between what the API has answered and what the edge knows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.engine.at_edge import FILE, HOST, Scene
from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call
from ztctl.core.model.events import Event, Outcome, Waiting
from ztctl.core.model.plan import Action, Change, Phase, Plan, Reason, Step, StepId
from ztctl.engine.companion import Means, Work
from ztctl.engine.settle import Settle
from ztctl.kinds.registry import KINDS

SECOND = "db.example.com"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An account whose edge knows everything four seconds late, and a run that waits for five."""
    made = Scene(tmp_path, settle=5.0)
    made.sandbox.edge.lag("*", 4.0)
    return made


def with_second(service: str = "ssh://b:22") -> dict[str, Any]:
    """The file with a second host on the same tunnel."""
    rules = [*FILE["tunnels"]["edge"]["ingress"]]
    rules.append({"hostname": SECOND, "service": service, "access": False})
    return {
        **FILE,
        "applications": {**FILE["applications"], SECOND: {"policies": ["team"]}},
        "tunnels": {"edge": {"ingress": rules}},
        "dns": {**FILE["dns"], SECOND: {"tunnel": "edge"}},
    }


class Nothing:
    """An API that nobody may ask."""

    async def send(self, call: Call) -> Any:
        """Fail the test."""
        raise AssertionError(call)


def unheard(event: Event) -> None:
    """Take an event and do nothing."""


def why(scene: Scene) -> list[str]:
    """What steps waited for, in words."""
    return [event.why for event in scene.events if isinstance(event, Waiting) and event.why]


def failures(outcome: Outcome) -> list[tuple[str, str]]:
    """Each failed step with its reason."""
    return [(str(item.step), item.reason) for item in outcome.failed]


def test_nothing_is_open_at_an_edge_that_lags(scene: Scene) -> None:
    """With a pause longer than the lag nobody without a name ever meets an origin."""
    outcome = scene.apply(FILE)

    assert outcome.is_complete
    assert scene.opened == []


def test_without_a_pause_a_door_stands_open(scene: Scene) -> None:
    """The same without the pause is open where the application comes later than the record."""
    scene.settle = 0.0
    scene.sandbox.edge.lag("app", 9.0)
    scene.sandbox.edge.lag("dns_record", 0.0)
    scene.sandbox.edge.lag("tunnel", 0.0)
    scene.sandbox.edge.lag("tunnel_configuration", 0.0)

    scene.apply(FILE)

    assert [host for _, host in scene.opened] != []


def test_a_new_stack_waits_once(scene: Scene) -> None:
    """Rules of a tunnel that nothing leads to yet wait for nothing; the record waits for all."""
    scene.apply(FILE)

    assert scene.slept == [5.0]
    assert why(scene) == ["waiting 5 s for the edge to know what is before"]


def test_protection_goes_after_the_way_in_is_known_to_be_closed(scene: Scene) -> None:
    """A destroy takes the application away only once the edge knows that the record is gone."""
    scene.apply(FILE)

    outcome = scene.apply({}, deletions=True, no_policy=["all"])

    gone = scene.times("POST", "/dns_records/batch")[-1]
    assert outcome.is_complete
    assert scene.opened == []
    assert scene.times("DELETE", "/access/apps/")[0] >= gone + 5


@pytest.mark.parametrize(
    ("opening", "write"),
    [
        (
            {
                "policies": {
                    **FILE["policies"],
                    "all": {"decision": "bypass", "include": [{"everyone": True}]},
                },
                "applications": {HOST: {"policies": ["team", "all"]}},
            },
            "/access/apps/",
        ),
        (
            {"policies": {"team": {"decision": "allow", "include": [
                {"email": ["ann@example.com", "bob@example.com"]}]}}},
            "/access/policies/",
        ),
    ],
    ids=["everybody", "somebody new"],
)  # fmt: skip
def test_who_comes_new_is_let_in_once_the_name_leads_elsewhere(
    scene: Scene, opening: dict[str, Any], write: str
) -> None:
    """The old service is behind nobody's new way in, also at an edge and connector that lag."""
    scene.apply(FILE)
    rule = {"hostname": HOST, "service": "ssh://b:22", "access": False}
    file = {**FILE, "tunnels": {"edge": {"ingress": [rule]}}, **opening}

    outcome = scene.apply(file, exposure=["all"], interruption=["all"])

    assert outcome.is_complete
    assert scene.times("PUT", write)[-1] >= scene.times("PUT", "/configurations")[-1] + 5


def test_steps_that_wait_side_by_side_say_so_once(scene: Scene) -> None:
    """However many applications go at the end of a destroy, the pause is told once."""
    scene.apply(with_second())
    scene.events.clear()

    outcome = scene.apply({}, deletions=True, no_policy=["all"])

    assert outcome.is_complete
    assert len(why(scene)) == 1


def test_what_opens_nothing_waits_for_nothing(scene: Scene) -> None:
    """A run that only edits a policy does not pause."""
    scene.apply(FILE)
    scene.slept.clear()
    policies = {"team": {**FILE["policies"]["team"], "session_duration": "8h"}}

    outcome = scene.apply({**FILE, "policies": policies})

    assert outcome.is_complete
    assert scene.slept == []


def test_time_that_has_passed_counts(scene: Scene) -> None:
    """The pause is measured from the end of the last step that is needed, not begun anew."""
    one, other = (StepId(Address("tunnel", key), "update") for key in ("one", "other"))
    steps = (
        Step(one, Phase.TUNNEL),
        Step(other, Phase.DNS, opens=frozenset({HOST}), needs=frozenset({one})),
    )
    first, second = (
        Work(
            step,
            Change(step.id.address, Action.UPDATE, Reason.DIFFERS, step.phase, steps=(step,)),
            None,
            {},
        )
        for step in steps
    )
    settle = Settle(5.0)
    means = Means(Nothing(), unheard, clock=lambda: scene.now, sleep=scene.sleep)

    async def run() -> None:
        await settle.begin(Plan("acc", "prod", (first.change, second.change)), KINDS, means)
        await settle.after(first, None)
        scene.now = 3.0
        await settle.before([second])

    asyncio.run(run())

    assert scene.slept == [2.0]


def test_a_connector_that_fetches_its_rules_is_waited_for(scene: Scene) -> None:
    """A new name on a tunnel with a connector opens once the connector runs the new rules."""
    scene.apply(FILE)
    scene.sandbox.connect(scene.living("tunnels")[0]["id"])
    scene.sandbox.edge.lag("tunnel_configuration", 12.0)

    outcome = scene.apply(with_second())

    put = scene.times("PUT", "/configurations")[-1]
    assert outcome.is_complete
    assert scene.times("POST", "/dns_records/batch")[-1] >= put + 12
    assert "waiting for a connector of tunnel.edge to fetch its new rules" in why(scene)


def test_a_connector_that_never_fetches_them_stops_the_step(scene: Scene) -> None:
    """After half a minute the step fails in clear words, and the name stays closed."""
    scene.apply(FILE)
    scene.sandbox.connect(scene.living("tunnels")[0]["id"])
    scene.sandbox.edge.lag("tunnel_configuration", 3600.0)

    outcome = scene.apply(with_second())

    ((step, reason),) = failures(outcome)
    assert step == f"dns_record.{SECOND}#create"
    assert reason.startswith(
        "not sent: a connector of tunnel.edge did not fetch the new rules within 30 s"
    )
    assert SECOND not in scene.records()


def test_no_connector_means_no_waiting_for_one(scene: Scene) -> None:
    """Where nothing runs there is one look at the connections, and no more."""
    scene.sandbox.edge.lag("tunnel_configuration", 3600.0)

    outcome = scene.apply(FILE)

    assert outcome.is_complete
    assert len(scene.times("GET", "/connections")) == 1


def test_connections_that_cannot_be_read_stop_the_step(scene: Scene) -> None:
    """What is not known to be right is not opened."""
    scene.sandbox.faults.add(method="GET", path="/connections", status=403, times=None)

    outcome = scene.apply(FILE)

    assert [step for step, _ in failures(outcome)] == [f"dns_record.{HOST}#create"]
    assert scene.records() == []
