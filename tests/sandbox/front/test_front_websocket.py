"""Bytes through a websocket to an origin on loopback."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from contextlib import suppress

import pytest

from tests.support.front_client import (
    BINARY,
    CLOSE,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    Client,
    echo,
    greet,
    listening,
)
from ztctl.sandbox.front.origins import mapping

from .conftest import HOST, TEAM, Estate, Serve

URL = f"https://{HOST}"


def opening(client: Client, **headers: str) -> dict[str, str]:
    """The headers of a handshake with the application's token."""
    token = client.application_token(URL).cookie("CF_Authorization")
    return {"Cf-Access-Token": token, **headers}


def test_bytes_come_back_as_they_went(served: Client) -> None:
    """Every byte goes through an origin and back, in messages of any size."""
    sent = os.urandom(300_000)

    with served.websocket(HOST, opening(served)) as (got, websocket):
        websocket.send(sent[:5])
        first = websocket.gathered(5)
        websocket.send(sent[5:])
        rest = websocket.gathered(len(sent) - 5)

    assert (got.status, first + rest) == (101, sent)


def test_many_talk_at_once(served: Client) -> None:
    """Two websockets do not wait for each other."""
    headers = opening(served)
    with (
        served.websocket(HOST, headers) as (_, first),
        served.websocket(HOST, headers) as (_, second),
    ):
        second.send(b"second")
        told = second.gathered(6)
        first.send(b"first")

        assert (told, first.gathered(5)) == (b"second", b"first")


def test_without_token_there_is_a_redirect(served: Client) -> None:
    """A handshake without token answers 302 to the login, which cloudflared knows by its path."""
    with served.websocket(HOST, {}) as (got, _):
        assert got.status == 302
        assert got.location.startswith(f"https://{TEAM}/cdn-cgi/access/login/{HOST}?")


def test_a_wrong_token_is_a_redirect_too(served: Client) -> None:
    """A token that is none makes cloudflared throw it away and log in again."""
    with served.websocket(HOST, {"Cf-Access-Token": "a.b.c"}) as (got, _):
        assert got.status == 302


