"""Rate limits: counted by token, told on every answer, followed by a block."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.rate_limit import MANY, Limiter, RateLimit
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime(2026, 7, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


Made = Callable[..., Sandbox]


@pytest.fixture
def clock() -> Clock:
    """The sandbox's clock."""
    return Clock()


@pytest.fixture
def made(clock: Clock) -> Made:
    """Makes a sandbox with a limit."""

    def make(**limit: Any) -> Sandbox:
        return Sandbox.create(clock=clock, settings=Settings(rate_limit=RateLimit(**limit)))

    return make


def call(sandbox: Sandbox, token: str = "a") -> Response:
    """One read."""
    headers = (("authorization", f"Bearer {token}"),)
    return sandbox.handle(Request("GET", "/client/v4/zones", headers=headers))


def told(response: Response) -> dict[str, str]:
    """The headers about limits."""
    known = ("ratelimit", "ratelimit-policy", "retry-after")
    return {name: value for name, value in response.headers if name in known}


def statuses(sandbox: Sandbox, number: int, token: str = "a") -> list[int]:
    """The statuses of so many reads."""
    return [call(sandbox, token).status for _ in range(number)]


def test_there_is_no_limit_unless_asked_for(sandbox: Sandbox) -> None:
    """Without the setting no answer speaks of limits."""
    assert told(call(sandbox)) == {}


def test_every_answer_tells_the_rest(made: Made, clock: Clock) -> None:
    """Each answer names quota, window, what is left, and when the window ends, rounded up."""
    sandbox = made()
    call(sandbox)
    clock.pass_(99.5)

    assert told(call(sandbox)) == {
        "ratelimit": '"default";r=1198;t=201',
        "ratelimit-policy": '"default";q=1200;w=300',
    }


def test_refusals_count_and_tell_too(made: Made) -> None:
    """An answer that refuses the call counts like any other."""
    sandbox = made(calls=2)
    answers = [sandbox.handle(Request("GET", "/client/v4/nowhere")) for _ in range(3)]

    assert [one.status for one in answers] == [404, 404, 429]
    assert told(answers[0])["ratelimit"] == '"default";r=1;t=300'


def test_exceeding_blocks_every_call(made: Made, clock: Clock) -> None:
    """The first call over the limit begins five minutes of 429, whatever the window was."""
    sandbox = made(calls=3)
    assert statuses(sandbox, 3) == [200, 200, 200]
    clock.pass_(299)

    assert statuses(sandbox, 2) == [429, 429]
    clock.pass_(299)
    assert statuses(sandbox, 1) == [429]
    clock.pass_(1)
    assert statuses(sandbox, 4) == [200, 200, 200, 429]


def test_retry_after_only_when_exceeded(made: Made, clock: Clock) -> None:
    """A 429 says how long the block lasts; its calls do not make it longer."""
    sandbox = made(calls=1)
    call(sandbox)
    first = call(sandbox)
    clock.pass_(120.5)

    assert told(first)["retry-after"] == "300"
    assert told(call(sandbox)) == {
        "retry-after": "180",
        "ratelimit": '"default";r=0;t=180',
        "ratelimit-policy": '"default";q=1;w=300',
    }


def test_a_window_ends_by_itself(made: Made, clock: Clock) -> None:
    """After the window the whole quota is there again."""
    sandbox = made(calls=2)
    statuses(sandbox, 2)
    clock.pass_(300)

    assert statuses(sandbox, 2) == [200, 200]


def test_refused_calls_do_nothing(made: Made) -> None:
    """A call over the limit changes nothing."""
    sandbox = made(calls=1)
    path = f"/client/v4/accounts/{sandbox.account_id}/access/tags"
    headers = (("authorization", "Bearer a"),)
    for name in (b"one", b"two"):
        sandbox.handle(Request("POST", path, (), headers, b'{"name": "%s"}' % name))

    assert [tag["name"] for tag in sandbox.export()["tags"]] == ["one"]


