"""Carrying out a plan: every step as soon as it may, and an account of each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.conftest import (
    THINGS,
    Run,
    Script,
    failed,
    failures,
    keys,
    plan_of,
    skips,
    step,
)
from tests.support.examples import examples
from ztctl.core.model.address import Address
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.events import Failed, Finished, Outcome, Started
from ztctl.core.model.plan import Phase, Step, StepId
from ztctl.core.model.values import Ref
from ztctl.engine.companion import Companion, Means, Verdict, Work
from ztctl.engine.execute import execute


def test_independent_steps_overlap(run: Run) -> None:
    """Three steps that need nothing are all under way before one of them is answered."""
    barrier = asyncio.Barrier(3)

    async def meet(call: Call) -> str:
        async with asyncio.timeout(10):
            await barrier.wait()
        return "met"

    run.script.answers = {"/a": meet, "/b": meet, "/c": meet}

    outcome = run(step("a"), step("b"), step("c"))

    assert sorted(keys(outcome.done)) == ["a", "b", "c"]


def test_a_step_begins_when_all_that_it_needs_is_done(run: Run) -> None:
    """Of a diamond the tip goes first and the foot last."""
    run(step("d", "b", "c"), step("c", "a"), step("b", "a"), step("a"))

    assert run.script.sent[0] == "POST /a"
    assert run.script.sent[-1] == "POST /d"


def test_a_step_does_not_wait_for_what_it_does_not_need(run: Run) -> None:
    """The second step of one chain goes out while the first one of another hangs."""
    b_is_out = asyncio.Event()

    async def slow(call: Call) -> str:
        async with asyncio.timeout(10):
            await b_is_out.wait()
        return "slow"

    async def release(call: Call) -> str:
        b_is_out.set()
        return "b"

    run.script.answers = {"/hangs": slow, "/b": release}

    outcome = run(step("hangs"), step("a"), step("b", "a"))

    assert keys(outcome.done) == ["a", "b", "hangs"]


def test_a_failure_skips_only_what_depends_on_it(run: Run) -> None:
    """Dependants of dependants too, each naming the failure; everything else is done."""
    run.script.answers = {"/a": failed("/a")}

    outcome = run(step("a"), step("b", "a"), step("c", "b"), step("x"), step("y", "x"))

    assert failures(outcome) == ["a"]
    assert skips(outcome) == [("b", "a"), ("c", "a")]
    assert sorted(keys(outcome.done)) == ["x", "y"]


def test_a_step_behind_two_failures_is_skipped_once(run: Run) -> None:
    """It is in one place of the outcome, however many of its needs failed."""
    run.script.answers = {"/a": failed("/a"), "/b": failed("/b")}

    outcome = run(step("a"), step("b"), step("c", "a", "b"))

    assert len(outcome.skipped) == 1


def test_a_failure_tells_what_the_call_told(run: Run) -> None:
    """Reason, hint and whether the write may have been done come from the failure."""
    run.script.answers = {"/a": failed("/a", None, lost=False, hint="look at the network")}

    outcome = run(step("a"))

    assert outcome.failed[0] == Failed(
        StepId(Address("thing", "a"), "create"), "/a failed", "look at the network", lost=False
    )


@pytest.mark.parametrize("reply", [{}, {"id": None, "x": []}, [], 5])
def test_a_senseless_reply_is_a_failure_of_its_step(run: Run, reply: Any) -> None:
    """Whatever a reply holds, only its step is touched, and the rest goes on."""
    run.script.answers = {"/a": [reply] if isinstance(reply, list) else reply}

    outcome = run(step("a"), step("b"))

    assert {*keys(outcome.done), *failures(outcome)} == {"a", "b"}
    assert "b" in keys(outcome.done)


@pytest.mark.parametrize(
    "error", [KeyError("id"), IndexError("none"), TypeError("x"), ValueError("y"), AttributeError()]
)
def test_what_a_reply_breaks_is_a_lost_write(run: Run, error: Exception) -> None:
    """Nobody knows what the service did: the failure says so, and there is no traceback."""
    run.script.answers = {"/a": error}

    outcome = run(step("a"), step("b", "a"), step("c"))

    assert [(item.step.address.key, item.lost) for item in outcome.failed] == [("a", True)]
    assert (skips(outcome), keys(outcome.done)) == ([("b", "a")], ["c"])


def test_a_run_that_is_stopped_finishes_what_is_under_way(run: Run) -> None:
    """Nothing new begins; what had begun is brought to its end and counted."""

    async def stopping(call: Call) -> str:
        run.stop.set()
        await asyncio.sleep(0)
        return "done"

    run.script.answers = {"/a": stopping}

    outcome = run(step("a"), step("b", "a"), step("c", "b"))

    assert outcome.interrupted
    assert (keys(outcome.done), keys(outcome.not_started)) == (["a"], ["b", "c"])


def test_a_run_that_is_stopped_before_it_begins_does_nothing(run: Run) -> None:
    """No call goes out, and every step is named as not started."""
    run.stop.set()

    outcome = run(step("a"), step("b", "a"))

    assert (run.script.sent, keys(outcome.not_started)) == ([], ["a", "b"])


def test_a_failure_while_stopping_is_told_too(run: Run) -> None:
    """What depends on it is skipped, not "not started": a new apply alone would not help it."""

    async def stopping(call: Call) -> CallFailed:
        run.stop.set()
        return failed("/a")

    run.script.answers = {"/a": stopping}

    outcome = run(step("a"), step("b", "a"), step("c", phase=Phase.DNS))

    assert (failures(outcome), skips(outcome)) == (["a"], [("b", "a")])
    assert keys(outcome.not_started) == ["c"]


def test_no_write_outlives_a_run_that_breaks() -> None:
    """An error in a companion ends the steps under way before the companions clean up."""
    under_way, cleaning = asyncio.Event(), asyncio.Event()
    written: list[str] = []

    class Broken(Companion):
        async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
            if keys(item.step.id for item in work) == ["broken"]:
                await under_way.wait()
                raise RuntimeError("broken")
            return {}

        async def end(self, outcome: Outcome | None) -> None:
            cleaning.set()
            for _ in range(9):
                await asyncio.sleep(0)

    async def late(call: Call) -> str:
        under_way.set()
        await cleaning.wait()
        written.append(str(call))
        return "late"

    means = Means(Script({"/late": late}), lambda event: None, around=(Broken(),))
    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(execute(plan_of(step("broken"), step("late")), THINGS, means))

    assert written == []


def test_what_a_step_made_is_known_to_the_next(run: Run) -> None:
    """A reference is sent as the id that the reply of the other step gave."""
    bodies: list[Any] = []

    async def note(call: Call) -> str:
        bodies.append(call.body["to"])
        return "b"

    run.script.answers = {"/a": {"id": "new-id"}, "/b": note}

    run(step("a"), step("b", "a", to=Ref(Address("thing", "a"), template="<{}>")))

    assert bodies == ["<new-id>"]


def test_a_reference_to_nothing_is_a_failure(run: Run) -> None:
    """An attribute that the object does not have is never sent as an empty text."""
    outcome = run(step("a"), step("b", "a", to=Ref(Address("thing", "a"), "secret")))

    assert failures(outcome) == ["b"]
    assert "thing.a has no secret yet" in outcome.failed[0].reason


def test_the_outcome_knows_the_objects_as_they_are_afterwards(run: Run) -> None:
    """What was made is there, what was deleted is not, what failed is as it was."""
    run.script.answers = {"/stays": failed("/stays")}

    outcome = run(step("new"), step("gone", verb="delete"), step("stays", verb="update"))

    assert {address.key for address in outcome.live} == {"new", "stays"}


def test_events_tell_begin_and_end_of_each_step(run: Run) -> None:
    """Every step is told when it begins, when it is sent and when it ends, with the seconds."""
    run(step("a"), step("b", "a"))

    told = [type(event).__name__ for event in run.events]
    assert told == ["Started", "Sent", "Finished"] * 2
    assert [event.seconds for event in run.events if isinstance(event, Finished)] == [1.0, 1.0]


# -- every step in one place -----------------------------------------------------------------


BATCHES: list[dict[str, Any]] = [{}, {"batch": "z"}, {"batch": "y"}]


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Steps of any kind that need only earlier ones, in any order."""
    made: list[Step] = []
    for number in range(draw(st.integers(1, 9))):
        earlier = [str(item.id).removeprefix("thing.") for item in made]
        needs = draw(st.lists(st.sampled_from(earlier), max_size=3)) if earlier else []
        made.append(
            step(
                f"t{number}",
                *needs,
                verb=draw(st.sampled_from(["create", "update", "delete", "narrow"])),
                phase=draw(st.sampled_from(Phase)),
                tail=draw(st.booleans()),
                **draw(st.sampled_from(BATCHES)),
            )
        )
    return draw(st.permutations(made))


