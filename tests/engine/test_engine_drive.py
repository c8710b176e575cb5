"""Sending what a flow asks for, until it returns."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine.conftest import Script, failed
from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.engine.drive import drive


def ask(path: str, **facts: Any) -> Call:
    """A call of this path."""
    return Call("GET", path, **facts)


def one(call: Call | tuple[Call, ...]) -> Flow[Any]:
    """A flow that asks once and returns the reply."""
    return (yield call)


def driven(flow: Flow[Any], script: Script) -> Any:
    """What the flow returns."""
    return asyncio.run(drive(flow, script))


def test_a_flow_is_sent_the_reply_of_each_call() -> None:
    """Every yield gives back what the API answered, and the flow's return value is the result."""

    def flow() -> Flow[tuple[Any, Any]]:
        first = yield ask("/a")
        second = yield ask("/b")
        return first, second

    assert driven(flow(), Script({"/a": 1, "/b": 2})) == (1, 2)


def test_a_flow_that_asks_for_nothing_sends_nothing() -> None:
    """A flow may return without any call."""

    def flow() -> Flow[str]:
        return "done"
        yield ask("/never")

    script = Script()

    assert (driven(flow(), script), script.sent) == ("done", [])


def test_a_failure_is_thrown_into_the_flow_that_asked() -> None:
    """The flow may catch it where it yielded and go on with another call."""

    def flow() -> Flow[Any]:
        try:
            yield ask("/a")
        except CallFailed as failure:
            return failure.status, (yield ask("/b"))

    assert driven(flow(), Script({"/a": failed(status=404), "/b": "other"})) == (404, "other")


def test_a_failure_that_nobody_catches_comes_out() -> None:
    """It is the very failure of the call."""
    failure = failed("/a", 403)

    with pytest.raises(CallFailed) as caught:
        driven(one(ask("/a")), Script({"/a": failure}))

    assert caught.value is failure


def test_a_tuple_of_calls_goes_out_at_once() -> None:
    """No call waits for the reply of another one, and the replies come in the order asked."""
    all_there = asyncio.Barrier(3)

    async def meet(call: Call) -> str:
        async with asyncio.timeout(10):
            await all_there.wait()
        return call.path.upper()

    calls = (ask("/a"), ask("/b"), ask("/c"))

    assert driven(one(calls), Script({"/a": meet, "/b": meet, "/c": meet})) == ["/A", "/B", "/C"]


def test_an_empty_tuple_is_answered_by_an_empty_list() -> None:
    """A flow may ask for as many calls as there are objects, none included."""
    assert driven(one(()), Script()) == []


def test_of_several_failures_the_flow_sees_the_first_asked_for() -> None:
    """Whichever came first: what a person is told does not depend on the network."""
    second_is_out = asyncio.Event()

    async def late(call: Call) -> CallFailed:
        await second_is_out.wait()
        return failed("/a")

    async def early(call: Call) -> CallFailed:
        second_is_out.set()
        return failed("/b")

    with pytest.raises(CallFailed, match="/a failed"):
        driven(one((ask("/a"), ask("/b"))), Script({"/a": late, "/b": early}))


def test_a_failure_in_a_tuple_waits_for_the_others() -> None:
    """The flow goes on only when no call of the tuple is under way any more."""
    ended: list[str] = []

    async def slow(call: Call) -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        ended.append(call.path)
        return "late"

    with pytest.raises(CallFailed):
        driven(one((ask("/a"), ask("/b"))), Script({"/a": failed("/a"), "/b": slow}))

    assert ended == ["/b"]


def test_an_optional_object_may_be_missing() -> None:
    """A 404 of an optional call is the reply ``None``, also inside a tuple."""
    calls = (ask("/a", optional=True), ask("/b"))

    assert driven(one(calls), Script({"/a": failed(status=404)})) == [None, "/b"]


@pytest.mark.parametrize("status", [403, 500, None])
def test_optional_is_about_absence_alone(status: int | None) -> None:
    """Anything but a 404 is a failure, optional or not."""
    with pytest.raises(CallFailed):
        driven(one(ask("/a", optional=True)), Script({"/a": failed(status=status)}))


def test_a_missing_object_that_is_not_optional_is_a_failure() -> None:
    """A 404 of an ordinary call is thrown into the flow."""
    with pytest.raises(CallFailed):
        driven(one(ask("/a")), Script({"/a": failed(status=404)}))


def test_what_is_no_failure_of_a_call_is_not_hidden() -> None:
    """A mistake of the API's implementation comes out as it is."""

    def raising(call: Call) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        driven(one(ask("/a")), Script({"/a": raising}))
