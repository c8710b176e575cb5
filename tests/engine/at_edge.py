"""An account whose edge lags, a clock that only sleeping moves, and a visitor without a name.

The visitor looks after each request to the API and after each second that somebody sleeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.account import Account
from ztctl.cli.planning import options_of, plan_source
from ztctl.cloudflare.client import Client
from ztctl.cloudflare.probe_client import ProbeClient
from ztctl.core.model.declared import PublicPlace
from ztctl.core.model.events import Event, Outcome
from ztctl.core.model.values import Secret
from ztctl.core.reach.open_now import PublicPlaces
from ztctl.engine.companion import Companion, Means
from ztctl.engine.execute import execute
from ztctl.engine.probe import Probe
from ztctl.engine.settle import Settle
from ztctl.kinds.registry import KINDS
from ztctl.sandbox.edge.values import Visit
from ztctl.sandbox.edge_transport import EdgeTransport
from ztctl.sandbox.messages import Request, Response
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.transport import SandboxTransport

HOST = "ssh.example.com"
START = datetime(2026, 7, 1, tzinfo=UTC)
# The connector asks for nothing, so that Access alone stands before the origin.
FILE: Mapping[str, Any] = {
    "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
    "applications": {HOST: {"policies": ["team"]}},
    "tunnels": {
        "edge": {"ingress": [{"hostname": HOST, "service": "ssh://a:22", "access": False}]}
    },
    "dns": {HOST: {"tunnel": "edge"}},
}


class Visited(Sandbox):
    """A sandbox of which somebody is told each request."""

    scene: Scene | None = None

    def handle(self, request: Request) -> Response:
        """HttpResponse one request."""
        response = super().handle(request)
        if self.scene is not None:
            self.scene.visit()
        return response


@dataclass
class Scene:
    """One account and what the visitor met; ``hosts`` are the names that are visited."""

    folder: Path
    hosts: tuple[str, ...] = (HOST,)
    settle: float = 0.0
    probe: bool = False
    public: tuple[str, ...] = ()
    team: str | None = None
    now: float = 0.0
    opened: list[tuple[float, str]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    sandbox: Sandbox = field(init=False)

    def __post_init__(self) -> None:
        """Seed an account whose clock is the scene's."""
        made = Visited.create(clock=lambda: START + timedelta(seconds=self.now))
        assert isinstance(made, Visited)
        made.edge.assume_connectors = True
        made.scene, self.sandbox = self, made

    def visit(self) -> None:
        """Go to each host without a name, and note where an origin answers."""
        for host in self.hosts:
            if self.sandbox.edge.visit(Visit(host)).outcome == "origin":
                self.opened.append((self.now, host))

    async def sleep(self, seconds: float) -> None:
        """Let time pass, second by second."""
        self.slept.append(seconds)
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self.visit()
            await asyncio.sleep(0)

    def apply(self, file: Mapping[str, Any], **yes: Any) -> Outcome:
        """Plan and carry out."""
        return asyncio.run(asyncio.wait_for(self._apply(file, yes), 60))

    async def _apply(self, file: Mapping[str, Any], yes: Mapping[str, Any]) -> Outcome:
        files = Account(self.folder)
        declared = files.declared(file)
        transport = SandboxTransport(self.sandbox, sleep=self.sleep)
        client = Client(
            Secret("x"), account=self.sandbox.account_id, transport=transport, quota=None,
            sleep=self.sleep,
        )  # fmt: skip
        async with client, ProbeClient(EdgeTransport(self.sandbox)) as doors:
            source = plan_source(client, declared, options_of(**yes), files.view())
            plan = (await source.plan()).plan
            assert not plan.refusals, plan.refusals
            around = self._around(doors)
            means = Means(
                client, self.events.append, clock=lambda: self.now, sleep=self.sleep, around=around
            )
            return await execute(plan, KINDS, means)

    def _around(self, doors: ProbeClient) -> tuple[Companion, ...]:
        settle = Settle(self.settle)
        probe = Probe(doors.head, PublicPlaces(map(PublicPlace, self.public)), self.team)
        return (settle, probe) if self.probe else (settle,)

    # -- what is there ----------------------------------------------------------------------

    def records(self) -> list[str]:
        """The names of the records of all zones."""
        return [record["name"] for record in self.sandbox.export()["dns_records"]]

    def living(self, kind: str) -> list[Any]:
        """Every object of a kind that is not deleted."""
        return [one for one in self.sandbox.export()[kind] if not one.get("deleted_at")]

    def times(self, method: str, path: str) -> list[float]:
        """When requests of this sort came in, in seconds."""
        return [
            (entry.time - START).total_seconds()
            for entry in self.sandbox.log
            if entry.method == method and path in entry.path
        ]
