"""The service's clock, as the ``Date`` header of its replies shows it, beside this machine's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime


class ServiceClock:
    """Compares the two clocks with each successful reply.

    Args:
        now: this machine's clock, seconds since 1970.

    Attributes:
        skew: seconds by which this machine's clock is ahead of the service's by the latest reply
            with a date, negative when it is behind; ``None`` until one came.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.skew: float | None = None

    def observe(self, headers: Mapping[str, str], sent: float) -> None:
        """Take over the date of a reply to a request that was sent at ``sent`` by this clock.

        RFC 9110, 6.6.1: the time at which the reply was made, in whole seconds. It lies between the
        request and now, so that a slow reply is no skew.
        """
        try:
            date = parsedate_to_datetime(headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return
        ahead, behind = sent - (date + 1), date - self.now()
        self.skew = max(ahead, 0.0) or -max(behind, 0.0)
