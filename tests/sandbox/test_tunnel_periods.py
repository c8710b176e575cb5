"""When a tunnel was there and when it had connections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ztctl.sandbox.service import Sandbox

from .api import Api

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def history() -> Api:
    """A tunnel made at 12:00, with connections from 13:00 to 14:00, deleted at 15:00."""
    hands = Hands()
    api = Api(Sandbox.create(clock=hands))
    tunnel = api.tunnel()["id"]
    hands.now = NOON + timedelta(hours=1)
    api.sandbox.connect(tunnel)
    hands.now = NOON + timedelta(hours=2)
    api.delete(f"{{A}}/cfd_tunnel/{tunnel}/connections")
    hands.now = NOON + timedelta(hours=3)
    api.delete(f"{{A}}/cfd_tunnel/{tunnel}")
    return api


@pytest.mark.parametrize(
    ("time", "existed", "active", "inactive"),
    [
        ("11:59:59", 0, 0, 0),
        ("12:00:00", 1, 0, 1),
        ("12:59:59.999999", 1, 0, 1),
        ("13:00:00", 1, 1, 0),
        ("14:00:00", 1, 0, 1),
        ("15:00:00", 0, 0, 0),
    ],
)
def test_tunnels_are_found_by_time(
    history: Api, time: str, existed: int, active: int, inactive: int
) -> None:
    """A tunnel is listed by the instants at which it was there, connected, or not connected."""
    found = [
        len(history.get(f"{{A}}/cfd_tunnel?{name}=2026-07-01T{time}Z").result)
        for name in ("existed_at", "was_active_at", "was_inactive_at")
    ]

    assert found == [existed, active, inactive]


def test_instants_may_have_an_offset(history: Api) -> None:
    """An instant in another zone is the same instant."""
    query = "was_active_at=2026-07-01T15:30:00%2B02:00"

    assert len(history.get(f"{{A}}/cfd_tunnel?{query}").result) == 1


@pytest.mark.parametrize("name", ["existed_at", "was_active_at", "was_inactive_at"])
def test_what_is_no_instant_is_refused(api: Api, name: str) -> None:
    """A text that is no date and time answers 400."""
    assert api.get(f"{{A}}/cfd_tunnel?{name}=yesterday").status == 400
