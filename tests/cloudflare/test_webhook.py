"""Posting to a webhook: once where it is taken, again where that helps, its URL nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.webhook import PATH, Posted, webhook
from ztctl.cloudflare.webhook_client import check_webhook, post
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.values import Secret


@pytest.fixture
def posted() -> Iterator[Posted]:
    """A webhook on a loopback port."""
    with webhook() as found:
        yield found


def sent(url: str) -> tuple[str, list[float]]:
    """Why a message was not taken, and the pauses in between."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    return asyncio.run(post(Secret(url), b'{"a":1}', sleep=sleep)), pauses


def test_a_message_is_posted_as_json(posted: Posted) -> None:
    """Once, with its type, and with no credential."""
    assert sent(posted.url) == ("", [])

    assert posted.documents == [{"a": 1}]
    assert posted.requests[0]["content-type"] == "application/json"
    assert "authorization" not in posted.requests[0]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_webhook_is_asked_again(posted: Posted, status: int) -> None:
    """After a pause, and then it takes the message."""
    posted.answers = [status]

    assert sent(posted.url) == ("", [1.0])
    assert len(posted.bodies) == 2


def test_the_pause_is_the_one_asked_for(posted: Posted) -> None:
    """``Retry-After`` says how long."""
    posted.answers, posted.headers = [429], {"Retry-After": "7"}

    assert sent(posted.url) == ("", [7.0])


def test_a_long_pause_is_not_waited_for(posted: Posted) -> None:
    """A job of every few minutes ends instead."""
    posted.answers, posted.headers = [429], {"Retry-After": "3600"}

    assert sent(posted.url) == ("HTTP 429", [])


def test_it_is_tried_three_times(posted: Posted) -> None:
    """Then it is said to be in vain."""
    posted.answers = [503] * 9

    assert sent(posted.url) == ("HTTP 503", [1.0, 2.0])
    assert len(posted.bodies) == 3


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_final(posted: Posted, status: int) -> None:
    """The same message would be refused again."""
    posted.answers = [status]

    assert sent(posted.url) == (f"HTTP {status}", [])
    assert len(posted.bodies) == 1


def test_a_redirect_is_not_followed(posted: Posted) -> None:
    """What is told goes to nobody else."""
    posted.answers, posted.headers = [302], {"Location": posted.url}

    why, _ = sent(posted.url)

    assert "redirect" in why
    assert len(posted.bodies) == 1


def test_nobody_at_the_other_end_is_told_without_the_url() -> None:
    """Three attempts, and a reason that holds no part of the URL."""
    why, pauses = sent(f"http://127.0.0.1:9{PATH}")

    assert (why, pauses) == ("no connection (ConnectError)", [1.0, 2.0])


@pytest.mark.parametrize(
    "text",
    ["", "hooks.example.com/x", "ftp://example.com/x", "https://", "https://a b", "https://é/x"],
)
def test_what_is_no_url_is_refused_unseen(text: str) -> None:
    """Before anything is read, and without repeating it."""
    with pytest.raises(Failure) as told:
        check_webhook(Secret(text))

    said = f"{told.value.summary} {told.value.hint}"
    assert len(text) < len("https://x") or text not in said
