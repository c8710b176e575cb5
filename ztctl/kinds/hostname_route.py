"""Routes of private host names: read-only, so that no tunnel is deleted to which one leads.

Paths and fields: Cloudflare's Python SDK 5.9.0. That the service refuses such a deletion is
reported for routes of networks (error 1023), and a guess for these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ztctl.core.model.calls import CallFailed, LiveObjects, ReadFlow
from ztctl.core.model.facts import Fact, PrivateNetwork
from ztctl.core.model.flows import Ask
from ztctl.core.model.gap import Gap
from ztctl.core.model.objects import Live, Values
from ztctl.kinds.common import TUNNEL, text_of
from ztctl.kinds.plain import PlainKind, Rest


class HostnameRoute(PlainKind):
    """A route of a private host name to a tunnel."""

    name = "hostname_route"
    title = "private host name route"
    rest = Rest(
        "/accounts/{account}/zerotrust/routes/hostname",
        TUNNEL,
        100,
        query={"is_deleted": "false"},
        members=("hostname",),
        optional=True,
    )

    def name_of(self, raw: Mapping[str, Any]) -> str:
        """The host name."""
        return text_of(raw, "hostname")

    def live_from(self, raw: Mapping[str, Any]) -> Live:
        """Convert a route, which uses its tunnel."""
        return replace(super().live_from(raw), uses=(("tunnel", text_of(raw, "tunnel_id")),))

    def fact(self, values: Values, live: Live | None) -> Fact | None:
        """Every enrolled device reaches it by its name."""
        if live is None:
            return None
        return PrivateNetwork(live.name, dict(live.uses).get("tunnel", ""))

    def gap(self, live: Live) -> Gap | None:
        """There is no section for them."""
        return Gap("routes of private host names cannot be declared")

    def needed(self, ask: Ask) -> bool:
        """A plan may delete a tunnel; else where the routes themselves are asked about."""
        return bool(ask.stack) or self.name in ask.used

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """Read all where a tunnel may go: one that no file declares, or that is removed."""
        wanted = {it.name or it.address.key for it in ask.wanted.get("tunnel", ())}
        # Without waiting for the tunnels where the files declare none, as when all is destroyed.
        removed = any(kind == "tunnel" for kind, _ in ask.removed)
        if not wanted or removed or ask.everywhere:
            return (yield from super().read(ask))
        try:
            tunnels = yield LiveObjects("tunnel")
        except CallFailed as failure:
            # The tunnels themselves are then reported as not read.
            if not failure.leaves_gap:
                raise
            return ()
        going = (it.belongs_to(ask.stack) and it.key not in wanted for it in tunnels)
        return (yield from super().read(ask)) if any(going) else ()
