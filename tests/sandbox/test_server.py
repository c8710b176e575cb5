"""The sandbox on a loopback port."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator
from subprocess import PIPE

import httpx
import pytest

from tests.support.process import started
from ztctl.sandbox.server import serve, served
from ztctl.sandbox.service import Sandbox

SCRIPT = """
from ztctl.sandbox import open_sandbox
from ztctl.sandbox.server import serve
serve(open_sandbox(), "localhost", 0, lambda port: print(port, flush=True))
print("done", flush=True)
"""


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client of the sandbox's port."""
    headers = {"authorization": "Bearer token"}
    with served(sandbox) as url, httpx.Client(base_url=url, headers=headers, timeout=5) as client:
        yield client


def test_any_client_can_write_and_read(sandbox: Sandbox, http: httpx.Client) -> None:
    """What is written over the port is read over the port, encoded names included."""
    tags = f"/accounts/{sandbox.account_id}/access/tags"

    assert http.post(tags, json={"name": "a/b"}).status_code == 201
    assert http.get(f"{tags}/a%2Fb?x=%26").json()["result"]["name"] == "a/b"
    assert sandbox.log[-1].query == (("x", "&"),)


@pytest.mark.parametrize(("kind", "written"), [("reset_before", 0), ("reset_after", 1)])
def test_reset_closes_the_connection(
    sandbox: Sandbox, http: httpx.Client, kind: str, written: int
) -> None:
    """A scripted reset closes the connection without an answer; the next one works."""
    sandbox.faults.add(method="POST", kind=kind)  # type: ignore[arg-type]
    tags = f"/accounts/{sandbox.account_id}/access/tags"

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.post(tags, json={"name": "a"})
    assert len(http.get(tags).json()["result"]) == written


def test_answers_are_not_held_back(http: httpx.Client) -> None:
    """A connection's small pieces are sent at once: nothing waits for an acknowledgement."""
    http.get("/zones")

    port = http.base_url.port
    ours = [one for one in gc.get_objects() if type(one) is socket.socket]
    accepted = [one for one in ours if one.fileno() >= 0 and _is_peer_of(one, port)]
    assert accepted
    assert all(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in accepted)


def _is_peer_of(one: socket.socket, port: int | None) -> bool:
    try:
        return one.family == socket.AF_INET and one.getsockname()[1] == port != one.getpeername()[1]
    except OSError:
        return False


def test_hang_stays_silent(sandbox: Sandbox, http: httpx.Client) -> None:
    """A scripted hang leaves the client to its timeout."""
    sandbox.faults.add(kind="hang")

    with pytest.raises(httpx.ReadTimeout):
        http.get("/zones", timeout=0.2)


def test_huge_bodies_are_refused(http: httpx.Client) -> None:
    """A body over 10 MB answers 413 in the service's own shape."""
    response = http.post("/accounts", content=b"[" * (10 * 1024 * 1024 + 1))

    assert (response.status_code, response.json()["success"]) == (413, False)


def test_broken_requests_do_not_stop_it(http: httpx.Client) -> None:
    """A request that is no HTTP, or stops half way, leaves the port answering."""
    url = http.base_url
    for sent in (b"\x00\xff\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf"):
        with socket.create_connection((url.host, url.port or 0), timeout=5) as raw:
            raw.sendall(sent)

    assert http.get("/zones").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com", ""])
def test_only_loopback_is_served(sandbox: Sandbox, host: str) -> None:
    """A host that is not loopback raises ValueError before anything listens."""
    with pytest.raises(ValueError, match="this machine only"):
        serve(sandbox, host, 0, lambda port: None)


def test_taken_port_is_an_error(sandbox: Sandbox) -> None:
    """A port that somebody listens on raises OSError."""
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        serve(sandbox, "127.0.0.1", other.getsockname()[1], lambda port: None)


def test_interrupt_ends_it_quietly() -> None:
    """Serve calls back with its port once it listens, and returns on an interrupt."""
    with started(
        [sys.executable, "-c", SCRIPT], stdout=PIPE, text=True, env={**os.environ}
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        answer = httpx.get(f"http://127.0.0.1:{port}/client/v4/zones", timeout=5)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert (answer.status_code, rest, process.returncode) == (401, "done\n", 0)
