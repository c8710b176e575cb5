"""A canary is planted as token and as secret; it is looked for wherever text can come out."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any

import httpx
import pytest

from ztctl.cloudflare.errors import ApiFailure
from ztctl.cloudflare.verify import explain
from ztctl.core.model.calls import Call, CallFailed
from ztctl.core.model.values import Secret

SECRET = "canary-body-9876543210"
CREATE = Call("POST", "/accounts/{account}/cfd_tunnel", body={"tunnel_secret": Secret(SECRET)})


def echo(status: int) -> Any:
    """Response with everything that was sent, in every place that a message is made of."""

    def answer(request: httpx.Request) -> httpx.Response:
        sent = f"{dict(request.headers)} {request.content.decode()}"
        header = f"{request.headers['authorization']} {SECRET}"
        item = {
            "code": 6003,
            "message": sent,
            "source": {"pointer": sent},
            "error_chain": [{"code": 6111, "message": sent}, sent],
        }
        return httpx.Response(
            status,
            json={"success": False, "errors": [item, sent], "messages": [sent], "result": sent},
            headers={"cf-ray": header, "location": header},
        )

    return answer


def leak(status: int) -> Any:
    """Response with everything that was sent as plain text."""

    def answer(request: httpx.Request) -> httpx.Response:
        header = request.headers["authorization"]
        return httpx.Response(
            status,
            content=header.encode() + request.content,
            headers={"content-type": f"text/{header} {SECRET}", "cf-ray": header},
        )

    return answer


def snap(request: httpx.Request) -> Any:
    """Break the connection with an error that quotes the request."""
    raise httpx.ReadError(f"{dict(request.headers)} {request.content.decode()}", request=request)


def texts(failure: CallFailed) -> str:
    """Gather every text that a failure can show, its traceback and its causes included."""
    shown = [str(failure), repr(failure), repr(vars(failure)), failure.summary, failure.hint]
    return "\n".join([*shown, repr(failure.errors), repr(failure.call)])


@pytest.mark.parametrize(
    "script",
    [*map(echo, (200, 400, 401, 403, 404, 409, 500)), *map(leak, (200, 302, 404, 500)), snap],
)
def test_no_failure_repeats_a_secret_that_a_server_echoes(
    serve: Any, token: str, caplog: pytest.LogCaptureFixture, script: Any
) -> None:
    """Neither the text of a failure nor any log at DEBUG holds the token or the body's secret."""
    caplog.set_level(logging.DEBUG)
    server = serve(script)

    with pytest.raises(ApiFailure) as caught:
        server.ask(CREATE)

    shown = texts(caught.value) + caplog.text
    assert SECRET in server.requests[0].content.decode()
    assert token not in shown
    assert SECRET not in shown


def test_a_traceback_of_a_failure_holds_no_secret(serve: Any, token: str) -> None:
    """Even when a program prints the whole traceback of an answer, its causes are clean."""
    server = serve(echo(400))

    with pytest.raises(ApiFailure) as caught:
        server.ask(CREATE)

    shown = "".join(traceback.format_exception(caught.value))
    assert token not in shown
    assert SECRET not in shown


def test_an_explained_failure_holds_no_secret(serve: Any, token: str) -> None:
    """What the verification answers is not repeated either."""
    server = serve(echo(403))

    async def run() -> CallFailed:
        async with server.client() as client:
            with pytest.raises(ApiFailure) as caught:
                await client.send(CREATE)
            return await explain(client, caught.value)

    shown = texts(asyncio.run(run()))
    assert token not in shown
    assert SECRET not in shown


def test_a_success_is_not_shown_by_its_representation(serve: Any, token: str) -> None:
    """The client and all it holds print without the token."""
    client = serve().client()

    async def run() -> str:
        async with client:
            return repr(client) + repr(vars(client)) + repr(vars(client._pool))

    assert token not in asyncio.run(run())
