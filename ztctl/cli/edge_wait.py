"""Waiting for the edge (``--settle``) and probing opened hosts (``--probe``)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Report
from ztctl.core.reach.open_now import PublicHosts
from ztctl.engine.companion import Companion
from ztctl.engine.probe import Probe, ProbeReply, SendProbe
from ztctl.engine.settle import SETTLE, Settle
from ztctl.kinds.registry import KINDS

if TYPE_CHECKING:
    from ztctl.cli.settings import Settings
    from ztctl.cloudflare.probe_client import ProbeClient
    from ztctl.engine.drive import Api


@dataclass(frozen=True, slots=True)
class Settling:
    """The options: seconds to settle, ``None`` for the default, and whether to probe."""

    seconds: float | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class EdgeWait:
    """How a run waits for the edge; ``send`` sends probes, ``None`` without ``--probe``."""

    seconds: float
    declared: Declared
    send: SendProbe | None = None

    def companions(self, api: Api, report: Report) -> tuple[Companion, ...]:
        """The companions that wait for the edge and that probe opened hosts."""
        settle = Settle(KINDS, api, report, seconds=self.seconds)
        if self.send is None:
            return (settle,)
        public, team = PublicHosts(self.declared.public), self.declared.team
        return (settle, Probe(KINDS, api, report, self.send, public=public, team=team))


@asynccontextmanager
async def edge_of(wait: Settling, chosen: Settings, declared: Declared) -> AsyncIterator[EdgeWait]:
    """Open what waiting and probing need; in the sandbox there is no edge to wait for."""
    default = 0.0 if chosen.sandbox else SETTLE
    seconds = default if wait.seconds is None else wait.seconds
    if not wait.probe:
        yield EdgeWait(seconds, declared)
        return
    async with _prober(chosen) as doors:

        async def send(host: str) -> ProbeReply:
            status, location, error = await doors.head(host)
            return ProbeReply(status, location, error)

        yield EdgeWait(seconds, declared, send)


def _prober(chosen: Settings) -> ProbeClient:
    from ztctl.cloudflare.probe_client import ProbeClient

    if not chosen.sandbox:
        return ProbeClient()
    from ztctl.cli.session import sandbox_of
    from ztctl.sandbox.edge_transport import EdgeTransport

    sandbox = sandbox_of()
    # The sandbox has no running connectors. Without one a request that passes Access gets 530
    # (error 1033), which a probe would take for a name that the edge does not know yet.
    sandbox.edge.assume_connectors = True
    return ProbeClient(EdgeTransport(sandbox))
