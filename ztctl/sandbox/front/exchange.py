"""HTTP/1.1 server on one stream (h11), with limits on sizes and time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl

import h11

from ztctl.sandbox.front.pages import HttpsRequest, Page, plain_page


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits: bytes of a request's head and body, seconds per request, connections."""

    head: int = 32 * 1024
    body: int = 64 * 1024
    seconds: float = 15
    connections: int = 500


LIMITS = Limits()
CHUNK = 64 * 1024


class ClosedError(Exception):
    """The connection is over: the client closed it, or it is to be closed."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Reader and writer of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Exchange:
    """Sequential requests and responses on one stream."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head)

    async def next_request(self, host: str | None) -> HttpsRequest | None:
        """The next request, or None if the client closed; raises ClosedError.

        A request that violates the protocol or the size limits has been answered by then. `host`
        None is for a proxy, where the target of the request becomes the path.
        """
        try:
            async with asyncio.timeout(self._limits.seconds):
                head = await self._next()
                if not isinstance(head, h11.Request):
                    return None
                return _request_of(head, host, await self._body())
        except h11.RemoteProtocolError as error:
            await self.answer(plain_page(error.error_status_hint, f"{error}"), None, head=False)
            raise ClosedError from error
        except TimeoutError as error:
            raise ClosedError from error

    async def answer(self, page: Page, now: datetime | None, *, head: bool) -> None:
        """Send a response, without its body if `head`; raises ClosedError if it was the last."""
        dated = (("date", format_datetime(now, usegmt=True)),) if now else ()
        length = (("content-length", str(len(page.body))),)
        headers = [*dated, ("server", "cloudflare"), *page.headers, *length]
        # After an error h11 may no longer allow a response.
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            raise ClosedError
        status = page.status if 200 <= page.status <= 599 else 502
        self._send(h11.Response(status_code=status, headers=headers))
        if not head:
            self._send(h11.Data(page.body))
        self._send(h11.EndOfMessage())
        await self._stream.writer.drain()
        if {self._http.our_state, self._http.their_state} != {h11.DONE}:
            raise ClosedError
        self._http.start_next_cycle()

    async def accept_connect(self) -> None:
        """Accept a CONNECT; raises ClosedError if the client sent data before the response."""
        self._send(h11.Response(status_code=200, headers=[], reason=b"Connection established"))
        await self._stream.writer.drain()
        if self.trailing:
            raise ClosedError

    @property
    def trailing(self) -> bytes:
        """Bytes that the client sent behind the request that switches protocols."""
        return bytes(self._http.trailing_data[0])

    async def _next(self) -> h11.Event | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            # Clients that sent `Expect: 100-continue` wait for this before they send the body.
            if self._http.they_are_waiting_for_100_continue:
                self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._stream.reader.read(CHUNK))
        return event  # type: ignore[return-value]

    async def _body(self) -> bytes:
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            body += event.data
            if len(body) > self._limits.body:
                await self.answer(plain_page(413, "the body is too large"), None, head=False)
                raise ClosedError
        return bytes(body)

    def _send(self, event: h11.Event) -> None:
        self._stream.writer.write(self._http.send(event) or b"")


def _request_of(head: h11.Request, host: str | None, body: bytes) -> HttpsRequest:
    target = head.target.decode("latin-1")
    path, _, query = target.partition("?")
    headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in head.headers)
    pairs = tuple(parse_qsl(query, keep_blank_values=True)) if host else ()
    method = head.method.decode("latin-1")
    return HttpsRequest(host or "", method, path if host else target, pairs, headers, body)
