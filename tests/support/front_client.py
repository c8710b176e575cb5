"""A plain client: CONNECT through a proxy, TLS, HTTP, and the frames of a websocket by hand."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 10
BINARY, TEXT, CLOSE, PING, PONG = 2, 1, 8, 9, 10


@dataclass(frozen=True, slots=True)
class Got:
    """One answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.headers["location"] or ""

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def cookie(self, name: str) -> str:
        """The value of a cookie that it sets."""
        return self.cookies()[name].value

    def cookies(self) -> SimpleCookie:
        """What it sets."""
        jar = SimpleCookie()
        for line in self.headers.get_all("set-cookie") or ():
            jar.load(line)
        return jar


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody with the variables that the sandbox prints."""

    proxy: tuple[str, int]
    authority: Path
    home: Path

    @property
    def context(self) -> ssl.SSLContext:
        """Trust in the sandbox's authority alone."""
        return ssl.create_default_context(cafile=str(self.authority))

    def ask(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Got:
        """One request on a connection of its own; redirects are not followed."""
        where = urlsplit(url)
        path = (where.path or "/") + (f"?{where.query}" if where.query else "")
        connection = http.client.HTTPSConnection(
            *self.proxy, timeout=PATIENCE, context=self.context
        )
        connection.set_tunnel(where.hostname or "", where.port or 443)
        with contextlib.closing(connection):
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return Got(answer.status, answer.headers, answer.read())

    def sign(self, team: str, **fields: Any) -> Got:
        """One signing request."""
        body = json.dumps(fields).encode()
        headers = {"content-type": "application/json"}
        return self.ask("POST", f"https://{team}/cdn-cgi/access/cert_sign", headers, body)

    def organisation_token(self) -> str:
        """What the sandbox has written for `cloudflared`."""
        (file,) = (self.home / ".cloudflared").glob("*-org-token")
        return file.read_text()

    def application_token(self, url: str) -> Got:
        """The exchange of the organisation's token for an application's: the last answer."""
        first = self.ask("HEAD", url)
        organisation = {"cookie": f"CF_Authorization={self.organisation_token()}"}
        second = self.ask("HEAD", first.location, organisation)
        if second.status != 302:
            return second
        session = {"cookie": f"CF_AppSession={first.cookie('CF_AppSession')}"}
        return self.ask("HEAD", second.location, session)

    def raw(self, host: str, port: int = 443) -> tuple[socket.socket, bytes]:
        """A connection on which CONNECT was asked for, and the head of the answer."""
        plain = socket.create_connection(self.proxy, timeout=PATIENCE)
        plain.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        return plain, until(plain, b"\r\n\r\n")

    @contextlib.contextmanager
    def secured(self, host: str) -> Iterator[ssl.SSLSocket]:
        """A connection to a host, TLS done."""
        plain, _ = self.raw(host)
        with plain, self.context.wrap_socket(plain, server_hostname=host) as secured:
            yield secured

    @contextlib.contextmanager
    def websocket(self, host: str, headers: dict[str, str]) -> Iterator[tuple[Got, Websocket]]:
        """The answer to an opening handshake, and the websocket if it was agreed to."""
        with self.secured(host) as stream:
            key = base64.b64encode(os.urandom(16)).decode()
            lines = {
                "Host": host,
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": key,
                "Sec-WebSocket-Version": "13",
                **headers,
            }
            head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            stream.sendall(f"GET / HTTP/1.1\r\n{head}\r\n".encode())
            answer = http.client.HTTPResponse(stream)
            answer.begin()
            with answer:
                body = b"" if answer.status == 101 else answer.read()
            yield Got(answer.status, answer.headers, body), Websocket(stream)


@dataclass(frozen=True, slots=True)
class Websocket:
    """Frames as RFC 6455 has them, the client's masked."""

    stream: ssl.SSLSocket

    def send(self, payload: bytes, opcode: int = BINARY) -> None:
        """One whole message."""
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        size = len(payload)
        if size < 126:
            length = struct.pack("!B", 0x80 | size)
        elif size < 1 << 16:
            length = struct.pack("!BH", 0x80 | 126, size)
        else:
            length = struct.pack("!BQ", 0x80 | 127, size)
        self.stream.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def read(self) -> tuple[int, bytes]:
        """The next frame: its opcode and what it holds."""
        first, second = exactly(self.stream, 2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", exactly(self.stream, 2))
        elif size == 127:
            (size,) = struct.unpack("!Q", exactly(self.stream, 8))
        return first & 0x0F, exactly(self.stream, size)

    def gathered(self, size: int) -> bytes:
        """So many bytes of binary frames, however they are cut."""
        held = b""
        while len(held) < size:
            opcode, payload = self.read()
            assert opcode in (BINARY, 0)
            held += payload
        return held


def said(token: str) -> Any:
    """The claims of a token, unchecked."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def exactly(stream: socket.socket, size: int) -> bytes:
    """So many bytes."""
    held = b""
    while len(held) < size:
        more = stream.recv(size - len(held))
        assert more, "the connection ended early"
        held += more
    return held


def until(stream: socket.socket, mark: bytes) -> bytes:
    """Everything up to a mark, or up to the end."""
    held = b""
    while mark not in held and (more := stream.recv(4096)):
        held += more
    return held


@contextlib.contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that treats each connection so; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def treat(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                answer(connection)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=treat, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)


def echo(connection: socket.socket) -> None:
    """Give everything back until the other side has had enough."""
    while data := connection.recv(65536):
        connection.sendall(data)


def greet(connection: socket.socket) -> None:
    """Say one thing and go."""
    connection.sendall(b"SSH-2.0-test\r\n")
