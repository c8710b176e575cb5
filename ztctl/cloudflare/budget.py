"""Pace calls ahead of the rate limit, so that it is never hit; an ordinary run never waits.

1,200 calls in five minutes for a user (dashboard and all tokens together) or an account's token,
and 200 calls a second for an IP address (Cloudflare product documentation). Our own count of the
last five minutes always holds. What the service reports as remaining (``Ratelimit``,
``Ratelimit-Policy``; earlier ``x-ratelimit-*``) can only make it stricter: a real account was told
``"default";r=1199;t=1`` in 130 of 131 answers (recorded, September 2026).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

OnWait = Callable[[float, str], None]

# Calls in flight: below the 100 concurrent streams of one HTTP/2 connection.
IN_FLIGHT: Final = 64
QUOTA: Final = 1200
WINDOW: Final = 300.0
BURST: Final = 200
BURST_WINDOW: Final = 1.0
REASON: Final = "Cloudflare's rate limit"
# "default";r=1199;t=300 with the parameters in any order.
ITEM: Final = re.compile(r'\s*"?([\w .:/-]{0,64})"?\s*((?:;\s*\w+=\d{1,9}\s*)+)', re.ASCII)
MOST_ITEMS: Final = 8


@dataclass(slots=True)
class RemoteLimit:
    """A limit that the service reported: ``remaining`` of ``quota`` calls until ``resets_at``."""

    quota: int
    remaining: int
    resets_at: float

    def wait(self, now: float) -> float:
        """Seconds until a call may be sent."""
        return 0.0 if self.remaining > reserve(self.quota) else self.resets_at - now


class Announcer:
    """Tells waits of a second or more; calls that wait together are told once."""

    def __init__(self, clock: Callable[[], float], on_wait: OnWait | None) -> None:
        self._clock = clock
        self._on_wait = on_wait
        self._until: dict[str, float] = {}

    def __call__(self, seconds: float, reason: str) -> None:
        """Tell that a call waits, unless another one does as long for the same reason."""
        until = self._clock() + seconds
        if self._on_wait and seconds >= 1 and until > self._until.get(reason, 0.0) + 1:
            self._until[reason] = until
            self._on_wait(seconds, reason)


class Budget:
    """Limits the rate of calls; delays them when few are left.

    Args:
        clock: seconds, monotonic.
        sleep: waits that many seconds.
        on_wait: called once for each wait of a second or more, with seconds and reason.
        quota: calls in five minutes; ``None`` does not pace.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        on_wait: OnWait | None = None,
        quota: int | None = QUOTA,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._tell = Announcer(clock, on_wait)
        self._quota = quota
        self._sent: deque[float] = deque(maxlen=max(quota or 0, BURST))
        self._limits: dict[str, RemoteLimit] = {}
        self._in_flight = 0
        self._blocked_until = 0.0

    async def acquire(self) -> None:
        """Wait until a call may be sent; ``release`` must follow, whatever the result."""
        while (wait := self._wait()) > 0:
            self._tell(wait, REASON)
            await self._sleep(wait)
        self._sent.append(self._clock())
        self._in_flight += 1
        for limit in self._limits.values():
            limit.remaining -= 1

    def release(self) -> None:
        """Count a call as ended."""
        self._in_flight -= 1

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take over the limits that the headers of a response report."""
        for name, quota, remaining, seconds in parse_limits(headers):
            # The service may not have counted the calls in flight yet.
            left = remaining - self._in_flight
            until = self._clock() + min(seconds, WINDOW)
            self._limits[name] = RemoteLimit(quota, left, until)

    def block(self, seconds: float) -> None:
        """Delay all calls for so many seconds: after a 429 the service refuses every call."""
        self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def _wait(self) -> float:
        now = self._clock()
        self._limits = {n: a for n, a in self._limits.items() if a.resets_at > now}
        waits = [self._blocked_until - now]
        if self._quota is not None:
            waits += [limit.wait(now) for limit in self._limits.values()]
            waits.append(self._wait_for_window(now, BURST, BURST_WINDOW))
            waits.append(self._wait_for_window(now, self._quota - reserve(self._quota), WINDOW))
        return max(waits)

    def _wait_for_window(self, now: float, quota: int, window: float) -> float:
        return self._sent[-quota] + window - now if len(self._sent) >= quota else 0.0


def reserve(quota: int) -> int:
    """Calls kept back for others who share the limit, and for calls that are counted late."""
    return quota // 50


def parse_limits(headers: Mapping[str, str]) -> Iterator[tuple[str, int, int, float]]:
    """Parse the limits in headers: name, quota, calls left, seconds until the window resets."""
    quotas = {
        name: members["q"]
        for name, members in _parse_items(headers.get("ratelimit-policy", ""))
        if "q" in members
    }
    for name, members in _parse_items(headers.get("ratelimit", "")):
        if "r" in members and "t" in members:
            yield name, quotas.get(name, QUOTA), members["r"], float(members["t"])
    yield from _parse_legacy(headers)


def _parse_items(text: str) -> Iterator[tuple[str, dict[str, int]]]:
    for item in text.split(",")[:MOST_ITEMS]:
        if match := ITEM.fullmatch(item):
            pairs = (pair.split("=") for pair in match[2].split(";")[1:])
            yield match[1], {key.strip(): int(value) for key, value in pairs}


def _parse_legacy(headers: Mapping[str, str]) -> Iterator[tuple[str, int, int, float]]:
    texts = [headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
    if all(re.fullmatch(r"\d{1,9}", text, re.ASCII) for text in texts):
        quota, remaining, seconds = map(int, texts)
        yield "x-ratelimit", quota, remaining, float(seconds)
