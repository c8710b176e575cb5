"""Waiting for the edge (``--settle``) and probing opened hosts (``--probe``)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ztctl.core.model.declared import Declared
from ztctl.core.reach.open_now import PublicPlaces
from ztctl.engine.companion import Companion
from ztctl.engine.probe import Probe
from ztctl.engine.settle import SETTLE, Settle

if TYPE_CHECKING:
    from ztctl.cli.settings import Settings
    from ztctl.cloudflare.probe_client import ProbeClient


@asynccontextmanager
async def edge_of(
    chosen: Settings, declared: Declared, seconds: float | None, *, probe: bool
) -> AsyncIterator[tuple[Companion, ...]]:
    """The companions that wait for the edge and that probe opened hosts.

    Args:
        chosen: the settings; in the sandbox there is no edge to wait for.
        declared: states the public hosts and the team.
        seconds: time to wait; ``None`` for the default.
        probe: whether to probe.
    """
    default = 0.0 if chosen.sandbox else SETTLE
    settle = Settle(default if seconds is None else seconds)
    if not probe:
        yield (settle,)
        return
    async with prober(chosen) as doors:
        yield settle, Probe(doors.head, PublicPlaces(declared.public), declared.team)


def prober(chosen: Settings) -> ProbeClient:
    """What asks hosts without a credential; in the sandbox, its edge."""
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
