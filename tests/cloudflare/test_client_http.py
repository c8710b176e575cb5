"""What goes over the wire for a call, and what is sent again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from ztctl import __version__
from ztctl.cloudflare import connections, errors
from ztctl.cloudflare.client import Client
from ztctl.core.model.calls import Call, Passing
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.values import Secret

GET = Call("GET", "/accounts/{account}/access/apps/a1")
POST = Call("POST", "/accounts/{account}/access/apps", body={"name": "x"})
PUT = Call("PUT", "/accounts/{account}/access/apps/a1", body={"name": "x"})
DONE = {"success": True, "result": {"id": "a1"}}


def limited(**headers: str) -> httpx.Response:
    """Make a 429 as the edge sends it: empty."""
    return httpx.Response(429, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_a_call_becomes_one_request(serve: Any, token: str) -> None:
    """Method, path, query, body and headers are those of the call, and the result comes back."""
    server = serve(DONE)
    call = Call("PUT", "/accounts/{account}/x/a%2Fb", {"n": [1]}, (("q", "a&b"), ("q", "ü")))

    assert server.ask(call) == {"id": "a1"}

    (request,) = server.requests
    assert request.method == "PUT"
    assert request.url.raw_path == b"/client/v4/accounts/acc/x/a%2Fb?q=a%26b&q=%C3%BC"
    assert json.loads(request.content) == {"n": [1]}
    assert request.headers["authorization"] == f"Bearer {token}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"ztctl/{__version__}"


def test_a_call_without_a_body_sends_none(serve: Any) -> None:
    """A GET has neither a body nor a content type."""
    server = serve(DONE)

    server.ask(GET)

    assert server.requests[0].content == b""
    assert "content-type" not in server.requests[0].headers


def test_secrets_and_mappings_in_a_body_are_sent_as_json(serve: Any) -> None:
    """A secret is revealed on the wire and nowhere else."""
    server = serve(DONE)

    server.ask(Call("POST", "/x", MappingProxyType({"tunnel_secret": Secret("s3cr3t-text")})))

    assert json.loads(server.requests[0].content) == {"tunnel_secret": "s3cr3t-text"}


def test_time_outs_are_ten_and_sixty_seconds(serve: Any) -> None:
    """Connecting may take ten seconds and reading sixty; waiting for a free slot is no failure."""
    server = serve(DONE)

    server.ask(GET)

    assert server.requests[0].extensions["timeout"] == {
        "connect": 10.0,
        "read": 60.0,
        "write": 60.0,
        "pool": None,
    }


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(serve: Any, status: int) -> None:
    """The token does not go where another server points."""
    server = serve(httpx.Response(status, headers={"location": "https://evil.example/"}))

    with pytest.raises(errors.BadReply, match="redirect"):
        server.ask(GET)

    assert server.seen == ["GET /client/v4/accounts/acc/access/apps/a1"]


@pytest.mark.parametrize("call", [GET, PUT])
def test_a_passing_fault_is_waited_out(serve: Any, time: Any, call: Call) -> None:
    """A call that may be repeated succeeds after a fault, a reset and a time-out."""
    server = serve((503, {}), httpx.ReadError("reset"), httpx.ReadTimeout(""), DONE)

    assert server.ask(call) == {"id": "a1"}
    assert time.slept == [0.25, 0.5, 1.0]
    assert server.count == 4


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadError("reset"),
        httpx.ReadTimeout("slow"),
        httpx.WriteError("reset"),
        httpx.RemoteProtocolError("went away"),
        (500, {}),
        (502, {}),
        httpx.Response(504, text="<html>"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no")),
    ],
)
def test_a_post_is_never_repeated_blindly(serve: Any, fault: Any) -> None:
    """A POST that may have been done is sent once and fails as lost."""
    server = serve(fault)

    with pytest.raises(errors.ApiFailure) as caught:
        server.ask(POST)

    assert caught.value.lost
    assert server.count == 1


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), limited()])
def test_a_post_that_did_nothing_is_repeated(serve: Any, fault: Any) -> None:
    """Before a connection, and after a 429, a second POST is the first one."""
    server = serve(fault, DONE)

    assert server.ask(POST) == {"id": "a1"}
    assert server.count == 2


def test_no_network_is_told_within_seconds(serve: Any, time: Any) -> None:
    """A name that does not resolve fails after three more attempts, with a hint."""
    server = serve(*[httpx.ConnectError("Name or service not known")] * 4)

    with pytest.raises(errors.Unreachable, match="no connection: Name or service") as caught:
        server.ask(POST)

    assert not caught.value.lost
    assert "--api-url" in caught.value.hint
    assert sum(time.slept) < 4


def test_an_untrusted_certificate_has_its_own_hint(serve: Any) -> None:
    """A proxy that inspects TLS is the usual reason, and the remedy is a variable."""
    fault = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")
    server = serve(*[fault] * 4)

    with pytest.raises(errors.Unreachable) as caught:
        server.ask(GET)

    assert "SSL_CERT_FILE" in caught.value.hint


def test_a_429_is_obeyed_and_told(serve: Any, time: Any) -> None:
    """The wait that the service asks for is kept, and whoever watches hears of it."""
    server = serve(limited(retry_after="42"), DONE)

    assert server.ask(GET) == {"id": "a1"}
    assert time.slept == [42.0]
    assert server.waits == [(42.0, "Cloudflare's rate limit")]


def test_a_429_stops_every_call_of_the_client(serve: Any, time: Any) -> None:
    """One refusal makes all calls wait together instead of each running into the limit."""
    server = serve(limited(retry_after="42"), *[DONE] * 3)

    async def three() -> None:
        async with server.client() as client:
            first = asyncio.create_task(client.send(GET))
            await asyncio.sleep(0.01)
            await asyncio.gather(first, client.send(GET), client.send(GET))

    asyncio.run(three())

    assert len(server.requests) == 4
    assert server.waits == [(42.0, "Cloudflare's rate limit")]


def test_a_block_that_outlasts_the_attempts_is_rate_limited(serve: Any) -> None:
    """After the last attempt the failure says what the limit is."""
    server = serve(*[limited()] * 6)

    with pytest.raises(errors.RateLimited) as caught:
        server.ask(GET)

    assert "1,200" in caught.value.hint
    assert server.count == 6


def test_a_429_does_not_use_up_the_attempts_of_an_outage(serve: Any) -> None:
    """Five faults are waited out, whatever comes in between."""
    server = serve(*[(503, {}), limited(retry_after="42")] * 5, DONE)

    assert server.ask(GET) == {"id": "a1"}


def test_a_403_on_what_worked_before_is_tried_once_more(serve: Any, time: Any) -> None:
    """Throttling may look like that; what never worked is told at once."""
    allowed = replace(GET, permission="Account · Access: Apps and Policies")
    server = serve(DONE, (403, {"success": False}), DONE)

    assert server.ask(allowed, allowed) == {"id": "a1"}
    assert server.waits == [(5.0, "the service refuses what it allowed before; trying once more")]


@pytest.mark.parametrize(
    "first",
    [
        "/accounts/{account}/cfd_tunnel",
        "/zones/z1/dns_records",
    ],
)
def test_another_permission_or_zone_says_nothing(serve: Any, time: Any, first: str) -> None:
    """A permission has to have worked itself, and in the same account or zone."""
    name = "Zone · DNS" if first.startswith("/zones") else "Account · Cloudflare Tunnel"
    worked = Call("GET", first, permission=name)
    refused = Call("GET", "/zones/z2/dns_records", permission="Zone · DNS")
    server = serve(DONE, (403, {"success": False}))

    with pytest.raises(errors.NotAuthorised):
        server.ask(worked, refused)

    assert time.slept == []


def test_what_passes_by_itself_is_told_after_a_few_seconds(serve: Any, time: Any) -> None:
    """The first pauses are silent; calls that wait together are told once."""
    call = replace(PUT, patience=(Passing(400, "not found", 60.0),))
    error = {"code": 12130, "message": "policy p not found"}
    server = serve(lambda request: (400, {"success": False, "errors": [error], "result": None}))

    with pytest.raises(errors.Rejected, match="policy p not found"):
        server.ask(call)

    assert sum(time.slept) == 60.0
    assert [seconds for seconds, _ in server.waits] == [4.0, 8.0, 15.0, 15.0, 15.0]


def test_a_busy_service_may_ask_to_wait(serve: Any, time: Any) -> None:
    """``Retry-After`` with a 503 is kept and told, too."""
    server = serve(httpx.Response(503, headers={"retry-after": "20"}), DONE)

    server.ask(GET)

    assert time.slept == [20.0]
    assert server.waits == [(20.0, "the service asks to wait")]


def test_the_budget_of_the_service_is_kept(serve: Any, time: Any) -> None:
    """A call waits when an answer said that next to nothing is left."""
    headers = {"Ratelimit": '"default";r=1;t=90', "Ratelimit-Policy": '"default";q=1200;w=300'}
    server = serve(httpx.Response(200, json=DONE, headers=headers), DONE)

    server.ask(GET, GET)

    assert time.slept == [90.0]


@pytest.mark.parametrize("line", [DONE, (404, DONE), httpx.ReadError("reset")])
def test_calls_that_are_over_are_not_counted_as_under_way(serve: Any, time: Any, line: Any) -> None:
    """However they end, forty calls do not use up what the service says is left."""
    headers = {"Ratelimit": '"default";r=60;t=90', "Ratelimit-Policy": '"default";q=1200;w=300'}
    server = serve(*[line] * 40, httpx.Response(200, json=DONE, headers=headers), DONE)

    async def run() -> None:
        async with server.client() as client:
            calls = (client.send(POST) for _ in range(40))
            await asyncio.gather(*calls, return_exceptions=True)
            await client.send(GET)
            await client.send(GET)

    asyncio.run(run())

    assert time.slept == []


def test_all_pages_come_as_one_list(serve: Any) -> None:
    """A call with a page size gives the objects of every page, retried like any other call."""
    items = [{"id": str(n)} for n in range(5)]
    faults: list[Any] = [(503, {})]

    def answer(request: httpx.Request) -> Any:
        number, size = (int(request.url.params[name]) for name in ("page", "per_page"))
        if number == 2 and faults:
            return faults.pop()
        info = {"page": number, "per_page": size, "total_count": 5, "count": 2}
        part = items[(number - 1) * size : number * size]
        return {"success": True, "result": part, "result_info": info}

    server = serve(answer)

    assert server.ask(Call("GET", "/zones", (), (("name", "x"),), per_page=2)) == items
    assert server.count == 4


def test_a_body_is_not_read_beyond_the_bound(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream without end is cut off and refused."""
    monkeypatch.setattr(connections, "LARGEST", 1000)
    monkeypatch.setattr("ztctl.cloudflare.jsontext.LARGEST", 1000)
    read: list[int] = []

    async def endless() -> Any:
        while True:
            read.append(1)
            yield b"[" * 100

    server = serve(httpx.Response(200, content=endless()))

    with pytest.raises(errors.BadReply, match="larger than"):
        server.ask(GET)

    assert len(read) < 20


