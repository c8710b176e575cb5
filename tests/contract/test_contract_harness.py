"""The contract tests themselves: whom they refuse, and what they leave behind."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from ztctl.sandbox.server import served
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings

from .facts_apps import TAGS, app, policy
from .facts_dns import record
from .facts_network import route
from .facts_rules import group
from .probes import asked
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
from .sweep import COLLECTIONS, interrupted_by_signals, swept, swept_before_and_after
from .table import anonymous, ordered, spelled_table

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


@pytest.fixture
def left(place: Place) -> Iterator[Service]:
    """An account with one thing of every sort, some of which hold others; nobody sees to them."""
    with connected(place) as (client, zone):
        one = Service(client, place, zone, f"{OURS}-old", sleep=lambda _: None)
        key = group(one).result["id"]
        named = policy(one, include=[{"group": {"id": key}}]).result["id"]
        tag = one.post(TAGS, {"name": one.name()}).result["name"]
        there = app(one, name="x", tags=[tag], policies=[named]).result["id"]
        rule = {"linked_app_token": {"app_uid": there}}
        policy(one, decision="non_identity", include=[rule])
        route(one, "198.51.100.0/24")
        record(one)
        one.post("{Z}/access/apps", {"type": "self_hosted", "name": "y", "domain": one.host()})
        one.made.clear()
        yield one


def still_there(service: Service) -> list[str]:
    """The collections that hold anything but what was there from the start."""
    found = {path: service.get(path, **query).result for path, query in COLLECTIONS.items()}
    return [
        path
        for path, listed in found.items()
        if any(one.get("is_default_network") is not True for one in listed)
    ]


def test_what_a_run_that_was_cut_off_has_left_is_deleted_by_the_next(left: Service) -> None:
    """Whatever was made and is known by nobody is found by its name."""
    with swept_before_and_after(left):
        assert still_there(left) == []


def test_what_a_run_leaves_is_deleted_when_it_is_interrupted(left: Service) -> None:
    """Also what was made by a call whose answer never came."""
    with ExitStack() as stack:
        stack.push(lambda *_: True)
        stack.enter_context(swept_before_and_after(left))
        left.post(TAGS, {"name": left.name()})
        left.made.clear()
        raise KeyboardInterrupt

    assert still_there(left) == []


def test_what_others_made_stays(place: Place) -> None:
    """A name that only holds ours somewhere is somebody's."""
    with connected(place) as (client, zone):
        service = Service(client, place, zone, OURS)
        service.post(TAGS, {"name": f"my-{OURS}"})

        assert swept(service) == []
        assert still_there(service) == [TAGS]


def test_the_end_of_a_job_is_an_interruption() -> None:
    """After SIGTERM and SIGHUP pytest ends its fixtures as after Ctrl-C."""
    with interrupted_by_signals():
        for name in (signal.SIGTERM, signal.SIGHUP):
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(name)


def test_what_was_just_made_is_waited_for(place: Place) -> None:
    """A real account may know it only after some seconds."""
    paused: list[float] = []
    sandbox = Sandbox.create(settings=Settings(new_policy_calls=2))
    with served(sandbox) as url:
        elsewhere = replace(place, url=url, account=sandbox.account_id)
        with connected(elsewhere) as (client, zone):
            service = Service(client, elsewhere, zone, OURS, sleep=paused.append)
            key = policy(service).result["id"]
            answer = app(service, policies=[key])

    assert (answer.status, paused) == (201, [1.0, 2.0])


def test_a_surprise_is_an_answer(place: Place) -> None:
    """What a probe did not expect of a real account stands in the table."""
    with connected(place) as (client, zone):
        service = Service(client, place, zone, OURS)
        answered = asked(lambda it: str(it.get("/zones/x").result), service)

    assert answered.startswith("a surprise: AssertionError((404")


def test_the_table_says_nothing_of_whose_account_it_is(place: Place) -> None:
    """It is made to be pasted."""
    zone = "0123456789abcdef0123456789abcdef"
    text = f"{place.account} in {zone}: x.example.com, {'f' * 32}"

    assert anonymous(text, place, zone) == "<account> in <zone id>: x.<zone>, <id>"


def test_what_decides_most_comes_first() -> None:
    """The rows stand in the order of importance, the others by name behind them."""
    rows = [("app: b", "", ""), ("tag: made a second time", "", ""), ("app: a", "", "")]
    rows.append(("tag: a dot in its name", "", ""))

    assert [row[0] for row in ordered(rows)] == [
        "tag: a dot in its name",
        "tag: made a second time",
        "app: a",
        "app: b",
    ]


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


NO_METHOD = "DELETE method not allowed for the api_token authentication scheme"


def test_left_behind(place: Place) -> None:
    """What cannot be deleted is tried again and again, and then reported."""
    paused: list[float] = []
    with connected(place) as (client, zone):
        service = Service(client, place, zone, OURS, sleep=paused.append)
        service.made.append("{A}/access/tags")
        left = service.clean()

    assert paused == list(PATIENCE)
    assert left == [f"{{A}}/access/tags: 405 10000: {NO_METHOD}"]


def test_table_is_one_line_a_fact() -> None:
    """Whatever a service says, it neither ends its cell nor reaches the terminal as a command."""
    lines = list(spelled_table([("a | b", "x\ny", "\x1b[2J")]))

    assert lines[2] == "| a \\| b | x?y | ?[2J |"
