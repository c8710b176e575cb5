"""Decide whether a failed call is sent again, and when; pure.

GET, PUT, PATCH and DELETE are repeated after 429, 502, 503, 504 and broken connections; a PATCH of
the resources in scope only merges. A call that adds (every POST, and the PUT of a batch) is
repeated only when it is certain that nothing was done: after 429, or when no connection was made.
A 409 is left to the caller, unless the call names it under ``patience``: what passes by itself is
waited for with growing pauses. A 403 on what the token could do before is tried once more: the
service answers so when it throttles a valid token (reports of other clients).
"""

from __future__ import annotations

from typing import Final

from ztctl.cloudflare.errors import (
    ApiFailure,
    RateLimited,
    Unavailable,
    Unreachable,
)
from ztctl.core.model.calls import Call, permission_of

REPEATS: Final = 5
# Fewer: time-outs of ten or sixty seconds must not add up, and a wrong host name fails early.
REPEATS_UNREACHABLE: Final = 3
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 8.0
# Exceeding the limit blocks every call for five minutes (Cloudflare product documentation).
LONGEST_BLOCK: Final = 330.0
# Waits after a 429 that does not say for how long. A block that others began minutes ago ends
# during the first ones, a new one with the third, and one that each call renews with the fourth.
# Who waits for the lock of a blocked run has patience for the first three.
BLOCKS: Final = (60.0, 120.0, 125.0, 305.0, 305.0)
LONGEST_PATIENCE: Final = 15.0
SECOND_THOUGHT: Final = 5.0
TRANSIENT_STATUS: Final = (502, 503, 504)


def seconds_to_wait(
    attempt: int, failure: ApiFailure, call: Call, *, jitter: float, worked: bool = False
) -> float | None:
    """Seconds before the next attempt (exponential backoff with jitter); ``None`` to give up.

    Args:
        attempt: how often the call has failed like this, from 1.
        failure: how the last attempt ended.
        call: what is sent.
        jitter: in [0, 1); spreads calls that failed together over half of the wait.
        worked: whether the token could do this before.
    """
    if patience := failure.passes_within:
        return _patient(attempt, patience)
    if failure.is_forbidden and worked and permission_of(call):
        return SECOND_THOUGHT if attempt == 1 else None
    if attempt > _repeats(failure, call):
        return None
    if failure.retry_after:
        return failure.retry_after if failure.retry_after <= LONGEST_BLOCK else None
    if isinstance(failure, RateLimited):
        return BLOCKS[attempt - 1]
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * (1 + jitter) / 2)


def _patient(attempt: int, seconds: float) -> float | None:
    pauses = [min(2.0**before, LONGEST_PATIENCE) for before in range(attempt)]
    return pauses[-1] if sum(pauses) <= seconds else None


def adds(call: Call) -> bool:
    """Whether sending it twice may create twice; a PUT of targets in a batch adds, too."""
    return call.method == "POST" or (call.method == "PUT" and call.path.endswith("/batch"))


def _repeats(failure: ApiFailure, call: Call) -> int:
    if isinstance(failure, RateLimited):
        return REPEATS
    if adds(call) and failure.lost:
        return 0
    if isinstance(failure, Unreachable):
        return REPEATS_UNREACHABLE
    return REPEATS if isinstance(failure, Unavailable) and failure.status in TRANSIENT_STATUS else 0