@examples(60)
@given(
    steps=graphs(),
    fails=st.sets(st.integers(0, 9)),
    senseless=st.sets(st.integers(0, 9)),
    stops_at=st.none() | st.integers(0, 9),
)
def test_every_step_is_in_exactly_one_place(
    steps: list[Step], fails: set[int], senseless: set[int], stops_at: int | None
) -> None:
    """Whatever fails and whenever it is stopped, a run ends and accounts for each step once."""
    run = Run()
    bad = {f"t{n}" for n in fails}
    odd = {f"t{n}" for n in senseless}

    async def answer(call: Call) -> Any:
        named = set(call.path.removeprefix("/batch").strip("/").split("+"))
        if f"t{stops_at}" in named:
            run.stop.set()
        await asyncio.sleep(0)
        if named & odd:
            return TypeError("senseless")
        return named & bad if "/batch" in call.path else failed() if named & bad else "done"

    run.script.answers = _Always(answer)

    outcome = run(*steps)

    places = [
        *outcome.done,
        *(item.step for item in outcome.failed),
        *(item.step for item in outcome.skipped),
        *outcome.not_started,
    ]
    assert sorted(map(str, places)) == sorted(str(item.id) for item in steps)
    assert bool(outcome.not_started) <= outcome.interrupted
    begun = [event.step for event in run.events if isinstance(event, Started)]
    assert set(begun) == {*outcome.done, *(item.step for item in outcome.failed)}


@examples(60)
@given(steps=graphs(), fails=st.sets(st.integers(0, 9)))
def test_no_step_goes_before_what_it_needs(steps: list[Step], fails: set[int]) -> None:
    """A step that is done has all its needs done before it, whatever phases and batches prefer."""
    run = Run()
    run.script.answers = {f"/t{number}": failed() for number in fails}

    outcome = run(*steps)

    place = {item: number for number, item in enumerate(outcome.done)}
    needs = {item.id: item.needs for item in steps}
    late = [item for item in place for need in needs[item] if place.get(need, 99) > place[item]]
    assert late == []


class _Always(dict[str, Any]):
    """Answers every path in the same way."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    def get(self, key: str, default: Any = None) -> Any:
        return self._answer
