"""Send API calls; account, token, paging, retries and rate limit are handled here and only here."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from ztctl import __version__
from ztctl.cloudflare.budget import IN_FLIGHT, QUOTA, Announcer, Budget, OnWait
from ztctl.cloudflare.encoding import encode, header
from ztctl.cloudflare.envelope import Reply, read
from ztctl.cloudflare.errors import (
    ApiFailure,
    NotAuthorised,
    RateLimited,
    Rejected,
    Unavailable,
    Unreachable,
    Withheld,
)
from ztctl.cloudflare.paging import collect
from ztctl.cloudflare.retry import seconds_to_wait
from ztctl.cloudflare.service_clock import ServiceClock
from ztctl.cloudflare.urls import check_account, check_base_url, resolve, resolve_query
from ztctl.core.model.calls import Call, Json, permission_of
from ztctl.core.model.values import Secret

if TYPE_CHECKING:
    import httpx

    from ztctl.cloudflare.connections import ConnectionPool

BASE_URL: Final = "https://api.cloudflare.com/client/v4"
BUSY: Final = "the service asks to wait"
BEHIND: Final = "the service has yet to catch up with an earlier change"
REFUSED: Final = "the service refuses what it allowed before; trying once more"
# A patient wait is told once it has taken some seconds already: most pass before that.
TOLD_FROM: Final = 4.0


class Client:
    """A client of the API, connected inside ``async with``.

    Args:
        token: the API token; it appears in no message, representation or log.
        account: replaces ``{account}`` in paths and queries; may be set later.
        base_url: https, or http to this machine.
        transport: replaces the network, as the sandbox does.
        quota: calls in five minutes; ``None`` does not pace.
        on_wait: called with seconds and reason of each wait that the service causes.
        sleep, clock, jitter: time and chance; the clock is monotonic, the jitter in [0, 1).
        wall: seconds since 1970, to compare with the service's clock.

    Attributes:
        count: requests sent, repeated ones included.
        service_clock: how far this machine's clock is from the service's.
        withhold: asked right before each request, repeated ones included, why not to send it; empty
            text sends it. Between a call and its request there may be minutes.

    Raises:
        Failure: when the URL, the token or the account cannot be used; nothing has been sent.
    """

    def __init__(
        self,
        token: Secret,
        *,
        account: str | None = None,
        base_url: str = BASE_URL,
        transport: httpx.AsyncBaseTransport | None = None,
        quota: int | None = QUOTA,
        on_wait: OnWait | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.count = 0
        self.service_clock = ServiceClock(wall)
        self.withhold: Callable[[Call], str] = lambda _: ""
        self.account = account
        self._token = token
        self._base_url = check_base_url(base_url)
        self._transport = transport
        self._sleep = sleep
        self._tell = Announcer(clock, on_wait)
        self._jitter = jitter
        self._budget = Budget(clock=clock, sleep=sleep, on_wait=on_wait, quota=quota)
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._worked: set[tuple[str, str]] = set()
        self._pool: ConnectionPool | None = None

    @property
    def account(self) -> str | None:
        """The account's id; ``None`` while it is not known."""
        return self._account

    @account.setter
    def account(self, account: str | None) -> None:
        self._account = None if account is None else check_account(account)

    async def __aenter__(self) -> Self:
        # Deferred import: most commands never open a client, and httpx is slow to load.
        from ztctl.cloudflare.connections import ConnectionPool

        headers = {
            "Authorization": header(self._token),
            "Accept": "application/json",
            "User-Agent": f"ztctl/{__version__}",
        }
        self._pool = ConnectionPool(self._base_url, headers, self._transport)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def send(self, call: Call) -> Json:
        """Return the ``result`` of a call; of a list, the objects of all pages.

        Raises:
            CallFailed: one of ``ztctl.cloudflare.errors``, after the retries that are safe.
        """
        if call.is_list:
            return await collect(call, self._reply)
        return (await self._reply(call)).result

    async def _reply(self, call: Call) -> Reply:
        lost = False
        failed: Counter[type[ApiFailure]] = Counter()
        while True:
            try:
                reply = await self._attempt(call)
            except Withheld as failure:
                failure.lost = lost
                raise
            except ApiFailure as failure:
                lost = lost or failure.lost
                # A block or a lag in between does not use up the attempts of an outage.
                why = Unavailable if isinstance(failure, Unreachable) else type(failure)
                failed[why] += 1
                wait = seconds_to_wait(
                    failed[why],
                    failure,
                    call,
                    jitter=self._jitter(),
                    worked=_use(call) in self._worked,
                )
                if wait is None:
                    raise
                await self._pause(wait, failure)
            else:
                self._worked.add(_use(call))
                return reply

    async def _pause(self, seconds: float, failure: ApiFailure) -> None:
        if isinstance(failure, RateLimited):
            # Every call waits in `acquire` then, the repeated one included.
            self._budget.block(seconds)
            return
        if failure.passes_within:
            if seconds >= TOLD_FROM:
                self._tell(seconds, BEHIND)
        elif isinstance(failure, NotAuthorised):
            self._tell(seconds, REFUSED)
        elif failure.retry_after:
            self._tell(seconds, BUSY)
        await self._sleep(seconds)

    async def _attempt(self, call: Call) -> Reply:
        if self._pool is None:
            raise RuntimeError("a client sends inside `async with` only")
        try:
            path = resolve(call.path, self._account)
        except ValueError as reason:
            raise Rejected(call, f"nothing was sent: {reason}") from None
        call = replace(call, query=resolve_query(call.query, self._account))
        content, hide = encode(call.body, self._token)
        async with self._slots:
            await self._budget.acquire()
            if why := self.withhold(call):
                self._budget.release()
                raise Withheld(call, f"not sent: {why}")
            self.count += 1
            sent = self.service_clock.now()
            try:
                answer = await self._pool.exchange(call, path, content, hide)
            finally:
                self._budget.release()
            self._budget.observe(answer.headers)
        reply = read(call, answer, hide)
        # Of a failure nobody knows who dated it: a proxy may have a clock of its own.
        self.service_clock.observe(answer.headers, sent)
        return reply


def _use(call: Call) -> tuple[str, str]:
    """The account or zone of a call, and the permission that it needs there."""
    return "/".join(call.path.split("/")[:3]), permission_of(call)
