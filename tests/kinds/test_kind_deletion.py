"""Promises about deleting, and about patience."""

from __future__ import annotations

from typing import Any

import pytest

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.objects import NO_ATTRIBUTES, Attributes, Live
from ztctl.core.model.plan import Phase, Step, StepId
from ztctl.kinds.tunnel import TunnelAttributes

from .replay import GONE, Fails, kind, live_of, play
from .samples import APP, APPLICATION, GROUP, POLICY, RULES

ACCESS = "/accounts/{account}/access"
ATTRIBUTES: dict[str, Attributes] = {"tunnel": TunnelAttributes()}


def gone(name: str, id: str, path: str) -> tuple[str, Live, str]:
    """A live object, and where it is deleted."""
    made = Live(name, id, id, id, {}, ATTRIBUTES.get(name, NO_ATTRIBUTES), owner="a-1")
    return name, made, path


DELETED: list[Any] = [
    gone("access_tag", "a b", f"{ACCESS}/tags/a%20b"),
    gone("access_group", "g-1", f"{ACCESS}/groups/g-1"),
    gone("access_policy", "p-1", f"{ACCESS}/policies/p-1"),
    gone("access_application", "a-1", f"{ACCESS}/apps/a-1"),
    gone("tunnel", "t-1", "/accounts/{account}/cfd_tunnel/t-1"),
    gone("ca_key", "k-1", f"{ACCESS}/apps/a-1/ca"),
]


@pytest.mark.parametrize("answer", [{"id": "x"}, None, GONE])
@pytest.mark.parametrize(("name", "live", "path"), DELETED)
def test_a_deletion_is_one_call_and_gone_is_done(
    name: str, live: Live, path: str, answer: Any
) -> None:
    """What somebody else deleted already is deleted."""
    played = play(kind(name).delete(live), answer)

    assert played.writes == [f"DELETE {path}"]


@pytest.mark.parametrize(("name", "live", "path"), DELETED)
def test_a_refused_deletion_is_told(name: str, live: Live, path: str) -> None:
    """Only absence is success."""
    with pytest.raises(CallFailed):
        play(kind(name).delete(live), Fails(403))


def step(name: str, verb: str) -> Step:
    """A step of one kind."""
    return Step(StepId(Address(name, "x"), verb), Phase.POLICY)


@pytest.mark.parametrize(("name", "live", "path"), DELETED)
def test_a_deletion_step_leaves_nothing(name: str, live: Live, path: str) -> None:
    """After the step there is no live object any more."""
    assert play(kind(name).perform(step(name, "delete"), live, {}), GONE).result is None


def tunnel(*, running: bool) -> Live:
    """A live tunnel with or without connectors."""
    return Live("tunnel", "t-1", "t", "t", {}, TunnelAttributes(running))


BUSY = Fails(400, 1022, "active connections")


def test_a_running_tunnel_is_cut_off_and_deleted() -> None:
    """Its connections are dropped only after the service refused, and then it is patient."""
    played = play(kind("tunnel").delete(tunnel(running=True)), BUSY, None, {})

    path = "/accounts/{account}/cfd_tunnel/t-1"
    assert played.writes == [f"DELETE {path}", f"DELETE {path}/connections", f"DELETE {path}"]
    assert BUSY.of(played.calls[-1]).passes_within > 0


def test_a_tunnel_that_was_idle_in_the_plan_is_not_cut_off() -> None:
    """Somebody who came after the plan was shown is not thrown out."""
    with pytest.raises(CallFailed) as failed:
        play(kind("tunnel").delete(tunnel(running=False)), BUSY)

    assert failed.value.has_code(1022)


def test_a_tunnel_that_vanishes_meanwhile_is_deleted() -> None:
    """Between two tries somebody else may delete it."""
    played = play(kind("tunnel").delete(tunnel(running=True)), BUSY, None, GONE)

    assert len(played.writes) == 3


# Calls that fail while a policy or group is not known yet, and how that is told.
NAMING = [
    play(kind("access_application").create(APPLICATION), APP).calls[0],
    play(
        kind("access_application").update(
            live_of("access_application", APP), APPLICATION, "update"
        ),
        APP,
    ).calls[0],
    play(kind("access_application").everything(), []).calls[0],  # type: ignore[attr-defined]
    play(kind("access_policy").create(RULES), POLICY).calls[0],
    play(kind("access_group").create({**RULES, "name": "g"}), GROUP).calls[0],
]
NOT_YET_KNOWN = [
    "access.api.error.invalid_request: policy b6b8425b-cfe8-4d85-9486-6037080e8990 not found",
    "access.api.error.invalid_request: invalid 'include' configuration: access group not found",
    "access.api.error.failed_to_load_group",
]


@pytest.mark.parametrize(
    ("call", "passing"),
    [
        (play(kind("access_policy").delete(DELETED[2][1]), None).calls[0], Fails(409, 0, "in use")),
        (
            play(kind("access_application").create(APPLICATION), APP).calls[0],
            Fails(400, 12130, "access.api.error.invalid_request: domain does not belong to zone"),
        ),
        (
            play(
                kind("access_application").update(
                    live_of("access_application", APP), APPLICATION, "update"
                ),
                APP,
            ).calls[0],
            Fails(409, 12132, "conflict"),
        ),
        *((call, Fails(400, 12130, text)) for call in NAMING for text in NOT_YET_KNOWN),
    ],
)
def test_what_the_service_catches_up_with_is_waited_for(call: Call, passing: Fails) -> None:
    """A policy just detached, a zone or policy just made, a change still spreading: these pass."""
    assert passing.of(call).passes_within > 0
    assert Fails(403, 10000, "Authentication error").of(call).passes_within == 0
    assert Fails(404, 12135, "policy not found").of(call).passes_within == 0
