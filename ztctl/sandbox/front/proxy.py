"""A proxy that takes CONNECT for the account's hosts and ends TLS itself.

Source: cloudflared 2026.8.2 and Go's net/http: with HTTPS_PROXY they ask for `CONNECT host:443`,
with SSL_CERT_FILE they trust the authority of this sandbox. Nothing is ever forwarded to the real
hosts: what is not the account's is refused.
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
from ztctl.sandbox.front.exchange import CHUNK, LIMITS, Exchange, GoneError, Limits, Stream
from ztctl.sandbox.front.front import Front
from ztctl.sandbox.front.origins import Mapping, UnreachableError, dialled
from ztctl.sandbox.front.pages import Asked, Page, Through, plain_page

TARGET = re.compile(r"([A-Za-z0-9_.-]{1,253}):([0-9]{1,5})")
GOODBYE = 2.0
# An alert, fatal, handshake_failure (RFC 8446, 6.2): asyncio ends a handshake without a word.
HANDSHAKE_FAILURE = bytes((21, 3, 3, 0, 2, 2, 40))


class Proxy:
    """Serves every connection that it is given."""

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
        """Serve one connection in a task of its own; too many at once are closed."""
        if len(self._tasks) >= self._limits.connections:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._served(Stream(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _served(self, plain: Stream) -> None:
        with contextlib.suppress(GoneError, OSError):
            try:
                host, names = await self._agreed(plain)
            except BaseException:
                await _closed(plain)
                raise
            # From here on the connection is TLS's to close.
            context = self._authority.context(names)
            async with _closing(await _encrypted(plain, context, self._limits)) as secured:
                await self._spoken(secured, host)

    async def _agreed(self, stream: Stream) -> tuple[str, tuple[str, ...]]:
        """The host that a client wants, and the names to show it; raises GoneError."""
        exchange = Exchange(stream, self._limits)
        asked = await exchange.asked(None)
        if asked is None:
            raise GoneError
        target = TARGET.fullmatch(asked.path)
        host = target[1].lower() if target else ""
        refusal = _refusal(asked, target)
        names = self._front.covering(host) if refusal is None else None
        if names is None:
            page = refusal or plain_page(502, f"{host} is no host of this sandbox's account")
            await exchange.answer(page, self._front.account.now(), head=False)
            raise GoneError
        await exchange.opened()
        if not names:
            await self._uncovered(stream)
        return host, names

    async def _uncovered(self, stream: Stream) -> NoReturn:
        """Answer a TLS handshake for a name that no certificate covers."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.seconds):
                await stream.reader.read(CHUNK)
        stream.writer.write(HANDSHAKE_FAILURE)
        raise GoneError

    async def _spoken(self, stream: Stream, host: str) -> None:
        """HTTP inside of TLS."""
        exchange = Exchange(stream, self._limits)
        while (asked := await exchange.asked(host)) is not None:
            answer = self._answer(asked)
            if isinstance(answer, Page):
                page: Page | None = answer
            else:
                page = await self._through(asked, answer, stream, exchange)
            if page is None:
                return
            head = asked.method == "HEAD"
            await exchange.answer(page, self._front.account.now(), head=head)

    def _answer(self, asked: Asked) -> Page | Through:
        named = (asked.header("host") or "").lower().removesuffix(":443")
        if named != asked.host:
            return plain_page(421, "the Host header and the connection name different hosts")
        if not asked.path.startswith("/"):
            return plain_page(400, "the target of a request is a path")
        return self._front.answer(asked)

    async def _through(
        self, asked: Asked, passed: Through, stream: Stream, exchange: Exchange
    ) -> Page | None:
        """Carry a websocket to its origin; a page when that cannot be done."""
        try:
            websocket = Websocket(asked, stream)
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


def _refusal(asked: Asked, target: re.Match[str] | None) -> Page | None:
    if asked.method != "CONNECT":
        return plain_page(405, "this is a proxy for HTTPS: it takes CONNECT alone")
    if target is None:
        return plain_page(400, "the target of CONNECT is HOST:PORT")
    if target[2] != "443":
        return plain_page(403, "this sandbox is at port 443 alone")
    return None


async def _encrypted(stream: Stream, context: SSLContext, limits: Limits) -> Stream:
    """The same connection after a TLS handshake as its server; raises OSError."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await loop.start_tls(
        stream.writer.transport,
        protocol,
        context,
        server_side=True,
        ssl_handshake_timeout=limits.seconds,
        ssl_shutdown_timeout=GOODBYE,
    )
    if transport is None:
        raise ConnectionResetError
    protocol.connection_made(transport)
    return Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


@contextlib.asynccontextmanager
async def _closing(stream: Stream) -> AsyncIterator[Stream]:
    try:
        yield stream
    except asyncio.CancelledError:
        stream.writer.transport.abort()
        raise
    finally:
        await _closed(stream)


async def _closed(stream: Stream) -> None:
    stream.writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(GOODBYE):
            await stream.writer.wait_closed()
