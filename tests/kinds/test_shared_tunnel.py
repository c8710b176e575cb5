"""The order of rules of several stacks, and a write beside which others write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.names import ingress_takers
from ztctl.core.model.objects import Live
from ztctl.core.model.plan import Phase, Step, StepId
from ztctl.kinds.shared_tunnel import arranged, rebased
from ztctl.kinds.tunnel import Tunnel

Rule = dict[str, Any]
CLOSING: Rule = {"service": "http_status:404"}
NAMES = ["a.x", "b.x", "a.b.x", "*.x", "*.b.x", "*.a.b.x", "c.y", "*.y"]


def rule(name: str, service: str = "ssh://h:22", **fields: Any) -> Rule:
    """A rule of a name."""
    return {"hostname": name, "service": service, **fields}


def names(rules: Sequence[Any]) -> list[str]:
    """The names of rules."""
    return [it.get("hostname", "") for it in rules]


def test_the_live_order_stays_where_it_serves() -> None:
    """No stack puts right what another one has written, nor its own that make no difference."""
    live = [rule("b.x"), rule("a.x"), rule("*.x"), CLOSING]

    found = arranged(live, [rule("a.x"), rule("b.x")], [live[2], CLOSING])

    assert found == live


def test_a_new_exact_name_comes_before_a_wider_rule_of_others() -> None:
    """And a new wildcard behind what it would take."""
    live = [rule("*.x"), rule("c.y"), CLOSING]

    found = arranged(live, [rule("*.y"), rule("a.x")], live)

    assert names(found) == ["a.x", "*.x", "c.y", "*.y", ""]


def test_rules_of_one_name_keep_their_order() -> None:
    """The one with a path stands first, as its stack wrote it."""
    own = [rule("a.x", path="^/b"), rule("a.x")]

    assert arranged([CLOSING, *own[::-1]], own, [CLOSING]) == [*own, CLOSING]


def test_what_closes_the_list_is_added_where_nothing_does() -> None:
    """A tunnel that never had a configuration."""
    assert arranged([], [rule("a.x")], []) == [rule("a.x"), CLOSING]


@st.composite
def sides(draw: st.DrawFn) -> list[list[Rule]]:
    """The rules of three stacks, each in an order in which all of them are reached."""
    found: list[list[Rule]] = [[], [], []]
    for name in draw(st.permutations(NAMES)):
        port = draw(st.integers(1, 9))
        found[draw(st.integers(0, 2))].append(rule(name, f"ssh://h:{port}"))
    return [sorted(side, key=lambda it: _width(it["hostname"])) for side in found]


def _width(name: str) -> tuple[bool, int]:
    return name.startswith("*"), -name.count(".")


@given(sides(), st.lists(st.integers(0, 2), max_size=6))
def test_whoever_writes_when_all_come_into_step(sides: list[list[Rule]], turns: list[int]) -> None:
    """Nobody's rules change by another's write, none is hidden, and a second round says nothing."""
    live: list[Any] = [rule("z.z"), CLOSING]
    for turn in (*turns, 0, 1, 2):
        own = set(names(sides[turn]))
        kept = [it for it in live if it.get("hostname") not in own]
        live = arranged(live, sides[turn], kept)
        assert [it for it in live if it.get("hostname") not in own] == kept
    for side in sides:
        own = set(names(side))
        assert arranged(live, side, [it for it in live if it.get("hostname") not in own]) == live
    for index, one in enumerate(live[:-1]):
        wider = set(ingress_takers(one["hostname"])) - {one["hostname"]}
        assert not wider & set(names(live[:index]))


def test_what_others_wrote_meanwhile_is_kept() -> None:
    """Our edits are made again in what is live now: added, edited and taken out."""
    base = [rule("a.x"), rule("b.x"), rule("c.y"), CLOSING]
    ours = [rule("a.x", "ssh://new:22"), rule("c.y"), rule("*.y"), CLOSING]
    now = [rule("q.q"), *base]

    found = rebased(base, ours, now)

    assert names(found) == ["q.q", "a.x", "c.y", "*.y", ""]
    assert found[1]["service"] == "ssh://new:22"


# -- writing --------------------------------------------------------------------------------

RAW = {"id": "1f" * 4, "name": "pool.ztctl-base", "config_src": "cloudflare"}
STEP = Step(StepId(Address("tunnel", "edge"), "configure"), Phase.TUNNEL, together=True)


def reply(version: int, *rules: Rule) -> dict[str, Any]:
    """What the service says of a configuration."""
    return {"config": {"ingress": [*rules, CLOSING]}, "version": version}


def live(version: int, *rules: Rule) -> Live:
    """The tunnel as a plan has read it."""
    return Tunnel()._live(RAW, reply(version, *rules))


def conversation(flow: Any, replies: Sequence[Any]) -> Iterator[Call]:
    """The calls of a flow that is sent these replies; all of them are wanted."""
    call = next(flow)
    for answer in replies:
        yield call
        try:
            call = flow.send(answer)
        except StopIteration:
            return
    raise AssertionError(f"{call} is not expected")


def run(*replies: Any) -> list[list[str]]:
    """The names in each write of a run that adds `a.x` to `b.x`, which was version 3."""
    before = live(3, rule("b.x"))
    wanted = {**before.values, "ingress": [rule("b.x"), rule("a.x"), CLOSING]}
    calls = conversation(Tunnel().perform(STEP, before, wanted), replies)
    bodies: list[Any] = [call.body for call in calls if call.method == "PUT"]
    return [names(body["config"]["ingress"]) for body in bodies]


def done(version: int) -> dict[str, Any]:
    """The answer to a write."""
    return {"tunnel_id": RAW["id"], "version": version}


A, B, C = rule("a.x"), rule("b.x"), rule("c.y")


def test_a_shared_configuration_is_read_before_and_after() -> None:
    """Once each, where nobody else is at work."""
    assert run(reply(3, B), done(4), reply(4, B, A)) == [["b.x", "a.x", ""]]


def test_what_was_written_before_ours_stays() -> None:
    """Somebody was faster than we."""
    assert run(reply(4, B, C), done(5), reply(5, B, C, A)) == [["b.x", "c.y", "a.x", ""]]


def test_what_was_written_over_ours_gets_ours_again() -> None:
    """Somebody had read before we wrote, and wrote after us."""
    replies = (reply(3, B), done(4), reply(5, B, C), done(6), reply(6, B, C, A))

    assert run(*replies) == [["b.x", "a.x", ""], ["b.x", "c.y", "a.x", ""]]


def test_what_was_written_beside_ours_is_no_matter() -> None:
    """Somebody wrote after us and knew of ours."""
    assert run(reply(3, B), done(4), reply(5, A, B, C)) == [["b.x", "a.x", ""]]


@pytest.mark.parametrize(
    ("replies", "what"),
    [
        ((reply(3, B), done(5), reply(5, B, A)), "from version 3 to 5 by one write"),
        (
            (reply(3, B), done(4), reply(5, B), done(6), reply(7, B), done(8), reply(9, B)),
            "all the time",
        ),
    ],
)
def test_what_may_be_lost_is_told(replies: Sequence[Any], what: str) -> None:
    """A write between the last look and ours, and somebody who never stops."""
    with pytest.raises(CallFailed, match=what):
        run(*replies)
