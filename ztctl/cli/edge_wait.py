"""Waiting for the edge (``--settle``) and probing opened hosts (``--probe``)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztctl.core.model.declared import Declared
from ztctl.core.reach.open_now import PublicHosts
from ztctl.engine.companion import Companion
from ztctl.engine.probe import Probe, ProbeReply
from ztctl.engine.settle import SETTLE, Settle

if TYPE_CHECKING:
    from ztctl.cli.settings import Settings
    from ztctl.cloudflare.probe_client import ProbeClient


@dataclass(frozen=True, slots=True)
class Settling:
    """The options: seconds to settle, ``None`` for the default, and whether to probe."""

    seconds: float | None = None
    probe: bool = False


@asynccontextmanager
async def edge_of(
    wait: Settling, chosen: Settings, declared: Declared
) -> AsyncIterator[tuple[Companion, ...]]:
    """The companions that wait for the edge and that probe opened hosts.

    In the sandbox there is no edge to wait for.
    """
    default = 0.0 if chosen.sandbox else SETTLE
    settle = Settle(default if wait.seconds is None else wait.seconds)
    if not wait.probe:
        yield (settle,)
        return
    async with _prober(chosen) as doors:

        async def send(host: str) -> ProbeReply:
            return ProbeReply(*await doors.head(host))

        yield settle, Probe(send, PublicHosts(declared.public), declared.team)


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
