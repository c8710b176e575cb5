"""Rate limits of the API; off by default.

Source: "Rate limits" of Cloudflare's documentation, April 2026: 1,200 calls in five minutes a
user (all user tokens together) or account-owned token; 200 a second an address; exceeding blocks
every call for the next five minutes with 429; every answer has quota and rest in `Ratelimit`
and `Ratelimit-Policy`; `retry-after`, rounded up, is sent only once a limit is exceeded.
Recorded: error code 971; that a 429 may come without JSON; that nearly every answer of a real
account says `"default";r=1199;t=1`, whatever was used up (`headers` "constant"). In the tests of
another client a 429 comes without `retry-after`.
Unrecorded: that the window begins with its first call; that a new one begins after a block; that
exceeding the limit of an address blocks as long. All clients of a sandbox share one address.
Off by default, because a local loop of calls does no harm and would be blocked for five minutes,
and because calls are counted per process, not per state file.
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
HeaderKind = Literal["counting", "constant"]

EVERYBODY = ""
MANY = 1000

_HTML = b"<html><head><title>429 Too Many Requests</title></head></html>"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit of `calls` in `window` seconds; exceeding it is answered 429 for `block` seconds.

    `body` is the body of a 429: the envelope with code 971, an HTML page, or nothing.
    `per_second` limits all calls of all tokens together (the service: 200). `headers` tell the
    rest, or always one call less than the quota, for a second. `retry_after` is whether a 429 says
    for how long. Raises ValueError for numbers below 1.
    """

    calls: int = 1200
    window: int = 300
    block: int = 300
    body: BodyKind = "json"
    per_second: int | None = None
    headers: HeaderKind = "counting"
    retry_after: bool = True

    def __post_init__(self) -> None:
        per_second = 1 if self.per_second is None else self.per_second
        if min(self.calls, self.window, self.block, per_second) < 1:
            raise ValueError("calls, window, block and per_second must be at least 1")
        if self.body not in get_args(BodyKind):
            raise ValueError(f"body must be one of {', '.join(get_args(BodyKind))}")
        if self.headers not in get_args(HeaderKind):
            raise ValueError(f"headers must be one of {', '.join(get_args(HeaderKind))}")


@dataclass(frozen=True, slots=True)
class Standing:
    """State of the limit after a call: `left` calls (below 0: exceeded) until `ends`."""

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
        """The rate limit headers of a response."""
        wait = self._wait(now)
        left, resets = max(self.left, 0), wait
        if self.limit.headers == "constant":
            left, resets = self.quota - 1, 1
        headers = (
            ("ratelimit", f'"default";r={left};t={resets}'),
            ("ratelimit-policy", f'"default";q={self.quota};w={self.period}'),
        )
        says_when = self.exceeded and self.limit.retry_after
        return (*headers, ("retry-after", str(wait))) if says_when else headers

    def refusal(self, ray: str) -> Response:
        """The 429 response, without the rate limit headers."""
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
    """Remaining calls until the window ends; -1 marks a block."""

    left: int
    ends: datetime


@dataclass(slots=True)
class Limiter:
    """Counts calls by key (`tokens.rate_limit_key`). Thread-safe."""

    _limit: RateLimit | None = None
    _windows: dict[str, _Window] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def counted(self, limit: RateLimit | None, key: str, now: datetime) -> Standing | None:
        """Count one call; None if there is no limit. A changed limit resets all counters."""
        with self._mutex:
            if limit != self._limit:
                self._limit, self._windows = limit, {}
            return None if limit is None else self._standing(limit, key, now)

    def _standing(self, limit: RateLimit, key: str, now: datetime) -> Standing:
        # Before the counter of the token, which a call refused here does not use up.
        if limit.per_second is not None:
            shared = self._count(EVERYBODY, limit, limit.per_second, 1, now)
            if shared.exceeded:
                return shared
        return self._count(key, limit, limit.calls, limit.window, now)

    def _count(
        self, key: str, limit: RateLimit, quota: int, period: int, now: datetime
    ) -> Standing:
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            # Tokens are chosen by clients: without this, random ones would fill the memory.
            self._forget_ended(now)
            window = _Window(quota, now + timedelta(seconds=period))
        if window.left == 0:
            window = _Window(-1, now + timedelta(seconds=limit.block))
        elif window.left > 0:
            window = _Window(window.left - 1, window.ends)
        self._windows[key] = window
        return Standing(limit, quota, period, window.left, window.ends)

    def _forget_ended(self, now: datetime) -> None:
        if len(self._windows) > MANY:
            self._windows = {name: one for name, one in self._windows.items() if now < one.ends}
