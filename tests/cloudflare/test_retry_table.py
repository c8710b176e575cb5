"""Which failures are tried again, after how long, and which never."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ztctl.cloudflare.errors import (
    ApiFailure,
    BadReply,
    Conflict,
    NotAuthorised,
    NotFound,
    RateLimited,
    Unavailable,
    Unreachable,
)
from ztctl.cloudflare.retry import (
    REPEATS,
    REPEATS_UNREACHABLE,
    SECOND_THOUGHT,
    seconds_to_wait,
)
from ztctl.core.model.calls import ApiMessage, Call, Passing
from ztctl.engine.lock import PATIENCE as LOCK_PATIENCE

METHODS = ("GET", "PUT", "PATCH", "DELETE", "POST")


def call_of(method: str) -> Call:
    """Make a call of one object."""
    return Call(method, "/zones/z/dns_records/r")


def answered(call: Call, status: int, retry_after: float | None = None) -> ApiFailure:
    """Make the failure of that status."""
    kinds = {404: NotFound, 409: Conflict, 429: RateLimited, 200: BadReply}
    kind = kinds.get(status, Unavailable)
    lost = call.writes and (status >= 500 or status == 200)
    return kind(call, "x", status=status, lost=lost, retry_after=retry_after)


def waits(failure: ApiFailure, jitter: float = 0.0, *, worked: bool = False) -> list[float]:
    """List every wait until the call is given up."""
    found: list[float] = []
    while (
        wait := seconds_to_wait(len(found) + 1, failure, failure.call, jitter=jitter, worked=worked)
    ) is not None:
        found.append(wait)
    return found


@pytest.mark.parametrize("method", METHODS)
def test_a_429_is_repeated_for_every_method(method: str) -> None:
    """A refused call did nothing, so that even a POST is sent again."""
    assert len(waits(answered(call_of(method), 429))) == REPEATS


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("method", METHODS)
def test_a_passing_fault_is_repeated_for_all_but_post(method: str, status: int) -> None:
    """GET, PUT, PATCH and DELETE may be sent twice; a POST may have been done."""
    expected = 0 if method == "POST" else REPEATS

    assert len(waits(answered(call_of(method), status))) == expected


@pytest.mark.parametrize("status", [200, 404, 409, 500, 501])
@pytest.mark.parametrize("method", METHODS)
def test_a_definite_answer_is_never_repeated(method: str, status: int) -> None:
    """What would be answered the same way again is not asked again; a 409 is the caller's."""
    assert waits(answered(call_of(method), status)) == []


@pytest.mark.parametrize("method", METHODS)
def test_a_broken_connection_is_repeated_for_all_but_post(method: str) -> None:
    """A POST whose answer was lost fails and says so."""
    failure = Unreachable(call_of(method), "broke", connected=True)

    assert len(waits(failure)) == (0 if method == "POST" else REPEATS_UNREACHABLE)
    assert failure.lost is (method != "GET")


@pytest.mark.parametrize("method", METHODS)
def test_what_never_left_is_repeated_for_every_method(method: str) -> None:
    """Without a connection nothing was done, so nothing is lost."""
    failure = Unreachable(call_of(method), "no route", connected=False)

    assert len(waits(failure)) == REPEATS_UNREACHABLE
    assert failure.lost is False


def test_the_put_of_a_batch_adds_and_is_not_repeated() -> None:
    """``PUT …/targets/batch`` creates, so that sending it twice would create twice."""
    call = Call("PUT", "/accounts/{account}/infrastructure/targets/batch")

    assert waits(answered(call, 503)) == []


def test_waits_double_from_half_a_second_to_eight() -> None:
    """The waits grow 0.5, 1, 2, 4, 8 at their longest, and are half of it at their shortest."""
    failure = answered(call_of("GET"), 503)

    assert waits(failure, jitter=0.0) == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert waits(failure, jitter=1.0) == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_retry_after_is_obeyed_to_the_second() -> None:
    """What the service asks for replaces our own guess."""
    assert waits(answered(call_of("GET"), 429, retry_after=42.0))[0] == 42.0


def test_a_retry_after_of_nothing_still_waits() -> None:
    """A service that says "now" while it is failing is not hammered."""
    assert waits(answered(call_of("GET"), 503, retry_after=0.0))[0] == 0.25


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_a_429_that_does_not_say_for_how_long_outlasts_a_block(retry_after: float | None) -> None:
    """A block ends before the third repetition, one that each call renews before the fourth."""
    tries = waits(answered(call_of("POST"), 429, retry_after=retry_after))

    assert 300 < sum(tries[:3]) < LOCK_PATIENCE
    assert min(tries[3:]) > 300


@pytest.mark.parametrize("method", METHODS)
def test_a_403_on_what_worked_before_is_tried_once_more(method: str) -> None:
    """A valid token may be throttled so; nothing was done, so that a POST is sent again, too."""
    call = replace(call_of(method), permission="Zone · DNS")
    refused = NotAuthorised(call, "x", status=403)

    assert waits(refused, worked=True) == [SECOND_THOUGHT]
    assert waits(refused) == []
    assert waits(NotAuthorised(call_of(method), "x", status=403), worked=True) == []


@pytest.mark.parametrize(("seconds", "pauses"), [(15.0, 4), (60.0, 7)])
def test_what_passes_is_waited_for_within_a_bound(seconds: float, pauses: int) -> None:
    """The pauses grow to fifteen seconds, and together keep to the bound of the call."""
    call = replace(call_of("POST"), patience=(Passing(409, "still attached", seconds),))
    errors = (ApiMessage(12130, "policy is still attached"),)

    tries = waits(Conflict(call, "x", status=409, errors=errors))

    assert tries == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0][:pauses]
    assert sum(tries) <= seconds


@pytest.mark.parametrize(
    ("status", "message", "passes"),
    [
        (409, ApiMessage(1, "policy is still attached"), True),
        (409, ApiMessage(12132, "spreading"), True),
        (409, ApiMessage(1, "another conflict"), False),
        (400, ApiMessage(1, "policy is still attached"), False),
    ],
)
def test_patience_is_for_what_the_call_names_alone(
    status: int, message: ApiMessage, passes: bool
) -> None:
    """By status, and by text or code; everything else is told at once."""
    passing = (Passing(409, "still attached"), Passing(409, "12132"))
    call = replace(call_of("PUT"), patience=passing)

    assert bool(waits(Conflict(call, "x", status=status, errors=(message,)))) is passes


def test_a_retry_after_longer_than_any_block_is_given_up() -> None:
    """Nobody waits hours for a header."""
    assert waits(answered(call_of("GET"), 429, retry_after=3600.0)) == []
