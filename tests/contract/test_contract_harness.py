"""The contract tests themselves: whom they refuse, and what they leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox

from .service import (
    OURS,
    PATIENCE,
    Place,
    Refused,
    Service,
    connected,
    real_place,
    service_for_a_test,
)
from .table import spelled_table

WHOLE = {
    "ZTCTL_CONTRACT_TOKEN": "secret",
    "ZTCTL_CONTRACT_ACCOUNT": "a",
    "ZTCTL_CONTRACT_ZONE": "example.com",
}


@pytest.fixture
def place() -> Iterator[Place]:
    """A sandbox that is taken for a real account."""
    sandbox = Sandbox.create()
    with served(sandbox) as url:
        yield Place(url, sandbox.account_id, "example.com", "token", real=True)


def test_no_account() -> None:
    """Without variables the sandbox is asked."""
    assert real_place({}) is None


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_half_an_account(missing: str) -> None:
    """A part of the variables is refused."""
    with pytest.raises(Refused):
        real_place({name: WHOLE[name] for name in WHOLE if name != missing})


def test_whole_account() -> None:
    """All variables name Cloudflare, without what an account has once, and print no token."""
    place = real_place(WHOLE)

    assert place is not None
    assert (place.real, place.singletons) == (True, False)
    assert place.url == "https://api.cloudflare.com/client/v4"
    assert "secret" not in repr(place)


def test_unknown_zone(place: Place) -> None:
    """A zone that the token does not see is refused."""
    with pytest.raises(Refused), connected(replace(place, zone_name="example.org")):
        pass


def test_used_zone(place: Place) -> None:
    """A zone that holds records of these tests is refused."""
    with connected(place) as (client, zone):
        body = {"type": "A", "name": f"{OURS}-old", "content": "192.0.2.1", "ttl": 1}
        client.post(f"{place.url}/zones/{zone}/dns_records", json=body)

    with pytest.raises(Refused), connected(place):
        pass


def failing(service: Service) -> None:
    """A test that makes two things, the second of which holds the first, and fails."""
    tag = service.post("{A}/access/tags", {"name": service.name()}).result["name"]
    body = {"type": "ssh", "name": "x", "domain": service.host(), "tags": [tag]}
    raise LookupError(service.post("{A}/access/apps", body).status)


def test_cleaned_up_after_a_failure(place: Place) -> None:
    """What a test made is deleted, the newest first, even when the test fails."""
    with connected(place) as (client, zone):
        with (
            pytest.raises(LookupError, match="201"),
            service_for_a_test(client, place, zone) as service,
        ):
            failing(service)
        left = [service.get("{A}/access/" + kind).result for kind in ("apps", "tags")]
    assert left == [[], []]


def test_left_behind(place: Place) -> None:
    """What cannot be deleted is tried again and again, and then reported."""
    paused: list[float] = []
    with connected(place) as (client, zone):
        service = Service(client, place, zone, OURS, sleep=paused.append)
        service.made.append("{A}/access/tags")
        left = service.clean()

    assert paused == list(PATIENCE)
    assert left == ["{A}/access/tags: 405 7001: Method DELETE not available for that URI."]


def test_table_is_one_line_a_fact() -> None:
    """Whatever a service says, it neither ends its cell nor reaches the terminal as a command."""
    lines = list(spelled_table([("a | b", "x\ny", "\x1b[2J")]))

    assert lines[2] == "| a \\| b | x?y | ?[2J |"
