"""Rate limits as the service has them; off unless asked for.

Source: "Rate limits" of Cloudflare's documentation, April 2026: 1,200 calls in five minutes a
user (all user tokens together) or account-owned token; 200 a second an address; exceeding blocks
every call for the next five minutes with 429; every answer names quota and rest in `Ratelimit`
and `Ratelimit-Policy`; `retry-after`, rounded up, is sent only once a limit is exceeded.
Recorded: error code 971; that a 429 may come without JSON.
Unrecorded: that the window begins with its first call; that it begins anew after a block; that
the limit an address blocks for as long. All clients of a sandbox come from one address.
Off by default, because a local loop of calls, which nobody has to be protected from, would stand
still for five minutes; and because the count is one process's own, not the state file's.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from ztctl.sandbox.envelope import refused
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Pairs, Response

BodyKind = Literal["json", "html", "empty"]

EVERYBODY = ""
MANY = 1000

_HTML = b"<html><head><title>429 Too Many Requests</title></head></html>"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is allowed: `calls` in `window` seconds, then `block` seconds of 429.

    `body` is what a 429 holds: the envelope with code 971, a page, or nothing. `per_second`
    limits all calls together, whoever makes them (the service: 200). Raises ValueError for
    numbers that allow nothing.
    """

    calls: int = 1200
    window: int = 300
    block: int = 300
    body: BodyKind = "json"
    per_second: int | None = None

    def __post_init__(self) -> None:
        per_second = 1 if self.per_second is None else self.per_second
        if min(self.calls, self.window, self.block, per_second) < 1:
            raise ValueError("calls, window, block and per_second must be at least 1")
        if self.body not in get_args(BodyKind):
            raise ValueError(f"body must be one of {', '.join(get_args(BodyKind))}")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one call stands: `left` calls until `ends`; over the limit when that is below 0."""

    limit: RateLimit
    quota: int
    period: int
    left: int
    ends: datetime

    @property
    def exceeded(self) -> bool:
        """Whether the call is refused."""
        return self.left < 0

    def headers(self, now: datetime) -> Pairs:
        """What every answer says about the limit."""
        wait = self._wait(now)
        told = (
            ("ratelimit", f'"default";r={max(self.left, 0)};t={wait}'),
            ("ratelimit-policy", f'"default";q={self.quota};w={self.period}'),
        )
        return (*told, ("retry-after", str(wait))) if self.exceeded else told

    def refusal(self, ray: str) -> Response:
        """The 429, without the headers that every answer has."""
        if self.limit.body == "json":
            wording = "Please wait and consider throttling your request speed"
            return refused(ApiError(429, 971, wording), ray)
        if self.limit.body == "html":
            return Response(429, (("content-type", "text/html"),), _HTML)
        return Response(429)

    def _wait(self, now: datetime) -> int:
        return math.ceil((self.ends - now).total_seconds())


@dataclass(frozen=True, slots=True)
class _Window:
    """How many calls are left until the window ends; below 0 it is a block."""

    left: int
    ends: datetime


@dataclass(slots=True)
class Limiter:
    """Counts calls by who makes them. Safe to be used by several threads."""

    _limit: RateLimit | None = None
    _windows: dict[str, _Window] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def counted(self, limit: RateLimit | None, payer: str, now: datetime) -> Standing | None:
        """Count one call; None when nothing is limited.

        Another limit than the last one begins to count anew.
        """
        with self._mutex:
            if limit != self._limit:
                self._limit, self._windows = limit, {}
            return None if limit is None else self._standing(limit, payer, now)

    def _standing(self, limit: RateLimit, payer: str, now: datetime) -> Standing:
        if limit.per_second is not None:
            shared = self._count(EVERYBODY, limit, limit.per_second, 1, now)
            if shared.exceeded:
                return shared
        return self._count(payer, limit, limit.calls, limit.window, now)

    def _count(
        self, payer: str, limit: RateLimit, quota: int, period: int, now: datetime
    ) -> Standing:
        window = self._windows.get(payer)
        if window is None or now >= window.ends:
            self._forget_ended(now)
            window = _Window(quota, now + timedelta(seconds=period))
        if window.left == 0:
            window = _Window(-1, now + timedelta(seconds=limit.block))
        elif window.left > 0:
            window = _Window(window.left - 1, window.ends)
        self._windows[payer] = window
        return Standing(limit, quota, period, window.left, window.ends)

    def _forget_ended(self, now: datetime) -> None:
        if len(self._windows) > MANY:
            self._windows = {who: one for who, one in self._windows.items() if now < one.ends}
