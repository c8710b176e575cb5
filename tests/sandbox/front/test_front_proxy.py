"""The proxy against clients that are mistaken, slow or hostile."""

from __future__ import annotations

import http.client
import random
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.front_client import PATIENCE, Client, until
from ztctl.sandbox.front.exchange import Limits
from ztctl.sandbox.front.serve import Options, fronted
from ztctl.sandbox.service import Sandbox

from .conftest import HOST, JDOE, TEAM, Estate, Serve

SCRIPT = """
import sys
from ztctl.sandbox import open_sandbox
sandbox = open_sandbox()
sandbox.edge
print(sorted(name for name in sys.modules if name.startswith("ztctl.sandbox.front")
             or name in ("h11", "wsproto", "cryptography", "ssl", "asyncio")))
"""


def test_the_front_is_loaded_only_when_used() -> None:
    """A sandbox with its edge loads neither the front nor what it needs."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("host", "port", "status"),
    [
        ("developers.cloudflare.com", 443, 502),
        ("other.cloudflareaccess.com", 443, 502),
        ("login.cloudflareaccess.com", 443, 502),
        ("nothing.example.com", 443, 502),
        ("example.com.evil.test", 443, 502),
        ("127.0.0.1", 443, 502),
        ("localhost", 443, 502),
        (HOST, 22, 403),
        (HOST, 80, 403),
        ("[::1]", 443, 400),
        ("a/b", 443, 400),
    ],
)
def test_other_hosts_are_refused(served: Client, host: str, port: int, status: int) -> None:
    """CONNECT to what is not the account's, or not to port 443, is refused and closed."""
    plain, answer = served.raw(host, port)
    with plain:
        assert int(answer.split()[1]) == status
        assert (answer + until(plain, b"\0")).endswith(b"\n")


def test_a_name_without_proxy_is_refused(served: Client, estate: Estate) -> None:
    """A record that is DNS only leads past Cloudflare, so the front is not there."""
    record = {"type": "A", "name": "direct", "content": "192.0.2.1"}
    estate.api.post(f"{estate.api.zone()}/dns_records", record)

    plain, answer = served.raw("direct.example.com")
    with plain:
        assert answer.startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("host", [HOST, "SSH.Example.COM", TEAM, "login.cloudflareaccess.org"])
def test_its_own_hosts_are_served(served: Client, host: str) -> None:
    """CONNECT to a host of the account, the team or the login service is agreed to."""
    plain, answer = served.raw(host)
    with plain:
        assert answer == b"HTTP/1.1 200 Connection established\r\n\r\n"


def test_a_certificate_covers_one_level(served: Client) -> None:
    """The certificate names the zone and one label below it, as Universal SSL does."""
    with served.secured(HOST) as secured:
        shown = secured.getpeercert()

    assert shown is not None
    assert shown["subjectAltName"] == (("DNS", "example.com"), ("DNS", "*.example.com"))


def test_a_deeper_name_has_no_certificate(served: Client, estate: Estate, echoing: str) -> None:
    """A published name two levels below its zone fails in the TLS handshake."""
    estate.publish(echoing, "ssh.eu.example.com")

    with (
        pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"),
        served.secured("ssh.eu.example.com"),
    ):
        pass


def test_other_methods_are_refused(served: Client) -> None:
    """A proxy for plain HTTP it is not."""
    connection = http.client.HTTPConnection(*served.proxy, timeout=PATIENCE)
    connection.request("GET", "http://ssh.example.com/")

    assert connection.getresponse().status == 405
    connection.close()


def test_the_host_must_be_the_one_connected_to(served: Client) -> None:
    """A request for another host than the connection's is misdirected."""
    with served.secured(HOST) as secured:
        secured.sendall(f"GET / HTTP/1.1\r\nHost: {TEAM}\r\n\r\n".encode())

        assert secured.recv(12) == b"HTTP/1.1 421"


