"""Once over a real connection: TLS, HTTP/2, hundreds of calls at a time, and a silent log."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypercorn.asyncio import serve as hypercorn
from hypercorn.config import Config

from ztctl.cloudflare.client import Client
from ztctl.core.model.calls import Call
from ztctl.core.model.values import Secret

TOKEN = "canary-token-over-http2"


class App:
    """An API of one path that keeps what it saw."""

    def __init__(self) -> None:
        self.versions: set[str] = set()
        self.connections: set[tuple[str, int]] = set()
        self.tokens: set[bytes] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Response with the number in the path."""
        if scope["type"] != "http":
            return
        self.versions.add(scope["http_version"])
        self.connections.add(tuple(scope["client"]))
        self.tokens.add(dict(scope["headers"])[b"authorization"])
        await asyncio.sleep(0)
        body = b'{"success":true,"result":%s}' % scope["path"].rpartition("/")[2].encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A certificate for this machine that the environment trusts: its file and its key's."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")


async def served(app: App, tls: tuple[str, str], numbers: range) -> list[int]:
    """Start a server, ask for all numbers at once, stop it."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"https://localhost:{listener.getsockname()[1]}/client/v4"
    config = Config()
    # The server closes the descriptor, so that it must be the only owner.
    config.bind = [f"fd://{listener.detach()}"]
    config.certfile, config.keyfile = tls
    config.h2_max_concurrent_streams = 100
    done = asyncio.Event()
    running = asyncio.create_task(hypercorn(app, config, shutdown_trigger=done.wait))
    async with Client(Secret(TOKEN), base_url=url, quota=None) as client:
        results = await asyncio.gather(
            *(client.send(Call("GET", f"/numbers/{number}")) for number in numbers)
        )
    done.set()
    await running
    return results


def test_hundreds_of_calls_share_one_http2_connection(
    tls: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """Every call goes over HTTP/2 on one connection, and no log at DEBUG holds the token."""
    caplog.set_level(logging.DEBUG)
    app = App()

    results = asyncio.run(served(app, tls, range(300)))

    assert results == list(range(300))
    assert app.versions == {"2"}
    assert app.tokens == {b"Bearer " + TOKEN.encode()}
    assert len(app.connections) == 1
    assert '"HTTP/2 200 OK"' in caplog.text
    assert TOKEN not in caplog.text
