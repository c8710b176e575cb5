"""Run flows: send the API calls that a generator yields, until it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from ztctl.core.model.calls import Call, CallFailed, Json, LiveObjects, ReadFlow

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
Objects = Callable[[str], Awaitable[Json]]
FlowRequest = Call | LiveObjects


class Api(Protocol):
    """Sends API calls: the client, or a `Reader` that shares its replies."""

    async def send(self, call: Call) -> Json:
        """Send one call; the decoded ``result`` of the reply.

        Raises:
            CallFailed: the call failed.
        """


class AccountApi(Api, Protocol):
    """Sends the calls about one account: the client, or a snapshot that stands in for it."""

    @property
    def account(self) -> str | None:
        """The account's id; ``None`` while it is not known."""

    @property
    def count(self) -> int:
        """How many requests were sent."""


async def drive(flow: ReadFlow[T], api: Api, *, objects: Objects | None = None) -> T:
    """Run a flow and return its result; failures of calls are thrown into it.

    A tuple of calls is sent concurrently; when several of them fail, the flow gets the first.

    Args:
        flow: yields calls, tuples of calls, or requests for live objects.
        api: sends the calls.
        objects: returns the live objects of a kind by its name; needed by reading flows only.

    Raises:
        CallFailed: a failure that the flow does not handle.
    """
    step: Callable[[], FlowRequest | tuple[FlowRequest, ...]] = partial(next, flow)
    while True:
        try:
            request = step()
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        try:
            reply = await _answer(request, partial(_send, api=api), objects)
        except CallFailed as failure:
            step = partial(flow.throw, failure)
        else:
            step = partial(flow.send, reply)


async def _answer(
    request: FlowRequest | tuple[FlowRequest, ...],
    send: Callable[[Call], Awaitable[Json]],
    objects: Objects | None,
) -> Json:
    if isinstance(request, Call):
        return await send(request)
    if isinstance(request, LiveObjects):
        assert objects is not None, "only a reading of the account knows the objects of all kinds"
        return await objects(request.kind)
    # All calls are awaited even if one fails: a write that was sent must not be left unobserved.
    replies = await asyncio.gather(
        *(_answer(item, send, objects) for item in request), return_exceptions=True
    )
    for reply in replies:
        if isinstance(reply, BaseException):
            raise reply
    return replies


async def _send(call: Call, api: Api) -> Json:
    try:
        return await api.send(call)
    except CallFailed as failure:
        means_absent = not call.absent or failure.has_code(call.absent)
        if call.optional and failure.status == 404 and means_absent:
            return None
        raise
