"""Post one message to a webhook of the user: no token of the API, no redirect followed.

Importing it loads httpx. The URL is a secret: no message of this module holds it.

Slack answers 200 with ``ok``; 400 and 404 are final, 429 and 5xx pass (Slack documentation of
incoming webhooks, and reports of other clients).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import httpx

from ztctl import __version__
from ztctl.cloudflare.connections import open_http
from ztctl.cloudflare.encoding import webhook_url
from ztctl.cloudflare.envelope import retry_after
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.values import Secret

SECONDS: Final = 10.0
ATTEMPTS: Final = 3
FIRST_WAIT: Final = 1.0
# A job of every few minutes must not wait longer for a webhook that is busy.
LONGEST_WAIT: Final = 30.0


def check_webhook(url: Secret) -> None:
    """Require an absolute http or https URL.

    Raises:
        Failure: it is none; its text is not shown.
    """
    text = webhook_url(url)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise Failure(
            "the webhook is no absolute http or https URL",
            "copy it whole, such as https://hooks.example.com/services/…",
        )


async def post(
    url: Secret,
    body: bytes,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> str:
    """Post JSON, and again where that may help; why it failed, empty where it did not.

    What is sent again may have arrived before: a message twice is better than none.

    Raises:
        Failure: proxy or certificate settings of the environment cannot be used.
    """
    headers = {"User-Agent": f"ztctl/{__version__}", "Content-Type": "application/json"}
    why = ""
    async with open_http(
        "the webhook cannot be reached",
        headers=headers,
        timeout=SECONDS,
        transport=transport,
        trust_env=transport is None,
    ) as http:
        for attempt in range(1, ATTEMPTS + 1):
            why, wait = await _attempt(http, url, body)
            if not why or wait is None or attempt == ATTEMPTS:
                break
            await sleep(wait or FIRST_WAIT * 2 ** (attempt - 1))
    return why


async def _attempt(http: httpx.AsyncClient, url: Secret, body: bytes) -> tuple[str, float | None]:
    """Why it failed, and after how many seconds to try again: 0 for the usual, ``None`` for never.

    No text of the server or of the error is told: both may hold the URL.
    """
    try:
        # Only the status counts: a body of any length is left unread.
        async with http.stream("POST", webhook_url(url), content=body) as answer:
            status, headers = answer.status_code, dict(answer.headers)
    except httpx.TimeoutException:
        return "no answer in time", 0.0
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return f"no connection ({type(error).__name__})", 0.0
    if 200 <= status < 300:
        return "", None
    if 300 <= status < 400:
        return f"HTTP {status}: a redirect, which is not followed", None
    if status != httpx.codes.TOO_MANY_REQUESTS and status < httpx.codes.INTERNAL_SERVER_ERROR:
        return f"HTTP {status}", None
    asked = retry_after(headers) or 0.0
    return f"HTTP {status}", asked if asked <= LONGEST_WAIT else None
