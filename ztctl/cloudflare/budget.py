"""Calls paced ahead of the limit, so that it is never hit: an ordinary run never waits.

1,200 calls in five minutes for a user (dashboard and all tokens together) or an account's token,
and 200 calls a second for an address (Cloudflare product documentation). What the service says is
left (``Ratelimit``, ``Ratelimit-Policy``; earlier ``x-ratelimit-*``) counts for more than our own
count.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

OnWait = Callable[[float, str], None]

# At most so many calls are under way: below the 100 streams of one HTTP/2 connection.
IN_FLIGHT: Final = 64
QUOTA: Final = 1200
WINDOW: Final = 300.0
BURST: Final = 200
BURST_WINDOW: Final = 1.0
REASON: Final = "Cloudflare's rate limit"
# "default";r=1199;t=300 with the members in any order.
ITEM: Final = re.compile(r'\s*"?([\w .:/-]{0,64})"?\s*((?:;\s*\w+=\d{1,9}\s*)+)', re.ASCII)
MOST_ITEMS: Final = 8


@dataclass(slots=True)
class RemoteLimit:
    """What the service says is left: ``remaining`` of ``quota`` until ``resets_at``."""

    quota: int
    remaining: int
    resets_at: float

    def wait(self, now: float) -> float:
        """Seconds until a call may be sent."""
        return 0.0 if self.remaining > reserve(self.quota) else self.resets_at - now


class Budget:
    """Gives leave to send, late when little is left.

    Args:
        quota: calls in five minutes before the service has said anything; ``None`` sends at will.
        clock: seconds, monotonic.
        sleep: waits that many seconds.
        on_wait: told once about each wait of a second or more.
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
        self._on_wait = on_wait
        self._quota = quota
        self._sent: deque[float] = deque(maxlen=max(quota or 0, BURST))
        self._limits: dict[str, RemoteLimit] = {}
        self._informed = False
        self._in_flight = 0
        self._held_until = 0.0
        self._told_until = 0.0

    async def acquire(self) -> None:
        """Return when a call may be sent; follow it by ``give_back`` whatever comes of the call."""
        while (wait := self._wait()) > 0:
            self._tell(wait)
            await self._sleep(wait)
        self._sent.append(self._clock())
        self._in_flight += 1
        for limit in self._limits.values():
            limit.remaining -= 1

    def release(self) -> None:
        """Say that a call is over."""
        self._in_flight -= 1

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take in what an answer says about the limit."""
        for name, quota, remaining, seconds in parse_limits(headers):
            self._informed = True
            # Calls under way may not be counted in what the service says is left.
            left = remaining - self._in_flight
            until = self._clock() + min(seconds, WINDOW)
            self._limits[name] = RemoteLimit(quota, left, until)

    def block(self, seconds: float) -> None:
        """Let nobody send for so long: the service refuses every call after a 429."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def _wait(self) -> float:
        now = self._clock()
        self._limits = {n: a for n, a in self._limits.items() if a.resets_at > now}
        waits = [self._held_until - now]
        if self._quota is not None:
            waits += [limit.wait(now) for limit in self._limits.values()]
            waits.append(self._since(now, BURST, BURST_WINDOW))
            if not self._informed:
                waits.append(self._since(now, self._quota - reserve(self._quota), WINDOW))
        return max(waits)

    def _since(self, now: float, quota: int, window: float) -> float:
        return self._sent[-quota] + window - now if len(self._sent) >= quota else 0.0

    def _tell(self, wait: float) -> None:
        until = self._clock() + wait
        if self._on_wait and wait >= 1 and until > self._told_until + 1:
            self._told_until = until
            self._on_wait(wait, REASON)


def reserve(quota: int) -> int:
    """Calls left untouched for whoever shares the limit, and for what is counted late."""
    return quota // 50


def parse_limits(headers: Mapping[str, str]) -> Iterator[tuple[str, int, int, float]]:
    """Each limit that the headers state: name, quota, calls left, seconds to the next window."""
    quotas = {
        name: members["q"]
        for name, members in _items(headers.get("ratelimit-policy", ""))
        if "q" in members
    }
    for name, members in _items(headers.get("ratelimit", "")):
        if "r" in members and "t" in members:
            yield name, quotas.get(name, QUOTA), members["r"], float(members["t"])
    yield from _earlier(headers)


def _items(text: str) -> Iterator[tuple[str, dict[str, int]]]:
    for item in text.split(",")[:MOST_ITEMS]:
        if match := ITEM.fullmatch(item):
            pairs = (pair.split("=") for pair in match[2].split(";")[1:])
            yield match[1], {key.strip(): int(value) for key, value in pairs}


def _earlier(headers: Mapping[str, str]) -> Iterator[tuple[str, int, int, float]]:
    texts = [headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
    if all(re.fullmatch(r"\d{1,9}", text, re.ASCII) for text in texts):
        quota, remaining, seconds = map(int, texts)
        yield "x-ratelimit", quota, remaining, float(seconds)