def test_the_connection_serves_on_after_a_refusal(served: Client) -> None:
    """A refused handshake leaves the connection open for the next request."""
    with served.websocket(HOST, {}) as (_, websocket):
        websocket.stream.sendall(f"HEAD / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert websocket.stream.recv(12) == b"HTTP/1.1 302"


def test_the_end_of_the_origin_is_the_end(estate: Estate, serve: Serve) -> None:
    """What the origin said last arrives, then the websocket is closed in good order."""
    with listening(greet) as port:
        estate.protect()
        estate.publish(f"ssh://localhost:{port}")
        client = serve()
        with client.websocket(HOST, opening(client)) as (_, websocket):
            said = websocket.gathered(14)
            end = websocket.read()

    assert said == b"SSH-2.0-test\r\n"
    assert end == (CLOSE, (1000).to_bytes(2))


def test_the_end_of_the_client_reaches_the_origin(estate: Estate, serve: Serve) -> None:
    """When the client closes, so does the connection to the origin."""
    ended = threading.Event()

    def hearing(connection: socket.socket) -> None:
        echo(connection)
        ended.set()

    with listening(hearing) as port:
        estate.protect()
        estate.publish(f"ssh://127.0.0.1:{port}")
        client = serve()
        with client.websocket(HOST, opening(client)) as (_, websocket):
            websocket.send(b"x")
            websocket.gathered(1)
            websocket.send((1000).to_bytes(2), CLOSE)
            answer = websocket.read()

    assert answer == (CLOSE, (1000).to_bytes(2))
    assert ended.wait(PATIENCE)


def test_a_ping_is_answered(served: Client) -> None:
    """A ping gets its pong, and the bytes go on."""
    with served.websocket(HOST, opening(served)) as (_, websocket):
        websocket.send(b"are you there", PING)
        pong = websocket.read()
        websocket.send(b"yes", BINARY)
        assert (pong, websocket.read()) == ((PONG, b"are you there"), (BINARY, b"yes"))


def test_text_is_not_taken(served: Client) -> None:
    """A text message closes the websocket with 1003."""
    with served.websocket(HOST, opening(served)) as (_, websocket):
        websocket.send(b"hello", TEXT)
        opcode, payload = websocket.read()

    assert (opcode, int.from_bytes(payload[:2])) == (CLOSE, 1003)


def test_frames_that_are_none_close_it(served: Client) -> None:
    """A broken frame ends the connection and leaves the front answering."""
    with served.websocket(HOST, opening(served)) as (_, websocket):
        websocket.stream.sendall(b"\xff" * 64)
        with suppress(ssl.SSLError, ConnectionError, AssertionError):
            websocket.read()

    assert served.ask("HEAD", URL).status == 302


@pytest.mark.parametrize("left_out", ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
def test_a_handshake_that_is_none_is_refused(served: Client, left_out: str) -> None:
    """A handshake without its key or version answers 400."""
    good = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
    headers = {name: value for name, value in good.items() if name != left_out}
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade"}

    got = served.ask("GET", URL, {**headers, **upgrade, **opening(served)})

    assert got.status == 400


@pytest.mark.parametrize(
    "service",
    ["ssh://10.0.0.5:22", "ssh://ssh.internal", "http://127.0.0.1:1", "tcp://127.0.0.1:1"],
)
def test_what_cannot_be_dialled_is_a_bad_gateway(
    estate: Estate, serve: Serve, service: str
) -> None:
    """An origin off this machine, that takes no stream or does not listen answers 502."""
    estate.protect()
    estate.publish(service)
    client = serve()

    with client.websocket(HOST, opening(client)) as (got, _):
        assert got.status == 502


def test_a_mapped_origin_is_reached(estate: Estate, serve: Serve) -> None:
    """A place off this machine is dialled where the sandbox was told that it is."""
    with listening(greet) as port:
        estate.protect()
        estate.publish("ssh://ssh.internal")
        client = serve(mappings=(mapping(f"ssh.internal:22=127.0.0.1:{port}"),))
        with client.websocket(HOST, opening(client)) as (_, websocket):
            assert websocket.gathered(14) == b"SSH-2.0-test\r\n"


def test_a_bastion_dials_what_the_client_says(estate: Estate, serve: Serve) -> None:
    """A bastion goes to the destination, of which scheme and path do not count."""
    with listening(greet) as port:
        estate.protect()
        estate.publish("bastion")
        client = serve()
        jump = {"Cf-Access-Jump-Destination": f"ssh://127.0.0.1:{port}/x"}
        with client.websocket(HOST, opening(client, **jump)) as (_, websocket):
            assert websocket.gathered(14) == b"SSH-2.0-test\r\n"


@pytest.mark.parametrize("destination", [None, "127.0.0.1", "10.0.0.5:22", "x y:22"])
def test_a_bastion_refuses_other_destinations(
    estate: Estate, serve: Serve, destination: str | None
) -> None:
    """No destination, none with a port, or one off this machine answers 502."""
    estate.protect()
    estate.publish("bastion")
    client = serve()
    jump = {"Cf-Access-Jump-Destination": destination} if destination else {}

    with client.websocket(HOST, opening(client, **jump)) as (got, _):
        assert got.status == 502


def test_a_service_token_opens_it(estate: Estate, serve: Serve, echoing: str) -> None:
    """Client id and secret are enough for a websocket, in one request."""
    service = estate.api.post("{A}/access/service_tokens", {"name": "ci"}).result
    include = [{"service_token": {"token_id": service["id"]}}]
    policy = estate.api.policy("ci", decision="non_identity", include=include)
    estate.protect(policies=[policy["id"]])
    estate.publish(echoing)
    headers = {
        "Cf-Access-Client-Id": service["client_id"],
        "Cf-Access-Client-Secret": service["client_secret"],
    }

    with serve(None).websocket(HOST, headers) as (got, websocket):
        websocket.send(b"hello")
        assert (got.status, websocket.gathered(5)) == (101, b"hello")


def test_no_running_connector_is_a_tunnel_error(estate: Estate, serve: Serve, echoing: str) -> None:
    """A tunnel that nobody runs answers 530 and the number of the error."""
    estate.protect()
    estate.publish(echoing)
    client = serve()
    headers = opening(client)
    for tunnel in estate.api.get("{A}/cfd_tunnel").result:
        estate.api.sandbox.disconnect(tunnel["id"])

    with client.websocket(HOST, headers) as (got, _):
        assert (got.status, b"1033" in got.body) == (530, True)
