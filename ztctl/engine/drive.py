"""Send what a flow asks for, until it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from ztctl.core.model.calls import Call, CallFailed, Json, LiveObjects, ReadFlow

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
Objects = Callable[[str], Awaitable[Json]]
Request = Call | LiveObjects

# Seconds between tries of what the service is known to catch up with.
PATIENCE = (1.0, 2.0, 4.0, 8.0)


class Api(Protocol):
    """Whatever answers calls."""

    async def send(self, call: Call) -> Json:
        """The result of one call.

        Raises:
            CallFailed: when there is none.
        """


async def drive(
    flow: ReadFlow[T], api: Api, *, sleep: Sleep = asyncio.sleep, objects: Objects | None = None
) -> T:
    """What the flow returns, after every call it asked for; failures are thrown into it.

    A tuple of calls goes out at once; when several of them fail, the flow sees the first.
    ``objects`` answers requests for the live objects of another kind, by its name.
    """
    step: Callable[[], Request | tuple[Request, ...]] = partial(next, flow)
    while True:
        try:
            asked = step()
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        try:
            reply = await _answer(asked, partial(_patiently, api=api, sleep=sleep), objects)
        except CallFailed as failure:
            step = partial(flow.throw, failure)
        else:
            step = partial(flow.send, reply)


async def _answer(
    asked: Request | tuple[Request, ...],
    send: Callable[[Call], Awaitable[Json]],
    objects: Objects | None,
) -> Json:
    if isinstance(asked, Call):
        return await send(asked)
    if isinstance(asked, LiveObjects):
        assert objects is not None, "only a reading of the account knows the objects of all kinds"
        return await objects(asked.kind)
    replies = await asyncio.gather(
        *(_answer(item, send, objects) for item in asked), return_exceptions=True
    )
    for reply in replies:
        if isinstance(reply, BaseException):
            raise reply
    return replies


async def _patiently(call: Call, api: Api, sleep: Sleep) -> Json:
    for delay in PATIENCE:
        try:
            return await _once(call, api)
        except CallFailed as failure:
            if not failure.may_pass():
                raise
        await sleep(delay)
    return await _once(call, api)


async def _once(call: Call, api: Api) -> Json:
    try:
        return await api.send(call)
    except CallFailed as failure:
        if call.optional and failure.status == 404 and _says_absent(failure, call):
            return None
        raise


def _says_absent(failure: CallFailed, call: Call) -> bool:
    return not call.absent or failure.has_code(call.absent)
