"""When tokens end: the service tokens of the account, and the API token itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ztctl.core.model.calls import Call, CallFailed
from ztctl.engine.drive import Api

# As in cloudflare/verify: a user's token is verified at the first, an account's at the second.
_VERIFY: Final = (
    Call("GET", "/user/tokens/verify"),
    Call("GET", "/accounts/{account}/tokens/verify"),
)
_SERVICE_TOKENS: Final = Call(
    "GET",
    "/accounts/{account}/access/service_tokens",
    per_page=1000,
    members=("name",),
    permission="Access: Service Tokens",
)


async def service_token_ends(api: Api, now: datetime) -> list[tuple[str, str, float]]:
    """Name, id and seconds until the end of each service token; infinite for one without an end.

    Raises:
        CallFailed: they cannot be listed.
    """
    found = await api.send(_SERVICE_TOKENS)
    listed = [raw for raw in found if isinstance(raw, Mapping)]
    ends = ((raw, _seconds(raw, "expires_at", now)) for raw in listed)
    return [
        (str(raw.get("name") or ""), str(raw.get("id") or ""), seconds)
        for raw, seconds in ends
        if not math.isnan(seconds)
    ]


async def api_token_end(api: Api, now: datetime) -> float:
    """Seconds until the API token ends; infinite where it has no end, not a number where unknown.

    Raises:
        CallFailed: it cannot be verified.
    """
    of_user, of_account = _VERIFY
    try:
        found = await api.send(of_user)
    except CallFailed:
        # One of an account is refused there.
        found = await api.send(of_account)
    return _seconds(found, "expires_on", now) if isinstance(found, Mapping) else math.nan


def _seconds(raw: Mapping[str, Any], name: str, now: datetime) -> float:
    text = raw.get(name)
    if text is None or raw.get("duration") == "forever":
        return math.inf
    try:
        end = datetime.fromisoformat(text)
        return (end - now).total_seconds()
    except (TypeError, ValueError):
        return math.nan
