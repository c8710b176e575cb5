"""Ask hosts over HTTPS without credentials: no token, no cookie, no redirect followed.

Importing it loads httpx. It shares no connection and no header with the client of the API, so that
the API token cannot reach a host.
"""

from __future__ import annotations

from typing import Final, Self

import httpx

from ztctl import __version__
from ztctl.cloudflare.connections import open_http
from ztctl.cloudflare.sanitize import sanitize

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
        self._http = open_http(
            "hosts cannot be asked",
            headers={"User-Agent": f"ztctl/{__version__}"},
            timeout=SECONDS,
            transport=self._transport,
            trust_env=self._transport is None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
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
