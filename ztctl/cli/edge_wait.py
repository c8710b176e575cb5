"""How a run waits for the edge and asks at the doors that it opens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Report
from ztctl.core.reach.open_now import PublicHosts
from ztctl.engine.companion import Companion
from ztctl.engine.probe import Heard, Knock, Probe
from ztctl.engine.settle import SETTLE, Settle
from ztctl.kinds.registry import KINDS

if TYPE_CHECKING:
    from ztctl.cli.settings import Settings
    from ztctl.cloudflare.doors import Doors
    from ztctl.engine.drive import Api


@dataclass(frozen=True, slots=True)
class Settling:
    """What was asked for: seconds to settle (``None``: the usual), and whether to probe."""

    seconds: float | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class EdgeWait:
    """The edge as a run reckons with it; ``knock`` asks at its doors, if anybody does."""

    seconds: float
    declared: Declared
    knock: Knock | None = None

    def companions(self, api: Api, report: Report) -> tuple[Companion, ...]:
        """What waits for the edge, and what asks at its doors."""
        settle = Settle(KINDS, api, report, seconds=self.seconds)
        if self.knock is None:
            return (settle,)
        public, team = PublicHosts(self.declared.public), self.declared.team
        return (settle, Probe(KINDS, api, report, self.knock, public=public, team=team))


@asynccontextmanager
async def edge_of(asked: Settling, chosen: Settings, declared: Declared) -> AsyncIterator[EdgeWait]:
    """The edge of the account that the settings mean; the sandbox has none to wait for."""
    usual = 0.0 if chosen.sandbox else SETTLE
    seconds = usual if asked.seconds is None else asked.seconds
    if not asked.probe:
        yield EdgeWait(seconds, declared)
        return
    async with _doors(chosen) as doors:

        async def knock(host: str) -> Heard:
            status, location, trouble = await doors.head(host)
            return Heard(status, location, trouble)

        yield EdgeWait(seconds, declared, knock)


def _doors(chosen: Settings) -> Doors:
    from ztctl.cloudflare.doors import Doors

    if not chosen.sandbox:
        return Doors()
    from ztctl.cli.session import sandbox_of
    from ztctl.sandbox.edge_transport import EdgeTransport

    sandbox = sandbox_of()
    # Nothing runs there, but who gets past Access is to be seen all the same.
    sandbox.edge.assume_connectors = True
    return Doors(EdgeTransport(sandbox))
