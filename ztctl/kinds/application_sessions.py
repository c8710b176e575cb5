"""End the sessions of an application by revoking its tokens.

Users have to log in again; open SSH sessions continue (Cloudflare One documentation, "Session
management"). The call: Cloudflare OpenAPI description, July 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ztctl.core.model.calls import Call, Flow
from ztctl.core.model.names import access_covers
from ztctl.core.model.objects import Live
from ztctl.kinds.access_application import PATH
from ztctl.kinds.common import ACCESS_APPS, APPLICATION, segment
from ztctl.kinds.destinations import public_hosts


def sessions_ended(live: Live) -> Flow[Any]:
    """Revoke all tokens of an application."""
    return (yield Call("POST", f"{PATH}/{segment(live.id)}/revoke_tokens", permission=ACCESS_APPS))


def stands_before(live: Live, hosts: Iterable[str]) -> bool:
    """Whether it is an application that covers one of these names, with or without a path."""
    if live.kind != APPLICATION:
        return False
    patterns = public_hosts(live.values.get("destinations"))
    return any(access_covers(pattern, host) for pattern in patterns for host in hosts)
