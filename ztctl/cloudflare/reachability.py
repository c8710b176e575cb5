"""Try the way to the API leg by leg, so that DNS, connection and TLS are told apart.

No byte of HTTP is sent: neither the token nor a request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from ztctl.cloudflare.sanitize import sanitize
from ztctl.cloudflare.urls import check_base_url, is_plain_http

SECONDS: Final = 10.0
RESOLVER: Final = "check the name servers of this machine, and --api-url"
CERTIFICATE: Final = "where a proxy inspects TLS, name its certificate in SSL_CERT_FILE"


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of the way.

    Attributes:
        name: ``DNS``, ``connection``, ``TLS`` or ``proxy``.
        found: what there is; where it failed, why.
        hint: what to do where it failed.
    """

    name: str
    found: str
    failed: bool = False
    hint: str = ""


async def way_to(base_url: str) -> AsyncIterator[Leg]:
    """Try name, connection and TLS; nothing after the first that fails.

    Through a proxy nothing is tried: what it resolves and connects to is its own matter.

    Raises:
        Failure: the URL cannot be used.
    """
    parts = urlsplit(check_base_url(base_url))
    host, secure = parts.hostname or "", not is_plain_http(base_url)
    port = parts.port or (443 if secure else 80)
    proxies = getproxies() if secure else {}
    if (proxies.get("https") or proxies.get("all")) and not proxy_bypass(host):
        yield Leg("proxy", f"{host} is reached through the proxy of the environment")
        return
    leg = await _resolved(host, port)
    if leg is not None:
        yield leg
        if leg.failed:
            return
    async for found in _connected(host, port, secure=secure):
        yield found


async def _resolved(host: str, port: int) -> Leg | None:
    with suppress(ValueError):
        ip_address(host)
        return None
    loop = asyncio.get_running_loop()
    try:
        found = await asyncio.wait_for(loop.getaddrinfo(host, port), SECONDS)
    except TimeoutError:
        return Leg("DNS", f"{host}: no answer in {SECONDS:.0f} s", True, RESOLVER)
    except (OSError, UnicodeError) as error:
        return Leg("DNS", f"{host}: {_reason(error)}", True, RESOLVER)
    addresses = sorted({str(address[0]) for *_, address in found})
    return Leg("DNS", f"{host} is {addresses[0]}{_more(len(addresses) - 1)}")


async def _connected(host: str, port: int, *, secure: bool) -> AsyncIterator[Leg]:
    firewall = "see whether a firewall lets TCP to it out, or set HTTPS_PROXY"
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), SECONDS)
    except TimeoutError:
        yield Leg("connection", f"{host}:{port} did not answer", True, firewall)
        return
    except OSError as error:
        yield Leg("connection", f"{host}:{port}: {_reason(error)}", True, firewall)
        return
    try:
        yield Leg("connection", f"{host}:{port} is open")
        if secure:
            yield await _encrypted(writer, host)
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1.0)


async def _encrypted(writer: asyncio.StreamWriter, host: str) -> Leg:
    try:
        context = httpx.create_ssl_context()
        await asyncio.wait_for(writer.start_tls(context, server_hostname=host), SECONDS)
    except TimeoutError:
        return Leg("TLS", f"{host} did not answer the handshake", True, CERTIFICATE)
    except OSError as error:
        # What a handshake fails by is an OSError, too.
        return Leg("TLS", f"{host}: {_reason(error)}", True, CERTIFICATE)
    session = writer.get_extra_info("ssl_object")
    version = session.version() if isinstance(session, ssl.SSLObject) else ""
    return Leg("TLS", f"{version or 'TLS'}, the certificate is trusted")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return sanitize(error.verify_message)
    strerror = getattr(error, "strerror", None)
    return sanitize(str(strerror or error) or type(error).__name__)


def _more(count: int) -> str:
    return f" and {count} more" if count else ""
