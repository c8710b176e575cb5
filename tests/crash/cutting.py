"""Runs that fail or are cut off at one of their calls, and what must hold afterwards."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from tests.support.account import Account, File
from tests.support.foreign import changed, lived_in, snapshot
from ztctl.cloudflare.client import Client
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Failures, Problems
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.core.model.values import Secret
from ztctl.engine.companion import Means
from ztctl.engine.plan import emptied
from ztctl.kinds.registry import KINDS
from ztctl.sandbox.transport import SandboxTransport

# Every yes but those that would blind the observer: open names, and people locked out.
YES: Mapping[str, Any] = {
    "deletions": True,
    "no_policy": ["all"],
    "ca_deletion": ["all"],
    "protected": ["all"],
    "disconnect": ["all"],
}
COMPUTED = frozenset({"audit_logs", "accounts", "tunnel_configurations"})
NOTHING: File = {}


class Killed(BaseException):
    """The process is no more: nothing catches it."""


@dataclass
class Cut(httpx.AsyncBaseTransport):
    """A transport that does something at the n-th call: before it is sent, or once it is done.

    ``only``: the methods of the calls that count; empty: all do. ``seen``: the calls so far, by
    all clients that share it: a plan is made by one, and carried out by another.
    """

    inner: httpx.AsyncBaseTransport
    at: int
    act: Callable[[], None]
    after: bool = False
    only: str = ""
    seen: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or not."""
        if not self.only or request.method in self.only.split():
            self.seen.append(request.url.path)
        if len(self.seen) >= self.at and not self.after:
            self.act()
        response = await self.inner.handle_async_request(request)
        if len(self.seen) >= self.at and self.after:
            self.act()
        return response


@dataclass
class Crashing(Account):
    """An account of which runs can be cut off; time passes only by waiting."""

    now: float = 0.0
    cut: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] | None = None
    stop: asyncio.Event | None = None
    calls: int = field(default=0)

    async def rest(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        await asyncio.sleep(0)

    def client(self) -> Client:
        """A client whose calls can be cut off."""
        transport: httpx.AsyncBaseTransport = SandboxTransport(self.sandbox, sleep=self.rest)
        return Client(
            Secret("sandbox"),
            account=self.sandbox.account_id,
            transport=self.cut(transport) if self.cut else transport,
            quota=None,
            sleep=self.rest,
            clock=lambda: self.now,
            jitter=lambda: 0.5,
        )

    def means(self, client: Client) -> Means:
        """The same, with a way to stop it."""
        means = super().means(client)
        self.stop = means.stop
        return replace(means, sleep=self.rest)


@dataclass(frozen=True)
class Scenario:
    """An account as it is, and what is to become of it."""

    before: tuple[File, ...]
    after: File
    destroy: bool = False
    by_hand: Callable[[Account], None] = lambda account: None
    yes: Mapping[str, Any] = field(default_factory=dict)

    def wanted(self, account: Account) -> Declared:
        """The wanted side."""
        declared = account.declared(self.after)
        return emptied(declared, KINDS) if self.destroy else declared

    def plan(self, account: Account) -> Plan:
        """The plan of the wanted side, with every yes that it needs."""
        return account.plan_of(self.wanted(account), **{**YES, **self.yes})


def began(scenario: Scenario, account: Crashing) -> dict[str, str]:
    """Bring an account to where the scenario begins; what belongs to others."""
    lived_in(account)
    foreign = snapshot(account)
    for file in scenario.before:
        assert account.apply(file, **YES).is_complete
    scenario.by_hand(account)
    account.forget_log()
    return foreign


def attempted(scenario: Scenario, account: Crashing) -> Outcome | None:
    """One apply under whatever fault; ``None`` when it did not come to write anything."""
    try:
        plan = scenario.plan(account)
        # A service that lies while the plan is made may lead to a refusal, and to no write.
        return None if plan.refusals else account.carry_out(plan)
    except (CallFailed, Failures, Problems, Killed):
        return None


def harm(
    scenario: Scenario, account: Crashing, foreign: dict[str, str], goal: Counter[str]
) -> list[str]:
    """What went wrong in one apply under a fault and a clean one after it."""
    try:
        attempted(scenario, account)
        return list(finished(scenario, account, foreign, goal))
    except (Problems, AssertionError) as broken:
        return [str(broken)]


def finished(
    scenario: Scenario, account: Crashing, foreign: dict[str, str], goal: Counter[str]
) -> Iterator[str]:
    """What is wrong after one clean apply; empty when the account is as wanted."""
    account.sandbox.faults.clear()
    account.cut = None
    plan = scenario.plan(account)
    if plan.refusals:
        yield f"the next apply is refused: {plan.refusals}"
        return
    outcome = account.carry_out(plan)
    if not outcome.is_complete:
        yield f"the next apply is not complete: {outcome.failed}"
    if not (left := scenario.plan(account)).is_empty:
        yield f"the plan after it is not empty: {[str(item.address) for item in left.changes]}"
    if (there := inventory(account)) != goal:
        yield f"missing {goal - there}, too many {there - goal}"
    yield from (f"foreign object touched: {key}" for key in changed(foreign, account))
    yield from account.observer.breaches


def inventory(account: Account) -> Counter[str]:
    """How often each living object is there, by kind and name."""
    return Counter(
        f"{kind} {item.get('name') or item.get('app_id') or ''} {item.get('type') or ''}"
        for kind, items in account.everything().items()
        for item in items
        if kind not in COMPUTED and not item.get("deleted_at")
    )
