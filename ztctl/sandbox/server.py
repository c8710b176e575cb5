"""HTTP server for a sandbox (uvicorn, loopback by default). Needs the extra `sandbox`.

A scripted reset aborts the connection without a response; a scripted hang sends nothing until the
client disconnects or the server stops; latency is spent in real time. Requests below `/sandbox/`
go to the control endpoints (`ztctl.sandbox.admin`), which reject clients from other machines.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ztctl.sandbox.admin import PREFIX as ADMIN_PREFIX
from ztctl.sandbox.admin import RAY, Admin
from ztctl.sandbox.dispatch import LARGEST
from ztctl.sandbox.envelope import refused
from ztctl.sandbox.errors import ApiError
from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.service import Sandbox

SHUTDOWN_SECONDS = 2


def serve(
    sandbox: Sandbox,
    host: str,
    port: int,
    ready: Callable[[int], None],
    *,
    allow_remote: bool = False,
) -> None:
    """Serve on `host` and `port` until interrupted.

    Port 0 picks a free one. `ready` is called with the port once the server listens.

    Raises:
        ValueError: `host` is not a loopback address, or with `allow_remote` not an address.
        OSError: the port cannot be bound.
    """
    with _listening(address_of(host, allow_remote=allow_remote), port) as listener:
        server = _Server(sandbox, lambda: ready(listener.getsockname()[1]))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


@contextlib.contextmanager
def served(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from a thread while the block runs; yields the base URL of the API."""
    started = threading.Event()
    with _listening(address_of(host), port) as listener:
        server = _Server(sandbox, started.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        started.wait()
        try:
            yield f"http://{_spelled(host)}:{listener.getsockname()[1]}/client/v4"
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """A uvicorn server that calls `ready` once it listens."""

    def __init__(self, sandbox: Sandbox, ready: Callable[[], None]) -> None:
        self._ready = ready
        self._app = _App(sandbox)
        config = uvicorn.Config(
            self._app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            # The sandbox's own clock dates its responses.
            date_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        super().__init__(config)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End scripted hangs and waits, for which uvicorn would wait in vain, then shut down."""
        self._app.ending.set()
        await super().shutdown(sockets)


class _Protocol(H11Protocol):
    """Gives the application a way to abort the connection, which ASGI lacks.

    Malformed requests are answered in the API's envelope, too.
    """

    def handle_events(self) -> None:
        super().handle_events()
        if self.scope is not None and self.transport is not None:
            self.scope["state"]["abort"] = self.transport.abort

    def send_400_response(self, msg: str) -> None:
        """Override of uvicorn's plain text response. The code is unrecorded."""
        answer = refused(ApiError(400, 6003, "Invalid request headers"), RAY)
        lines = (f"{name}: {value}" for name, value in answer.headers)
        end = f"content-length: {len(answer.body)}\r\nconnection: close\r\n\r\n"
        head = "\r\n".join(("HTTP/1.1 400 Bad Request", *lines, end))
        self.transport.write(head.encode() + answer.body)
        self.transport.close()


class _App:
    """ASGI application: converts requests and responses of the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._admin = Admin(sandbox)
        self.ending = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or abort or stall its connection if a fault says so."""
        try:
            request = await _received(HttpRequest(scope, receive))
        except ClientDisconnect:
            return
        response = self._handled(request, scope)
        if response.seconds and await self._stall(scope, receive, response.seconds):
            return
        if response.fate == "reset":
            scope["state"]["abort"]()
        if response.fate != "answer":
            await self._stall(scope, receive, None)
            return
        await _sent(response)(scope, receive, send)

    def _handled(self, request: Request, scope: Scope) -> Response:
        if request.path.startswith(ADMIN_PREFIX):
            return self._admin.handle(request, peer=(scope["client"] or ("",))[0])
        return self._sandbox.handle(request)

    async def _stall(self, scope: Scope, receive: Receive, seconds: float | None) -> bool:
        """Wait (None: for ever); True if the client disconnected or the server stops."""
        closed = asyncio.ensure_future(_disconnected(receive))
        ended = asyncio.ensure_future(self.ending.wait())
        done, _ = await asyncio.wait(
            (closed, ended), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        ended.cancel()
        if ended in done:
            scope["state"]["abort"]()
            await closed
        closed.cancel()
        return bool(done)


async def _received(request: HttpRequest) -> Request:
    scope = request.scope
    return Request(
        request.method,
        scope["raw_path"].decode("latin-1"),
        tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        tuple((name.lower(), value) for name, value in request.headers.items()),
        await _body(request),
    )


async def _body(request: HttpRequest) -> bytes:
    """The body, cut one byte above the limit: enough for the dispatcher to answer 413."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[: LARGEST + 1 - len(body)]
    return bytes(body)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        await asyncio.sleep(0)  # `receive` may return at once, and must not starve the loop


def _sent(response: Response) -> HttpResponse:
    return HttpResponse(response.body, response.status, dict(response.headers))


@contextlib.contextmanager
def _listening(address: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sets TCP_NODELAY only on sockets with an explicit protocol. Without it, Nagle's
    # algorithm delays the second segment of every keep-alive response by 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
        yield listener


def address_of(host: str, *, allow_remote: bool = False) -> str:
    """The IP address to listen on for a host.

    Raises ValueError for anything but `localhost` or an IP address and, unless `allow_remote`,
    for an address that is not loopback.
    """
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        inside = ipaddress.ip_address(address).is_loopback
    except ValueError as error:
        raise ValueError(f"the sandbox listens on this machine only, not on {host!r}") from error
    if not inside and not allow_remote:
        raise ValueError(f"the sandbox listens on this machine only, not on {host}")
    return address


def _spelled(host: str) -> str:
    return f"[{host}]" if ":" in host and "[" not in host else host
