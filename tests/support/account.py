"""An account in memory, and a person who plans and applies files against it.

Everything between the file and the account is the real thing: documents, planning, client, engine.
After each write of an apply somebody who knows nothing of ztctl rings at every door of the account.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from tests.support.observer.observer import Agreed, Observer
from ztctl.cli.planning import options_of, plan_source
from ztctl.cli.session import declared_by
from ztctl.cli.settings import Settings
from ztctl.cloudflare.client import Client
from ztctl.core.model.declared import Declared
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Action, Plan
from ztctl.core.model.values import Secret
from ztctl.engine.companion import Means
from ztctl.engine.execute import execute
from ztctl.engine.plan import emptied
from ztctl.engine.recheck import Recheck
from ztctl.kinds.registry import KINDS
from ztctl.sandbox.messages import LogEntry, Request, Response
from ztctl.sandbox.seeds import ZoneSeed
from ztctl.sandbox.service import Sandbox
from ztctl.sandbox.settings import Settings as Behaviour
from ztctl.sandbox.transport import SandboxTransport
from ztctl.views.factory import make_view
from ztctl.views.view import View

ZONES = (ZoneSeed("example.com", "pro"), ZoneSeed("example.org"))
Json = Any
File = Mapping[str, Any]
Look = Callable[[Json], None]


class Ticking:
    """A clock that moves on by a second and a bit each time the service reads it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 7, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The time; it moves on."""
        was = self.now
        self.now += timedelta(seconds=1, microseconds=125)
        return was

    def seconds(self) -> float:
        """The time by the clock of people, which is right and moves nothing."""
        return self.now.timestamp()


async def at_once(seconds: float) -> None:
    """Sleep without sleeping, but let others go on."""
    await asyncio.sleep(0)


class Watched(Sandbox):
    """A sandbox of which somebody is told each write, before anything else can happen."""

    told: Callable[[str], None] | None = None

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        response = super().handle(request)
        if request.method != "GET" and self.told is not None:
            self.told(f"{request.method} {request.path.removeprefix('/client/v4')}")
        return response


@dataclass
class Account:
    """One account, the folder of the files, and what happened.

    An apply that breaks what the observer holds it to fails the test; ``public`` are the names, and
    paths of names, that some file states to be open. Each of ``looks`` is handed the whole account
    after each write. Accounts with one ``seed`` give the same ids in the same order.
    """

    made_as: ClassVar[type[Watched]] = Watched

    folder: Path
    awkward: bool = False
    keeps_omitted: bool = False
    zones: Sequence[ZoneSeed] = ZONES
    seed: int = 7
    sandbox: Sandbox = field(init=False)
    observer: Observer = field(init=False)
    public: set[str] = field(default_factory=set)
    looks: list[Look] = field(default_factory=list)
    clock: Ticking = field(default_factory=Ticking)
    _yes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Seed an account whose clock and ids repeat."""
        sandbox = self.made_as.create(
            zones=self.zones,
            awkward=self.awkward,
            settings=Behaviour(keeps_omitted=self.keeps_omitted),
            clock=self.clock,
            entropy=random.Random(self.seed).randbytes,
        )
        assert isinstance(sandbox, Watched)
        self.sandbox, self.observer = sandbox, Observer(sandbox)
        sandbox.told = self._look

    # -- what a person does -----------------------------------------------------------------

    def declared(self, file: File) -> Declared:
        """The wanted side of a file, checked as far as that goes offline."""
        path = self.folder / "ztctl.yaml"
        path.write_text(json.dumps({"version": 1, "stack": "prod", **file}), encoding="utf-8")
        declared = declared_by(Settings(files=(path,)))
        self.public |= set(map(str, declared.public))
        return declared

    def plan(self, file: File, **yes: Any) -> Plan:
        """The plan for a file; ``yes`` is what ``options_of`` takes."""
        return self.plan_of(self.declared(file), **yes)

    def plan_of(self, declared: Declared, **yes: Any) -> Plan:
        """The plan for a wanted side."""
        self._yes = yes
        return asyncio.run(self._planned(declared, yes))

    def apply(self, file: File, **yes: Any) -> Outcome:
        """Plan and carry out; a refused plan fails the test."""
        return self._finished(self.declared(file), yes)

    def destroy(self, file: File, **yes: Any) -> Outcome:
        """Take everything of the stack away, with every yes that it wants."""
        nothing = emptied(self.declared(file), KINDS)
        everything = {
            "deletions": True, "no_policy": ["all"], "ca_deletion": ["all"],
            "protected": ["all"], "interruption": ["all"], "disconnect": ["all"],
        }  # fmt: skip
        everything |= {"exposure": opened(self.plan_of(nothing, **everything)), **yes}
        return self._finished(nothing, everything)

    def carry_out(self, plan: Plan) -> Outcome:
        """Carry out a plan as it is, with the yes that it was planned with."""
        return asyncio.run(self._carried(plan, self._yes))

    # -- what others do ---------------------------------------------------------------------

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """A request of somebody else; the result. ``{A}`` stands for the account.

        The faults that are meant for a run do not befall it.
        """
        path, _, query = path.replace("{A}", f"/accounts/{self.sandbox.account_id}").partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        sent = b"" if body is None else json.dumps(body).encode()
        headers = (("authorization", "Bearer somebody"),)
        request = Request(method, f"/client/v4{path}", pairs, headers, sent)
        faults = self.sandbox.faults
        script, faults.script = faults.script, []
        response = self.sandbox.handle(request)
        faults.script = script
        told = json.loads(response.body)
        assert response.status < 400, told["errors"]
        return told["result"]

    def everything(self) -> Json:
        """The whole account as it is, by kind; what was done to it is history, and left out."""
        account = self.sandbox.export()
        return {kind: account[kind] for kind in account if kind != "audit_logs"}

    def one(self, kind: str, **facts: Any) -> Json:
        """The one live object of a kind that has these fields."""
        (found,) = (
            item
            for item in self.everything()[kind]
            if all(item.get(name) == value for name, value in facts.items())
            and not item.get("deleted_at")
        )
        return found

    def writes(self) -> list[LogEntry]:
        """Every write that the account has seen, in order."""
        return [entry for entry in self.sandbox.log if entry.method != "GET"]

    def forget_log(self) -> None:
        """Begin a new page of the log."""
        self.sandbox.log.clear()

    # -- how --------------------------------------------------------------------------------

    def client(self) -> Client:
        """A client of this account that loses no time, watched."""
        return Client(
            Secret("sandbox"),
            account=self.sandbox.account_id,
            transport=SandboxTransport(self.sandbox, sleep=at_once),
            quota=None,
            sleep=at_once,
            wall=self.clock.seconds,
        )

    def means(self, client: Client) -> Means:
        """What a run works with: everything that goes with one of the command line."""
        return Means(client, self.view().event, sleep=at_once, around=(Recheck(),))

    def view(self) -> View:
        """A view that nobody reads."""
        return make_view(
            "json", stdout=StringIO(), stderr=StringIO(), color=False, quiet=True, terminal=False,
            redact=str, version="0",
        )  # fmt: skip

    def _look(self, write: str) -> None:
        self.observer.look(write)
        for look in self.looks:
            look(self.sandbox.export())

    def _finished(self, declared: Declared, yes: Mapping[str, Any]) -> Outcome:
        async def work() -> Outcome:
            plan = await self._planned(declared, yes)
            assert not plan.refusals, plan.refusals
            return await self._carried(plan, yes)

        return asyncio.run(work())

    async def _planned(self, declared: Declared, yes: Mapping[str, Any]) -> Plan:
        async with self.client() as client:
            source = plan_source(client, declared, options_of(**yes), self.view())
            return (await source.plan()).plan

    async def _carried(self, plan: Plan, yes: Mapping[str, Any]) -> Outcome:
        interrupted = bool(yes.get("interruption"))
        exposed = [_starred(name) for name in yes.get("exposure") or ()]
        agreed = Agreed(self.public, exposed, interrupted=interrupted)
        self.observer.begin(agreed)
        outcome: Outcome | None = None
        try:
            async with self.client() as client:
                outcome = await execute(plan, KINDS, self.means(client))
        finally:
            broken = self.observer.end(complete=outcome is not None and outcome.is_complete)
        assert not broken, broken
        return outcome


def opened(plan: Plan) -> list[str]:
    """The hosts that are open to everybody when a plan is done, and were not before."""
    return [change.host for change in plan.access if any(way.openness for way in change.gained)]


def _starred(name: str) -> str:
    """The star that stands for the names of any depth among which these are."""
    return name.replace("*.*.", "*.")


def told(plan: Plan) -> list[str]:
    """A plan in short: action and address of each change, in the order in which it is printed."""
    return [f"{change.action} {change.address}" for change in plan.changes]


def edits(plan: Plan) -> list[str]:
    """The paths of every edit of a plan, each behind its address."""
    return [
        f"{change.address} {edit.path}"
        for change in plan.changes
        for edit in change.edits
        if change.action is not Action.DELETE
    ]


def refused(plan: Plan) -> list[tuple[str, str]]:
    """Whom apply will not serve, and the flag that would admit it."""
    return [(str(refusal.address), refusal.flag) for refusal in plan.refusals]
