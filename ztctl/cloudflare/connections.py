"""Send single HTTP requests through httpx: a response, or ``Unreachable``.

Importing it loads httpx; opening a real connection loads HTTP/2 as well.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import httpx

from ztctl.cloudflare.budget import IN_FLIGHT
from ztctl.cloudflare.envelope import Response
from ztctl.cloudflare.errors import BadReply, Rejected, Unreachable
from ztctl.cloudflare.jsontext import LARGEST
from ztctl.cloudflare.sanitize import sanitize
from ztctl.cloudflare.urls import is_plain_http
from ztctl.core.model.calls import Call
from ztctl.core.model.diagnostics import Failure

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 60.0
# No time-out for a free connection: only the time of the service itself may fail a call.
TIMEOUT: Final = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=None)
LIMITS: Final = httpx.Limits(
    max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT, keepalive_expiry=60.0
)
# With these errors no byte of the request was sent, so that any call may be repeated.
NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class ConnectionPool:
    """The connections to the API.

    Args:
        base_url: checked by ``urls.check_base_url``.
        headers: sent with every request.
        transport: replaces the network.

    Raises:
        Failure: when the environment's proxy or certificate settings cannot be used.
    """

    def __init__(
        self, base_url: str, headers: dict[str, str], transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._base_url = base_url
        # At DEBUG, hpack logs every header that it compresses, the Authorization header included.
        logging.getLogger("hpack").setLevel(logging.WARNING)
        self._http = open_http(
            "the connection cannot be set up",
            headers=headers,
            timeout=TIMEOUT,
            limits=LIMITS,
            transport=transport,
            http2=transport is None,
            # Plain http goes to this machine only: a proxy could read the token.
            trust_env=transport is None and not is_plain_http(base_url),
        )

    async def exchange(
        self, call: Call, path: str, content: bytes | None, hide: tuple[str, ...]
    ) -> Response:
        """Send one request and read its response, whatever its status.

        Raises:
            Unreachable: when there is no response.
            BadReply: when its compression is invalid.
            Rejected: when the call makes no URL; nothing is sent.
        """
        request = self._request(call, path, content)
        try:
            response = await self._http.send(request, stream=True, follow_redirects=False)
            try:
                return Response(response.status_code, dict(response.headers), await _body(response))
            finally:
                await response.aclose()
        except httpx.DecodingError as error:
            raise BadReply(call, "the answer is compressed wrongly", lost=call.writes) from error
        except httpx.HTTPError as error:
            raise _unreachable(call, error, hide) from error

    def _request(self, call: Call, path: str, content: bytes | None) -> httpx.Request:
        try:
            return self._http.build_request(
                call.method,
                self._base_url + path,
                params=list(call.query) or None,
                content=content,
                headers={"Content-Type": "application/json"} if content is not None else None,
            )
        except (httpx.InvalidURL, UnicodeError):
            raise Rejected(call, "nothing was sent: the path or the query makes no URL") from None

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


def open_http(trouble: str, **options: Any) -> httpx.AsyncClient:
    """Create an HTTP client with these options of httpx.

    Raises:
        Failure: ``trouble``, when the environment's proxy or certificate settings cannot be used.
    """
    try:
        return httpx.AsyncClient(**options)
    except (ImportError, OSError, ValueError) as error:
        # The text of the error is left out: it may contain the password of a proxy.
        raise Failure(
            f"{trouble} ({type(error).__name__})",
            "check the proxy variables (HTTPS_PROXY, ALL_PROXY) and SSL_CERT_FILE",
        ) from None


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        # The rest is not read: `jsontext.parse` refuses what is larger.
        if len(body) > LARGEST:
            break
    return bytes(body)


def _unreachable(call: Call, error: httpx.HTTPError, hide: tuple[str, ...]) -> Unreachable:
    connected = not isinstance(error, NEVER_SENT)
    reason = sanitize(str(error), hide) or type(error).__name__
    what = "the connection broke before an answer came" if connected else "no connection"
    certificate = "where a proxy inspects TLS, name its certificate in SSL_CERT_FILE"
    hint = certificate if "CERTIFICATE_VERIFY_FAILED" in reason else ""
    return Unreachable(call, f"{what}: {reason}", connected=connected, hint=hint)
