"""Scripted faults, in the pure centre and through httpx."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext

import httpx
import pytest

from ztctl.sandbox.faults import Kind
from ztctl.sandbox.messages import Object, Request
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

from .api import Api

HEADERS = {"authorization": "Bearer token"}


def client(sandbox: Sandbox) -> httpx.AsyncClient:
    """An httpx client of the sandbox."""
    return httpx.AsyncClient(
        transport=SandboxTransport(sandbox),
        base_url="https://api.cloudflare.com/client/v4",
        headers=HEADERS,
    )


def fetch(sandbox: Sandbox, number: int = 1) -> list[int]:
    """The statuses of so many reads of the zones."""
    headers = (("authorization", "Bearer token"),)
    request = Request("GET", "/client/v4/zones", headers=headers)
    return [sandbox.handle(request).status for _ in range(number)]


def test_the_nth_request_is_struck(sandbox: Sandbox) -> None:
    """A fault strikes from the nth matching request on, as often as told."""
    fault = sandbox.faults.add(path="^/zones$", nth=2, times=2, status=503)

    assert fetch(sandbox, 4) == [200, 503, 503, 200]
    assert (fault.seen, fault.hits) == (4, 2)


def test_fault_may_strike_for_ever(sandbox: Sandbox) -> None:
    """A fault without a number of times strikes every request until it is cleared."""
    sandbox.faults.add(times=None, status=500)

    assert fetch(sandbox, 3) == [500, 500, 500]
    sandbox.faults.clear()
    assert fetch(sandbox) == [200]


def test_other_requests_pass(sandbox: Sandbox) -> None:
    """A fault leaves requests of another method or path alone."""
    sandbox.faults.add(method="POST", status=500)
    sandbox.faults.add(path="/accounts/", status=500)

    assert fetch(sandbox) == [200]


def test_several_faults_count_apart(sandbox: Sandbox) -> None:
    """Faults that match the same request each count it; the first added strikes."""
    sandbox.faults.add(path="zones", status=500)
    sandbox.faults.add(path="zones", nth=2, status=503)

    assert fetch(sandbox, 3) == [500, 503, 200]


def test_status_fault_does_nothing(api: Api) -> None:
    """A request answered by a status fault was not handled."""
    api.sandbox.faults.add(method="POST", status=500)

    assert api.post("{A}/access/tags", {"name": "a"}).status == 500
    assert api.get("{A}/access/tags").result == []


def test_rate_limit_may_come_without_json(sandbox: Sandbox) -> None:
    """A 429 with retry-after and an empty body can be scripted."""
    sandbox.faults.add(status=429, body=b"", headers={"Retry-After": "7"})
    response = sandbox.handle(Request("GET", "/client/v4/zones"))

    assert (response.status, response.body) == (429, b"")
    assert dict(response.headers)["retry-after"] == "7"


def test_body_fault_does_the_work_first(api: Api) -> None:
    """A body fault replaces the answer of a request that was handled, with its status."""
    body: Object = {"result": None, "success": False, "errors": [], "messages": []}
    api.sandbox.faults.add(method="POST", kind="body", body=body)

    answer = api.post("{A}/access/tags", {"name": "a"})
    assert (answer.status, answer.body["success"]) == (201, False)
    assert len(api.get("{A}/access/tags").result) == 1


def test_body_fault_may_be_html(sandbox: Sandbox) -> None:
    """A scripted text body says that it is HTML unless told otherwise."""
    sandbox.faults.add(kind="body", status=502, body="<html>")
    sandbox.faults.add(kind="body", body="{", nth=2, headers={"content-type": "application/json"})
    answers = [sandbox.handle(Request("GET", "/client/v4/zones")) for _ in range(2)]

    kinds = [dict(answer.headers)["content-type"] for answer in answers]
    assert kinds == ["text/html", "application/json"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({"kind": "explosion"}, "kind of fault"),
        ({"nth": 0}, "kind of fault"),
        ({"times": 0}, "kind of fault"),
        ({"kind": "slow"}, "seconds"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"path": "("}, "regular expression"),
        ({"status": 42}, "status"),
        ({"headers": {"a\r\nb": "c"}}, "header"),
        ({"headers": {"a": "b\r\nc"}}, "header"),
    ],
)
def test_wrong_scripts_are_refused(sandbox: Sandbox, script: dict[str, object], told: str) -> None:
    """A script that cannot run raises ValueError, and nothing is added."""
    with pytest.raises(ValueError, match=told):
        sandbox.faults.add(**script)  # type: ignore[arg-type]
    assert sandbox.faults.script == []


@pytest.mark.parametrize(
    ("kind", "error", "written"),
    [
        ("reset_before", httpx.ReadError, 0),
        ("reset_after", httpx.ReadError, 1),
        ("hang", httpx.ReadTimeout, 0),
        ("hang_after", httpx.ReadTimeout, 1),
    ],
)
def test_broken_connections_reach_httpx(
    sandbox: Sandbox, kind: Kind, error: type[Exception], written: int
) -> None:
    """A reset is a ReadError, a hang a ReadTimeout; `_after` kinds leave the work done."""
    sandbox.faults.add(method="POST", kind=kind)
    path = f"/accounts/{sandbox.account_id}/access/tags"

    async def post_and_list() -> int:
        async with client(sandbox) as http:
            with pytest.raises(error):
                await http.post(path, json={"name": "a"})
            return len((await http.get(path)).json()["result"])

    assert asyncio.run(post_and_list()) == written


def test_nth_of_all_calls(api: Api) -> None:
    """Without method and path a fault counts every call, whatever it is."""
    api.sandbox.faults.add(nth=3, status=503)
    calls = [api.get("/zones"), api.post("{A}/access/tags", {"name": "a"}), api.get("/accounts")]

    assert [answer.status for answer in calls] == [200, 201, 503]


def test_next_call_that_matches(api: Api) -> None:
    """A fault with a method and a path strikes the next call that has both, once."""
    api.sandbox.faults.add(method="post", path="/tags$", status=500)
    tags = "{A}/access/tags"
    calls = [api.get(tags), api.post(tags, {"name": "a"}), api.post(tags, {"name": "a"})]

    assert [answer.status for answer in calls] == [200, 500, 201]


def test_unsuccessful_in_a_200(api: Api) -> None:
    """An unsuccessful fault answers 200 with `success: false`, and nothing was done."""
    api.sandbox.faults.add(kind="unsuccessful", method="POST")
    answer = api.post("{A}/access/tags", {"name": "a"})

    assert (answer.status, answer.body["success"], answer.result) == (200, False, None)
    assert api.get("{A}/access/tags").result == []


def test_slow_answers_are_true(api: Api) -> None:
    """A slow fault does the work, and the log says how long the answer was held back."""
    api.sandbox.faults.add(kind="slow", method="POST", seconds=7.5)
    answer = api.post("{A}/access/tags", {"name": "a"})

    assert (answer.status, api.sandbox.log[-1].seconds) == (201, 7.5)
    assert len(api.get("{A}/access/tags").result) == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"kind": "slow"}, None),
        ({"kind": "status", "status": 503}, None),
        ({"kind": "reset_before"}, httpx.ReadError),
    ],
)
def test_every_fate_can_wait(
    sandbox: Sandbox, script: dict[str, object], error: type[Exception] | None
) -> None:
    """The transport sleeps a fault's seconds before its fate."""
    sandbox.faults.add(**script, seconds=3)  # type: ignore[arg-type]
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def once() -> None:
        transport = SandboxTransport(sandbox, sleep=nap)
        async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as http:
            with pytest.raises(error) if error else nullcontext():
                await http.get("/client/v4/zones", headers=HEADERS)

    asyncio.run(once())
    assert naps == [3]


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_none(sandbox: Sandbox, status: int) -> None:
    """A scripted 204 or 304 has no body, since HTTP allows it none."""
    sandbox.faults.add(status=status)

    assert sandbox.handle(Request("GET", "/client/v4/zones")).body == b""


def test_log_tells_when_a_call_came(sandbox: Sandbox) -> None:
    """Each entry has the time of its call, aware, by the sandbox's clock."""
    fetch(sandbox, 2)

    first, second = sandbox.log
    assert first.time.tzinfo is not None
    assert first.time < second.time


def test_log_shows_struck_requests(sandbox: Sandbox) -> None:
    """A struck request is in the log with the scripted status."""
    sandbox.faults.add(status=503)
    fetch(sandbox)

    assert sandbox.log[-1].status == 503


def test_scripted_json_is_json(sandbox: Sandbox) -> None:
    """A status fault without a body answers the error envelope."""
    sandbox.faults.add(status=429)

    body = json.loads(sandbox.handle(Request("GET", "/client/v4/zones")).body)
    assert body["errors"][0]["code"] == 971
