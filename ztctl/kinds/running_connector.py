"""Running connectors: read-only, where a tunnel is to take another one's place.

What nothing runs for serves nobody, so that no record is moved there. Sources as in
``tunnel_connectors``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ztctl.core.model.calls import LiveObjects, ReadFlow
from ztctl.core.model.connectors import Connector
from ztctl.core.model.flows import Ask
from ztctl.core.model.kind import Kind
from ztctl.core.model.objects import EMPTY, Attributes, Live
from ztctl.kinds.tunnel_connectors import connections, connectors_in


@dataclass(frozen=True, slots=True)
class ConnectorAttributes(Attributes):
    """What runs, and for which tunnel, by its id."""

    tunnel: str
    runs: Connector


class RunningConnector(Kind):
    """A running cloudflared."""

    name = "running_connector"
    title = "connector"

    def needed(self, ask: Ask) -> bool:
        """Where a tunnel takes another one's place."""
        return ask.everywhere

    def read(self, ask: Ask) -> ReadFlow[tuple[Live, ...]]:
        """The connectors of the stack's tunnels that are to take the place of others."""
        if not ask.everywhere:
            return ()
        tunnels = yield LiveObjects("tunnel")
        spare = [it for it in tunnels if it.belongs_to(ask.stack) and it.mark and it.mark.spare]
        replies = yield tuple(connections(it.id) for it in spare)
        return tuple(
            Live(self.name, it.id, it.id, it.id, EMPTY, ConnectorAttributes(tunnel.id, it))
            for tunnel, reply in zip(spare, replies, strict=True)
            for it in connectors_in(reply)
        )
