"""Commands of a walk: what the command line does for an apply, alone or beside another one.

A run goes through the client to the sandbox by a wire of its own, on which it can be cut off at
any call, and on which two runs take turns call by call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.support.account import Account, at_once
from tests.support.observer.observer import Told
from ztctl.cli.apply_flow import Plans, Request
from ztctl.cli.planning import options_of
from ztctl.cli.settings import Settings
from ztctl.cloudflare.client import Client
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failure, Failures, Problems
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Secret
from ztctl.core.runs.locks import Holder
from ztctl.engine.companion import Means
from ztctl.engine.drive import Sleep
from ztctl.engine.journal import Journal, JournalPaths
from ztctl.engine.lock import RENEWAL_POLL, Lock
from ztctl.engine.locked_run import LockedRun
from ztctl.kinds.registry import KINDS
from ztctl.sandbox.transport import SandboxTransport

Yes = Mapping[str, Any]
_PATIENCE = 2000


class Killed(BaseException):
    """The process is no more: nothing catches it."""


@dataclass
class Turns:
    """Whose next call is served: one run's, until chance hands over to the other.

    ``handing`` are the numbers of calls after which that happens.
    """

    handing: frozenset[int]
    first: str
    second: str
    now: str = ""
    calls: int = 0
    ended: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """The first run begins."""
        self.now = self.first

    async def take(self, me: str) -> None:
        """Wait for one's turn; one who never gets it goes on."""
        for _ in range(_PATIENCE):
            if self.now == me or self.ended:
                break
            await asyncio.sleep(0)
        self.calls += 1
        if self.calls in self.handing:
            self.hand_over(self.now)

    def hand_over(self, me: str) -> None:
        """Whose turn it is lets the other one go on."""
        if self.now == me:
            self.now = self.second if me == self.first else self.first


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The way of one run to the service.

    Attributes:
        kill_at: the number of the call at which the process dies.
        after: it dies when the call is answered.
    """

    inner: httpx.AsyncBaseTransport
    me: str = ""
    turns: Turns | None = None
    kill_at: int | None = None
    after: bool = False
    calls: int = 0
    dead: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, when it is this run's turn, or never."""
        if self.turns is not None:
            await self.turns.take(self.me)
        self.calls += 1
        dies = self.kill_at is not None and self.calls >= self.kill_at
        self.dead = self.dead or (dies and not self.after)
        # Nothing that the process would still do while it ends gets out.
        if self.dead:
            raise Killed
        response = await self.inner.handle_async_request(request)
        if dies:
            self.dead = True
            raise Killed
        return response

    def rest(self) -> None:
        """Let the other run go on."""
        if self.turns is not None:
            self.turns.hand_over(self.me)


@dataclass
class Run:
    """One command ``apply`` of one stack, and how it went.

    Attributes:
        wait: seconds to wait for the account's lock.
        dead: who held the lock once and has ended, of which this machine knows.
        told: under which names its plans said that somebody gains entry.
        end: in step, refused, complete, incomplete, failed or stood back.
    """

    account: Account
    declared: Declared
    yes: Yes
    wait: float = 0.0
    dead: set[Holder] = field(default_factory=set)
    told: set[Told] = field(default_factory=set)
    plan: Plan | None = None
    outcome: Outcome | None = None
    end: str = ""
    why: str = ""
    rested: float = 0.0

    async def go(self, wire: Wire) -> None:
        """Plan, and carry out what is not refused."""

        async def rest(seconds: float) -> None:
            # Time passes that only this run sees; no run of a walk takes as long as a renewal.
            if seconds == RENEWAL_POLL:
                await asyncio.Event().wait()
            self.rested += seconds
            wire.rest()
            await asyncio.sleep(0)

        client = Client(
            Secret("sandbox"),
            account=self.account.sandbox.account_id,
            transport=wire,
            quota=None,
            sleep=rest,
            clock=lambda: self.rested,
            wall=self.account.clock.seconds,
            jitter=lambda: 0.5,
        )
        try:
            async with client:
                await self._apply(client, rest)
        except Problems as problems:
            self.end, self.why = "problems", str(problems)
        except (CallFailed, Failures) as failure:
            self.end, self.why = "failed", str(failure)
        except Failure as failure:
            self.end, self.why = "stood back", failure.summary

    async def _apply(self, client: Client, rest: Sleep) -> None:
        view, declared = self.account.view(), self.declared
        plans = Plans(Request(Settings(), options_of(**self.yes)), declared, view, client, None)
        ended = await plans.shown()
        self.plan = plan = plans.plan
        assert plan is not None
        self.told |= {
            Told(change.host, everybody=any(way.openness for way in change.gained))
            for change in plan.access
            if change.gained
        }
        if ended is not None:
            self.end, self.why = "refused" if plan.refusals else "in step", _reasons(plan)
            return
        # No two runs have the same, and each run has the same again.
        chance = Random(f"{declared.stack} {len(self.account.sandbox.log)}")
        began = client.service_clock.now()
        lock = Lock(
            Holder.named(declared.stack, "walk", chance.randrange),
            self.wait,
            now=lambda: began + self.rested,
            skew=lambda: client.service_clock.skew,
            is_dead=self.dead.__contains__,
            chance=chance.random,
        )
        place = JournalPaths(self.account.folder, f"{declared.stack}.jsonl")
        journal = Journal(place, str, lambda problem: None, holder=lock.holder)
        run = LockedRun(
            client.account or "", declared.stack, KINDS, journal, lock, plans.plan_under_lock,
            plan=plan,
        )  # fmt: skip
        means = Means(client, view.event, clock=lambda: self.rested, sleep=rest)
        try:
            self.outcome = await run(means)
        except Killed:
            await journal.abandon()
            raise
        finally:
            self.dead.add(lock.holder)
        assert self.outcome is not None
        self.end = "complete" if self.outcome.is_complete else "incomplete"
        self.why = str(self.outcome.failed)


def _reasons(plan: Plan) -> str:
    return "; ".join(f"{item.address}: {item.reason} {item.flag}" for item in plan.refusals)


def alone(run: Run, *, kill_at: int | None = None, after: bool = False) -> int:
    """One command by itself, which may be killed at some call; how many calls it made."""
    wire = Wire(_to(run), kill_at=kill_at, after=after)
    try:
        asyncio.run(run.go(wire))
    except Killed:
        run.end = "killed"
    return wire.calls


def together(first: Run, second: Run, handing: frozenset[int]) -> None:
    """Two commands at the same time, which take turns at every call."""
    turns = Turns(handing, "first", "second")

    async def work(run: Run, me: str) -> None:
        try:
            await run.go(Wire(_to(run), me, turns))
        finally:
            turns.ended.add(me)

    async def both() -> None:
        await asyncio.gather(work(first, "first"), work(second, "second"))

    asyncio.run(both())


def handovers(chance: Random) -> frozenset[int]:
    """After which calls of two runs the other one goes on.

    Often once, about when the first run has shown its plan; the second then comes to its end.
    """
    if chance.random() < 0.5:
        return frozenset({chance.randrange(6, 36)})
    return frozenset(chance.randrange(1, 60) for _ in range(chance.choice([1, 2, 3, 6, 20])))


def _to(run: Run) -> httpx.AsyncBaseTransport:
    return SandboxTransport(run.account.sandbox, sleep=at_once)
