"""HTTPS proxy: accepts CONNECT for the account's hosts and terminates TLS itself.

Source: cloudflared 2026.8.2 and Go's net/http: with HTTPS_PROXY they send `CONNECT host:443`,
with SSL_CERT_FILE they trust the CA of this sandbox. Nothing is ever forwarded to real hosts:
hosts that do not belong to the account are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from ssl import SSLContext
from typing import NoReturn

from wsproto.utilities import ProtocolError

from ztctl.sandbox.front.bridge import Websocket
from ztctl.sandbox.front.certificates import Authority
from ztctl.sandbox.front.exchange import CHUNK, LIMITS, ClosedError, Exchange, Limits, Stream
from ztctl.sandbox.front.front import Front
from ztctl.sandbox.front.origins import Mapping, UnreachableError, dialled
from ztctl.sandbox.front.pages import BridgeToOrigin, HttpsRequest, Page, plain_page

TARGET = re.compile(r"([A-Za-z0-9_.-]{1,253}):([0-9]{1,5})")
CLOSE_SECONDS = 2.0
# A fatal alert handshake_failure (RFC 8446, 6.2), as asyncio aborts handshakes without an alert.
HANDSHAKE_FAILURE = bytes((21, 3, 3, 0, 2, 2, 40))


class Proxy:
    """Serves accepted connections, each in a task of its own."""

    def __init__(
        self,
        front: Front,
        authority: Authority,
        mappings: tuple[Mapping, ...] = (),
        limits: Limits = LIMITS,
    ) -> None:
        self._front = front
        self._authority = authority
        self._mappings = mappings
        self._limits = limits
        self._tasks = set[asyncio.Task[None]]()

    def accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Start a task for a connection; above the limit it is aborted."""
        if len(self._tasks) >= self._limits.connections:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(Stream(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, plain: Stream) -> None:
        with contextlib.suppress(ClosedError, OSError):
            try:
                host, names = await self._accept_connect(plain)
            except BaseException:
                await _closed(plain)
                raise
            # From here on, closing the TLS stream closes the connection.
            context = self._authority.context(names)
            async with _closing(await _encrypted(plain, context, self._limits)) as secured:
                await self._serve_http(secured, host)

    async def _accept_connect(self, stream: Stream) -> tuple[str, tuple[str, ...]]:
        """Accept a CONNECT; returns host and certificate names. Raises ClosedError."""
        exchange = Exchange(stream, self._limits)
        request = await exchange.next_request(None)
        if request is None:
            raise ClosedError
        target = TARGET.fullmatch(request.path)
        host = target[1].lower() if target else ""
        refusal = _refusal(request, target)
        names = self._front.covering(host) if refusal is None else None
        if names is None:
            page = refusal or plain_page(502, f"{host} is no host of this sandbox's account")
            await exchange.answer(page, self._front.account.now(), head=False)
            raise ClosedError
        await exchange.accept_connect()
        if not names:
            await self._reject_handshake(stream)
        return host, names

    async def _reject_handshake(self, stream: Stream) -> NoReturn:
        """Fail the TLS handshake for a name that no certificate covers; raises ClosedError."""
        # The ClientHello is read first: closing with unread data would reset the connection, and
        # the client might never see the alert.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.seconds):
                await stream.reader.read(CHUNK)
        stream.writer.write(HANDSHAKE_FAILURE)
        raise ClosedError

    async def _serve_http(self, stream: Stream, host: str) -> None:
        """Serve HTTP requests inside the TLS connection."""
        exchange = Exchange(stream, self._limits)
        while (request := await exchange.next_request(host)) is not None:
            answer = self._answer(request)
            if isinstance(answer, Page):
                page: Page | None = answer
            else:
                page = await self._bridge(request, answer, stream, exchange)
            if page is None:
                return
            head = request.method == "HEAD"
            await exchange.answer(page, self._front.account.now(), head=head)

    def _answer(self, request: HttpsRequest) -> Page | BridgeToOrigin:
        named = (request.header("host") or "").lower().removesuffix(":443")
        if named != request.host:
            return plain_page(421, "the Host header and the connection name different hosts")
        if not request.path.startswith("/"):
            return plain_page(400, "the target of a request is a path")
        return self._front.answer(request)

    async def _bridge(
        self, request: HttpsRequest, passed: BridgeToOrigin, stream: Stream, exchange: Exchange
    ) -> Page | None:
        """Bridge a WebSocket to its origin; returns an error page if that fails."""
        try:
            websocket = Websocket(request, stream)
            place = dialled(passed.service, passed.destination, self._mappings)
            async with asyncio.timeout(self._limits.seconds):
                origin = Stream(*await asyncio.open_connection(place.host, place.port))
        except ProtocolError as error:
            return plain_page(400, f"{error}")
        except (UnreachableError, OSError) as error:
            return plain_page(502, f"the origin cannot be reached: {error}")
        async with _closing(origin):
            await websocket.bridged(origin, passed.headers, exchange.trailing)
        return None


def _refusal(request: HttpsRequest, target: re.Match[str] | None) -> Page | None:
    if request.method != "CONNECT":
        return plain_page(405, "this is a proxy for HTTPS: it takes CONNECT alone")
    if target is None:
        return plain_page(400, "the target of CONNECT is HOST:PORT")
    if target[2] != "443":
        return plain_page(403, "this sandbox is at port 443 alone")
    return None


async def _encrypted(stream: Stream, context: SSLContext, limits: Limits) -> Stream:
    """Upgrade a connection to TLS, as the server; raises OSError."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await loop.start_tls(
        stream.writer.transport,
        protocol,
        context,
        server_side=True,
        ssl_handshake_timeout=limits.seconds,
        ssl_shutdown_timeout=CLOSE_SECONDS,
    )
    if transport is None:
        raise ConnectionResetError
    # `start_tls` leaves this to the caller if the protocol is a new one.
    protocol.connection_made(transport)
    return Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


@contextlib.asynccontextmanager
async def _closing(stream: Stream) -> AsyncIterator[Stream]:
    try:
        yield stream
    # On shutdown: a peer that does not answer must not delay it by a graceful close.
    except asyncio.CancelledError:
        stream.writer.transport.abort()
        raise
    finally:
        await _closed(stream)


async def _closed(stream: Stream) -> None:
    stream.writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await stream.writer.wait_closed()