@pytest.mark.parametrize(
    ("call", "account"),
    [
        (GET, None),
        (Call("GET", "/zones/../user"), "acc"),
        (Call("GET", "/zones", query=(("name", "\ud800"),)), "acc"),
        (Call("GET", "/" + "a" * 70_000), "acc"),
    ],
)
def test_a_call_that_makes_no_url_is_not_sent(serve: Any, call: Call, account: Any) -> None:
    """A bad id fails its own call and nothing else."""
    server = serve()

    with pytest.raises(errors.Rejected, match="nothing was sent"):
        server.ask(call, account=account)

    assert server.requests == []


def test_the_account_may_be_set_later(serve: Any) -> None:
    """What is found out by the first call serves the second."""
    server = serve(DONE)

    async def run() -> None:
        async with server.client(account=None) as client:
            client.account = "late"
            await client.send(GET)

    asyncio.run(run())

    assert server.seen == ["GET /client/v4/accounts/late/access/apps/a1"]


def test_a_client_outside_its_block_sends_nothing(serve: Any) -> None:
    """Using a client that is not open is a mistake of the program and says so."""
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(serve().client().send(GET))


@pytest.mark.parametrize("text", ["", "two words", "line\n", "ünicode", "tab\t"])
def test_a_token_that_no_header_can_carry_is_refused(text: str) -> None:
    """A token that was copied badly is told at once, and not repeated."""
    client = Client(Secret(text))

    with pytest.raises(Failure, match="API token") as caught:
        asyncio.run(client.__aenter__())

    assert not text or text not in str(caught.value)


def test_a_bad_proxy_variable_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy that cannot be used ends in words, before anything is sent."""
    monkeypatch.setenv("HTTPS_PROXY", "gopher://me:hunter22@proxy:1")

    with pytest.raises(Failure, match="cannot be set up") as caught:
        asyncio.run(Client(Secret("t")).__aenter__())

    assert "hunter22" not in repr(caught.value)


def test_the_proxy_of_the_environment_never_sees_plain_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A request to this machine over plain http is not sent to a proxy, token and all."""
    monkeypatch.setenv("HTTP_PROXY", "gopher://proxy:1")

    async def run() -> None:
        async with Client(Secret("t"), base_url="http://127.0.0.1:1"):
            pass

    asyncio.run(run())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import ztctl.cloudflare", "asyncio"),
        ("import ztctl.cloudflare.client, ztctl.cloudflare.verify", "httpx"),
        ("import ztctl.cloudflare.connections", "h2"),
    ],
)
def test_importing_loads_no_more_than_is_needed(code: str, absent: str) -> None:
    """Commands that never reach the network do not pay for it when they start."""
    script = f"import sys\n{code}\nsys.exit({absent!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
