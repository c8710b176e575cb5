"""A sandbox whose clock and ids repeat, and a client for it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.state import Clock

from .api import Api


def ticking() -> Clock:
    """A clock that moves on by a second and a bit each time it is read."""
    start, ticks = datetime(2026, 7, 1, tzinfo=UTC), count()
    return lambda: start + next(ticks) * timedelta(seconds=1, microseconds=125)


@pytest.fixture
def sandbox() -> Sandbox:
    """One account with the zone example.com, in memory."""
    return Sandbox.create(clock=ticking(), entropy=random.Random(7).randbytes)


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    """A client of that account."""
    return Api(sandbox)


@pytest.fixture
def awkward() -> Api:
    """A client of an account that takes every freedom in spelling."""
    entropy = random.Random(7).randbytes
    return Api(Sandbox.create(clock=ticking(), entropy=entropy, awkward=True))
