"""After a 401 or 403 the token itself is asked about, once, and the answer is put into words."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from ztctl.cloudflare.errors import NotAuthorised, NotFound
from ztctl.cloudflare.verify import explain
from ztctl.core.model.calls import ApiMessage, Call, CallFailed

CALL = Call(
    "POST",
    "/accounts/{account}/access/apps",
    permission="Account · Access: Apps and Policies",
)
DENIED = NotAuthorised(
    CALL, "HTTP 403: 10000", status=403, errors=(ApiMessage(10000, "Authentication error"),)
)
USER = "GET /client/v4/user/tokens/verify"
ACCOUNT = "GET /client/v4/accounts/acc/tokens/verify"
REFUSED = (401, {"success": False, "errors": [{"code": 1000, "message": "Invalid API Token"}]})


def state(status: Any) -> dict[str, Any]:
    """Make the answer of a verification."""
    return {"success": True, "result": {"id": "t", "status": status}}


def explained(server: Any, failure: CallFailed = DENIED, **options: Any) -> CallFailed:
    """Ask for an explanation."""

    async def run() -> CallFailed:
        async with server.client(**options) as client:
            return await explain(client, failure)

    return asyncio.run(run())


def test_a_valid_token_lacks_the_permission(serve: Any) -> None:
    """An active token that is refused needs the permission that the call names."""
    server = serve(state("active"))

    told = explained(server)

    assert told.summary == (
        "POST /accounts/{account}/access/apps: the API token is valid, but lacks the permission "
        '"Account · Access: Apps and Policies · Edit" or does not cover this account or zone '
        "(HTTP 403, code 10000)"
    )
    assert server.seen == [USER]
    assert told.hint == DENIED.hint
    assert told.status == 403
    assert told.errors == DENIED.errors


@pytest.mark.parametrize("status", ["expired", "disabled"])
def test_a_dead_token_is_called_what_it_is(serve: Any, status: str) -> None:
    """No permission is asked for where a new token is needed."""
    told = explained(serve(state(status)))

    assert f"the API token is {status} (" in told.summary
    assert "new token" in told.hint


def test_an_account_token_is_verified_at_its_account(serve: Any) -> None:
    """Where the user's form refuses, the account's form decides."""
    server = serve(REFUSED, state("active"))

    told = explained(server)

    assert "valid, but lacks" in told.summary
    assert server.seen == [USER, ACCOUNT]


def test_a_token_that_both_forms_refuse_is_not_valid(serve: Any) -> None:
    """A token nobody knows is not valid."""
    told = explained(serve(REFUSED, REFUSED))

    assert "the API token is not valid (" in told.summary


def test_without_an_account_an_account_token_is_not_called_invalid(serve: Any) -> None:
    """What cannot be looked up is not claimed."""
    server = serve(REFUSED)

    told = explained(server, account=None)

    assert "no account is stated" in told.summary
    assert server.seen == [USER]


@pytest.mark.parametrize("result", [None, [], {"status": 1}, {"status": "\x1b[2J"}])
def test_a_strange_answer_is_not_valid(serve: Any, result: Any) -> None:
    """Only the three documented states are believed."""
    told = explained(serve({"success": True, "result": result}))

    assert "the API token is not valid (" in told.summary


@pytest.mark.parametrize("trouble", [(500, {}), httpx.Response(200, text="<html>")])
def test_trouble_while_asking_leaves_the_failure_as_it_was(serve: Any, trouble: Any) -> None:
    """An explanation that cannot be had does not hide the failure."""
    assert explained(serve(trouble)) is DENIED


def test_other_failures_are_not_asked_about(serve: Any) -> None:
    """A 404 says nothing about the token, so nothing is sent."""
    server = serve()
    gone = NotFound(CALL, "gone", status=404)

    assert explained(server, gone) is gone
    assert server.seen == []
