"""Ask hosts over HTTPS without credentials: no token, no cookie, no redirect followed.

Importing it loads httpx. It shares no connection and no header with the client of the API, so that
the API token cannot reach a host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import httpx

from ztctl import __version__
from ztctl.cloudflare.connections import open_http
from ztctl.cloudflare.sanitize import sanitize

SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What a host answered; without a ``status`` nothing did, and ``error`` holds the reason.

    Attributes:
        location: header ``Location``; empty: none.
        date: header ``Date``, as it is.
        metadata: header ``cf-access-metadata``, a JWT; empty: none.
    """

    status: int | None
    location: str = ""
    error: str = ""
    date: str = ""
    metadata: str = ""


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
        found = await self.answer(host)
        return found.status, found.location, found.error

    async def answer(self, host: str, *, as_cloudflared: bool = False) -> ProbeAnswer:
        """Send HEAD to the root of a host; ``as_cloudflared`` asks for the application, too.

        With the header ``cf-access-metadata-request`` Access adds ``cf-access-metadata``, by which
        cloudflared from 2026.8.0 on learns of the application (its source).
        """
        if self._http is None:
            raise RuntimeError("a probe client sends inside `async with` only")
        asked = {"cf-access-metadata-request": "true"} if as_cloudflared else {}
        try:
            # A cookie that one host has set must not be sent to the next.
            self._http.cookies.clear()
            response = await self._http.head(
                f"https://{host}/", follow_redirects=False, headers=asked
            )
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return ProbeAnswer(None, error=sanitize(str(error), ()) or type(error).__name__)
        told = response.headers
        return ProbeAnswer(
            response.status_code,
            told.get("location", ""),
            date=told.get("date", ""),
            metadata=told.get("cf-access-metadata", ""),
        )
