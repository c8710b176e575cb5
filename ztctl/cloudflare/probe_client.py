"""Ask hosts over HTTPS without credentials: no token, no cookie, no redirect followed.

Importing it loads httpx. It shares nothing with the client of the API, so that the API token cannot
reach a host.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

import httpx

from ztctl import __version__
from ztctl.cloudflare.sanitize import sanitize
from ztctl.core.model.diagnostics import Failure

SECONDS: Final = 10.0


class ProbeClient:
    """Sends HEAD requests to hosts, inside ``async with``.

    Args:
        transport: replaces the network.

    Raises:
        Failure: on entering, when proxy or certificate settings of the environment cannot be used.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        headers = {"User-Agent": f"ztctl/{__version__}"}
        try:
            self._http = httpx.AsyncClient(
                transport=self._transport,
                headers=headers,
                timeout=SECONDS,
                trust_env=self._transport is None,
            )
        except (ImportError, OSError, ValueError) as error:
            # The text of the error is left out: it may contain the password of a proxy.
            raise Failure(
                f"hosts cannot be asked ({type(error).__name__})",
                "check the proxy variables (HTTPS_PROXY, ALL_PROXY) and SSL_CERT_FILE",
            ) from None
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def head(self, host: str) -> tuple[int | None, str, str]:
        """Send HEAD to the root of a host.

        Returns:
            Status, ``Location`` or an empty text, and an empty text; else ``None``, an empty text
            and the error.
        """
        if self._http is None:
            raise RuntimeError("a probe client sends inside `async with` only")
        try:
            # A cookie that one host has set must not be sent to the next.
            self._http.cookies.clear()
            response = await self._http.head(f"https://{host}/", follow_redirects=False)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return None, "", sanitize(str(error), ()) or type(error).__name__
        return response.status_code, response.headers.get("location", ""), ""
