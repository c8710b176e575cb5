"""People and jobs that work on one account, each with a file of a stack of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.account import Account, File, at_once
from ztctl.cli.apply_flow import Outdated, Plans, Request
from ztctl.cli.planning import options_of
from ztctl.cli.settings import Settings
from ztctl.cloudflare.client import Client
from ztctl.core.model.declared import Declared
from ztctl.core.model.values import Secret
from ztctl.core.runs.locks import Holder, is_lock
from ztctl.engine.companion import Companion, Means
from ztctl.engine.journal import Journal, JournalPaths
from ztctl.engine.lock import RENEWAL_POLL, Lock, Locked
from ztctl.engine.locked_run import LockedRun
from ztctl.kinds.registry import KINDS
from ztctl.sandbox.transport import SandboxTransport

Meanwhile = Callable[[], object]
YES: Mapping[str, Any] = {"deletions": True, "no_policy": ["all"], "ca_deletion": ["all"]}
# How an apply ends whose plan is no longer the one that was shown.
OUTDATED = "Outdated: the account is no longer as it was when the plan was made"


async def rest(seconds: float) -> None:
    """Let others go on the longer, the longer it is; what renews a lock never wakes."""
    if seconds == RENEWAL_POLL:
        await asyncio.sleep(3600)
    for _ in range(1 + int(seconds * 20)):
        await asyncio.sleep(0)


@dataclass
class Person:
    """Somebody who looks at a plan, says yes, and applies it, as the command does.

    Attributes:
        wait: whether to wait for others, for as long as it takes; no time passes for the lock.
        chance: by which two who gave way do not meet again.
        notes: what was told.
        around: companions of the run, such as a wait for the edge.
        wire: what stands between the client and the account.
    """

    account: Account
    who: str
    file: File
    wait: float = 0.0
    chance: float = 0.5
    yes: Mapping[str, Any] = field(default_factory=lambda: dict(YES))
    notes: list[str] = field(default_factory=list)
    around: tuple[Companion, ...] = ()
    wire: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda inner: inner
    sleep: Callable[[float], Any] = rest
    clock: Callable[[], float] = time.monotonic
    declared: Declared = field(init=False)
    lock: Lock = field(init=False)

    def __post_init__(self) -> None:
        """Load the file."""
        self.declared = self.account.declared(self.file)

    def applies(self, meanwhile: Meanwhile | None = None) -> str:
        """How it ends; ``meanwhile`` is done by others before the yes."""
        return asyncio.run(asyncio.wait_for(self.applying(meanwhile), 60))

    async def applying(self, meanwhile: Meanwhile | None = None) -> str:
        """The same, in a loop that others may share."""
        account, view = self.account, self.account.view()
        request = Request(Settings(), options_of(**self.yes))
        client = Client(
            Secret("sandbox"),
            account=account.sandbox.account_id,
            transport=self.wire(SandboxTransport(account.sandbox, sleep=at_once)),
            quota=None,
            sleep=at_once,
            wall=account.clock.seconds,
        )
        async with client:
            plans = Plans(request, self.declared, view, client, None)
            verdict = await plans.shown()
            if verdict is not None:
                return verdict.name
            if meanwhile is not None:
                await asyncio.to_thread(meanwhile)
            run = self._run(client, plans)
            means = Means(client, view.event, clock=self.clock, sleep=self.sleep)
            try:
                outcome = await run(means)
            except (Locked, Outdated) as refused:
                return f"{type(refused).__name__}: {refused.summary}"
        assert outcome is not None
        return "complete" if outcome.is_complete else str(outcome.failed)

    def _run(self, client: Client, plans: Plans) -> LockedRun:
        stack, clock = self.declared.stack, client.service_clock
        # The clock of the account moves on with each call: who waits would make leases end.
        began = clock.now()
        self.lock = Lock(
            Holder.named(stack, self.who, lambda below: len(self.who) % below),
            self.wait,
            self.notes.append,
            now=lambda: began,
            skew=lambda: clock.skew,
            chance=lambda: self.chance,
        )
        place = JournalPaths(Path(self.account.folder), f"{self.who}.jsonl")
        journal = Journal(place, str, lambda problem: None, holder=self.lock.holder)
        return LockedRun(
            client.account or "", stack, KINDS, journal, self.lock, plans.plan_under_lock,
            self.around, plans.plan,
        )  # fmt: skip


def together(*people: Person) -> list[str]:
    """How several applies end that go on at the same time."""

    async def work() -> list[str]:
        return list(await asyncio.gather(*(person.applying() for person in people)))

    return asyncio.run(asyncio.wait_for(work(), 60))


def flags(account: Account) -> list[str]:
    """The names of the lock's flags in the account."""
    return sorted(tag["name"] for tag in account.everything()["tags"] if is_lock(tag["name"]))
