"""An event loop in which nothing but waiting takes time."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class Patience(selectors.DefaultSelector):
    """Waits for nothing: what a loop would sleep is added to ``now`` instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; the rest of the wait counts as passed."""
        ready = super().select(0)
        if not ready:
            self.now += max(timeout or 0.0, 0.0)
        return ready


class Timeless(asyncio.SelectorEventLoop):
    """A loop whose clock moves on only when everybody waits."""

    def __init__(self) -> None:
        self._patience = Patience()
        super().__init__(self._patience)

    def time(self) -> float:
        """Seconds waited since the loop began."""
        return self._patience.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> asyncio.Future[Any]:
        """Call at once: what a thread does, such as syncing a file, takes no time either."""
        done = self.create_future()
        done.set_result(func(*args))
        return done