def test_one_connection_serves_many_requests(served: Client) -> None:
    """Requests in turn, even sent at once, are answered in turn."""
    with served.secured(HOST) as secured:
        secured.sendall(f"HEAD / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() * 3)
        held = b""
        while held.count(b"\r\n\r\n") < 3:
            held += secured.recv(4096)

    assert held.count(b"HTTP/1.1 302") == 3


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000, 431),
        (b"\x16\x03\x01garbage\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET nowhere HTTP/1.1\r\nHost: ssh.example.com\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: ssh.example.com\r\nContent-Length: x\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: ssh.example.com\r\nContent-Length: 99999\r\n\r\n"
            + b"x" * 99_999,
            413,
        ),
    ],
    ids=["head", "garbage", "no host", "no path", "no length", "body"],
)
def test_broken_requests_are_answered(served: Client, sent: bytes, status: int) -> None:
    """What breaks the protocol or the bounds is told so, and the front goes on."""
    with served.secured(HOST) as secured:
        secured.sendall(sent)
        assert secured.recv(12) == b"HTTP/1.1 %d" % status

    assert served.ask("HEAD", f"https://{HOST}").status == 302


def test_garbage_before_tls_is_survived(served: Client, capfd: pytest.CaptureFixture[str]) -> None:
    """Noise instead of CONNECT, instead of TLS, or cut anywhere is neither shown nor obeyed."""
    noise = random.Random(7).randbytes(70_000)
    connect = f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    for sent in (b"", noise, connect[:9], connect + noise, noise[:3], b"\r\n" * 9):
        with socket.create_connection(served.proxy, timeout=PATIENCE) as plain:
            plain.sendall(sent)
    plain, _ = served.raw(HOST)
    with plain:
        plain.sendall(noise)
        with suppress(ConnectionError):
            until(plain, b"\0\0\0\0never")

    assert served.ask("HEAD", f"https://{HOST}").status == 302
    assert capfd.readouterr().err == ""


def test_slow_clients_are_hung_up_on(estate: Estate, serve: Serve, echoing: str) -> None:
    """Who does not finish a request or a handshake in time is hung up on."""
    estate.publish(echoing)
    client = serve(limits=Limits(seconds=0.1))

    with socket.create_connection(client.proxy, timeout=PATIENCE) as plain:
        plain.sendall(b"CONNECT ")
        assert plain.recv(1) == b""
    plain, answer = client.raw(HOST)
    with plain:
        assert answer.startswith(b"HTTP/1.1 200")
        assert plain.recv(1) == b""
    with client.secured(HOST) as secured:
        secured.sendall(b"GET / HTTP/1.1\r\n")
        assert secured.recv(1) == b""


def test_too_many_connections_are_closed(estate: Estate, serve: Serve) -> None:
    """Beyond the bound a connection is closed, and the others go on."""
    client = serve(limits=Limits(connections=2))
    first, _ = client.raw(TEAM)
    second, _ = client.raw(TEAM)
    with first, second, socket.create_connection(client.proxy, timeout=PATIENCE) as third:
        with suppress(ConnectionResetError):
            assert third.recv(1) == b""
        with client.context.wrap_socket(first, server_hostname=TEAM) as secured:
            secured.sendall(f"HEAD / HTTP/1.1\r\nHost: {TEAM}\r\n\r\n".encode())
            assert secured.recv(12) == b"HTTP/1.1 404"


def test_the_home_is_for_its_owner_alone(served: Client) -> None:
    """Token and folder can be read by nobody else."""
    folder = served.home / ".cloudflared"
    (token,) = folder.iterdir()

    assert token.name == f"{TEAM}-org-token"
    assert (folder.stat().st_mode & 0o777, token.stat().st_mode & 0o777) == (0o700, 0o600)
    assert b"PRIVATE" not in served.authority.read_bytes()


def test_a_home_is_cleaned_of_what_another_run_left(serve: Serve) -> None:
    """Tokens and key sets of before are thrown away; keys of ssh are kept."""
    first = serve()
    kept = first.home / ".cloudflared"
    for name in (f"{HOST}-00-token", f"{TEAM}-jwks", "x-token.lock", "x-token.url"):
        (kept / name).touch()
    (kept / f"{HOST}-cf_key").touch()

    serve(None)

    assert [file.name for file in kept.iterdir()] == [f"{HOST}-cf_key"]


def test_a_taken_port_is_an_error(serve: Serve) -> None:
    """A port that somebody listens on raises OSError."""
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(OSError, match="in use"),
    ):
        serve(port=other.getsockname()[1])


def test_without_zero_trust_there_is_no_team(tmp_path: Path) -> None:
    """An account without Zero Trust has nobody to log in to: a ValueError."""
    front = fronted(Sandbox.create(zero_trust=False), tmp_path, Options(JDOE))

    with pytest.raises(ValueError, match="Zero Trust"), front:
        pass
