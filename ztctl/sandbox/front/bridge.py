"""Bridge between a WebSocket and a TCP connection: binary messages carry the raw bytes.

Source: RFC 6455; cloudflared 2026.8.2 uses binary messages, whose boundaries have no meaning.
"""

from __future__ import annotations

import asyncio
import contextlib

import wsproto
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

from ztctl.sandbox.front.exchange import CHUNK, Stream
from ztctl.sandbox.front.pages import HttpsRequest
from ztctl.sandbox.messages import Pairs


class Websocket:
    """Server side of one WebSocket, from its opening handshake on."""

    def __init__(self, request: HttpsRequest, stream: Stream) -> None:
        """Raises ProtocolError for an invalid handshake."""
        self._stream = stream
        self._protocol = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in request.headers]
        self._protocol.initiate_upgrade_connection(headers, request.path)

    async def bridged(self, origin: Stream, headers: Pairs, trailing: bytes) -> None:
        """Accept the handshake, then copy bytes until either side closes.

        `trailing` are bytes that the client sent right behind the handshake.
        """
        extra = [(name.encode(), value.encode()) for name, value in headers]
        self._send(AcceptConnection(extra_headers=extra))
        await self._stream.writer.drain()
        tasks = {
            asyncio.ensure_future(self._up(origin.writer, trailing)),
            asyncio.ensure_future(self._down(origin.reader)),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            # Awaited, so that no task still writes when the caller closes the streams.
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _up(self, origin: asyncio.StreamWriter, data: bytes) -> None:
        """Copy from the client to the origin."""
        with contextlib.suppress(OSError, ProtocolError):
            while True:
                if data:
                    self._protocol.receive_data(data)
                    if not await self._forward_events(origin):
                        return
                data = await self._stream.reader.read(CHUNK)
                if not data:
                    return

    async def _forward_events(self, origin: asyncio.StreamWriter) -> bool:
        for event in self._protocol.events():
            if isinstance(event, BytesMessage):
                origin.write(event.data)
            elif isinstance(event, Ping | CloseConnection):
                self._send(event.response())
            elif isinstance(event, TextMessage):
                self._send(CloseConnection(code=CloseReason.UNSUPPORTED_DATA))
            # `_send` only queues: the close frame has to leave before the connection is closed.
            if isinstance(event, CloseConnection | TextMessage):
                await self._stream.writer.drain()
                return False
        await origin.drain()
        await self._stream.writer.drain()
        return True

    async def _down(self, origin: asyncio.StreamReader) -> None:
        """Copy from the origin to the client."""
        with contextlib.suppress(OSError, ProtocolError):
            while data := await origin.read(CHUNK):
                self._send(BytesMessage(data))
                await self._stream.writer.drain()
            self._send(CloseConnection(code=CloseReason.NORMAL_CLOSURE))
            await self._stream.writer.drain()

    def _send(self, event: wsproto.events.Event) -> None:
        self._stream.writer.write(self._protocol.send(event))
