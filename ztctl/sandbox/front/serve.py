"""Runs the HTTPS front on a loopback port, in a thread with its own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ztctl.sandbox.edge.values import Visitor
from ztctl.sandbox.front.certificates import Authority
from ztctl.sandbox.front.exchange import LIMITS, Limits
from ztctl.sandbox.front.front import Front
from ztctl.sandbox.front.home import prepare_home
from ztctl.sandbox.front.identity import Login
from ztctl.sandbox.front.origins import Mapping
from ztctl.sandbox.front.proxy import Proxy
from ztctl.sandbox.front.signing import TODAY, Certificates
from ztctl.sandbox.service import Sandbox

Variables = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the front.

    `login` is the user who is logged in to the team, or None. `mappings` redirect origins that
    are not on this machine. Port 0 picks a free one.
    """

    login: Login | None = None
    mappings: tuple[Mapping, ...] = ()
    certificates: Certificates = TODAY
    limits: Limits = LIMITS
    port: int = 0


@contextlib.contextmanager
def fronted(sandbox: Sandbox, folder: Path, options: Options) -> Iterator[Variables]:
    """Serve from a thread while the block runs; yields the environment variables for clients.

    `folder` gets a home directory and the CA file that clients must trust. Raises OSError if the
    port cannot be bound or the folder cannot be written.
    """
    login = options.login
    front = Front(sandbox, options.certificates, Visitor(country=login.country if login else "PT"))
    authority = Authority(front.account.now())
    token = front.organisation_token(login) if login else None
    trusted = prepare_home(folder, authority.pem, front.account.team, token)
    proxy = Proxy(front, authority, options.mappings, options.limits)
    with socket.create_server(("127.0.0.1", options.port)) as listener, _running(proxy, listener):
        # Nagle's algorithm would hold back a keystroke until the last one is acknowledged.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield (
            ("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}"),
            ("SSL_CERT_FILE", str(trusted.absolute())),
            ("HOME", str((folder / "home").absolute())),
        )


@contextlib.contextmanager
def _running(proxy: Proxy, listener: socket.socket) -> Iterator[None]:
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=_run, args=(loop, proxy, listener, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def _run(
    loop: asyncio.AbstractEventLoop, proxy: Proxy, listener: socket.socket, stop: asyncio.Event
) -> None:
    asyncio.set_event_loop(loop)
    loop.run_until_complete(_listening(proxy, listener, stop))
    loop.run_until_complete(loop.shutdown_default_executor())


async def _listening(proxy: Proxy, listener: socket.socket, stop: asyncio.Event) -> None:
    server = await asyncio.start_server(proxy.accepted, sock=listener)
    await stop.wait()
    server.close()
    await proxy.stop()