def test_tokens_of_users_share_a_quota(made: Made) -> None:
    """All tokens of users are one user's; an account-owned token has a quota of its own."""
    sandbox = made(calls=2)
    for token in ("a", "b", "c"):
        sandbox.define_token(token, ["Zone Read"], account_owned=token == "c")

    assert statuses(sandbox, 1, "a") + statuses(sandbox, 2, "b") == [200, 200, 429]
    assert statuses(sandbox, 2, "c") == [200, 200]


def test_undefined_tokens_count_apart(made: Made) -> None:
    """While any token is taken, each has a quota of its own."""
    sandbox = made(calls=1)

    assert [*statuses(sandbox, 2, "a"), *statuses(sandbox, 1, "b")] == [200, 429, 200]


@pytest.mark.parametrize(
    ("body", "kind"), [("json", "application/json"), ("html", "text/html"), ("empty", None)]
)
def test_the_body_of_a_429_can_be_chosen(made: Made, body: str, kind: str | None) -> None:
    """A 429 is the envelope with code 971, a page, or nothing at all."""
    sandbox = made(calls=1, body=body)
    call(sandbox)
    refused = call(sandbox)

    assert dict(refused.headers).get("content-type") == kind
    if body == "json":
        assert json.loads(refused.body)["errors"][0]["code"] == 971
    else:
        assert refused.body[:5] == (b"<html" if body == "html" else b"")


def test_an_address_has_a_limit_a_second(made: Made, clock: Clock) -> None:
    """The limit a second counts all tokens together, and blocks them together."""
    sandbox = made(per_second=2, block=60)
    assert [*statuses(sandbox, 1, "a"), *statuses(sandbox, 2, "b")] == [200, 200, 429]
    clock.pass_(59)

    assert told(call(sandbox, "c"))["retry-after"] == "1"
    clock.pass_(1)
    assert statuses(sandbox, 2, "a") == [200, 200]


def test_headers_may_say_the_same_for_ever(made: Made) -> None:
    """As recorded: one call less than the quota for a second, whatever was used up."""
    sandbox = made(calls=1200, headers="constant")

    assert [told(call(sandbox))["ratelimit"] for _ in range(3)] == ['"default";r=1199;t=1'] * 3


def test_a_429_may_not_say_for_how_long(made: Made) -> None:
    """Without ``retry-after`` a client has to know how long a block lasts."""
    sandbox = made(calls=1, retry_after=False)
    call(sandbox)

    refused = call(sandbox)

    assert (refused.status, "retry-after" in told(refused)) == (429, False)


def test_scripted_answers_do_not_count(made: Made) -> None:
    """An answer that a fault makes neither counts nor tells."""
    sandbox = made(calls=1)
    sandbox.faults.add(status=503)
    struck = call(sandbox)

    assert (struck.status, told(struck)) == (503, {})
    assert statuses(sandbox, 2) == [200, 429]


def test_another_limit_counts_anew(made: Made) -> None:
    """A limit that is replaced forgets what was counted."""
    sandbox = made(calls=1)
    statuses(sandbox, 2)
    sandbox.settings = Settings(rate_limit=RateLimit(calls=2))

    assert statuses(sandbox, 3) == [200, 200, 429]


def test_ended_windows_are_forgotten() -> None:
    """What is remembered does not grow with the tokens that were ever used."""
    limiter, limit, clock = Limiter(), RateLimit(), Clock()
    for number in range(3 * MANY):
        limiter.counted(limit, f"token {number}", clock())
        clock.pass_(1)

    assert len(limiter._windows) <= MANY + 1


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: 0} for name in ("calls", "window", "block", "per_second")),
        {"body": "xml"},
        {"headers": "none"},
    ],
)
def test_impossible_limits_are_refused(wrong: dict[str, Any]) -> None:
    """A limit that allows nothing, or answers in no known way, raises ValueError."""
    with pytest.raises(ValueError, match="must be"):
        RateLimit(**wrong)
