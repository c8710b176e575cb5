"""Two runs at the lock, in every order in which their calls can be served: never do both write."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from tests.engine.conftest import step
from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.plan import Action, Change, Phase, Reason
from ztctl.core.runs.locks import LEASE, SKEW, Holder, LockFlag, digest
from ztctl.engine.companion import Means, Work
from ztctl.engine.drive import drive
from ztctl.engine.lock import RENEWAL_POLL, TAGS, Lock

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
WRITE = "/thing"
PHASES = (Phase.POLICY, Phase.DNS)
DEAD = Holder("prod", "dead", "00000")


@dataclass
class Service:
    """The tags of an account at every moment so far, and who has begun to write."""

    now: float = NOON
    moments: list[tuple[str, ...]] = field(default_factory=lambda: [()])
    writing: set[str] = field(default_factory=set)

    def answer(self, who: str, call: Call, behind: int) -> Any:
        """The result of one call; a list shows the tags as they were some changes ago."""
        names = self.moments[-1]
        match call.method, call.path:
            case "GET", _:
                shown = self.moments[max(0, len(self.moments) - 1 - behind)]
                return [{"name": name} for name in shown]
            case "PUT", _:
                assert self.writing == {who}, f"{who} writes beside others: {self.writing}"
            case "POST", _ if call.body["name"] in names:
                raise CallFailed(call, "exists", status=409)
            case "POST", _:
                self.moments.append((*names, call.body["name"]))
            case _:
                gone = unquote(call.path.removeprefix(f"{TAGS}/"))
                self.moments.append(tuple(name for name in names if name != gone))
        return {}


@dataclass(frozen=True)
class Fault:
    """The answer to one call does not come, whether or not it was done."""

    nth: int
    done: bool


@dataclass
class Run:
    """A run whose calls are served one at a time, when it is told so; so are its pauses."""

    who: str
    service: Service
    fault: Fault | None = None
    wait: float = 0.0
    ends: str = ""
    wrote: int = 0
    served: list[str] = field(default_factory=list)
    waiting: list[tuple[Call | None, asyncio.Future[Any]]] = field(default_factory=list)

    async def send(self, call: Call) -> Any:
        """Wait to be served."""
        return await self._turn(call)

    async def sleep(self, seconds: float) -> None:
        """Wait to be woken; what renews the lock never is."""
        if seconds == RENEWAL_POLL:
            await asyncio.get_running_loop().create_future()
        await self._turn(None)

    async def _turn(self, call: Call | None) -> Any:
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append((call, turn))
        return await turn

    def serve(self, behind: int = 0) -> None:
        """Have the oldest call answered."""
        call, turn = self.waiting.pop(0)
        if turn.done():
            return
        if call is None:
            self.served.append("woken")
            turn.set_result(None)
            return
        fault = self.fault if self.fault and self.fault.nth == len(self.served) else None
        self.served.append(f"{call} {behind} {self.service.moments[-1 - behind :]}")
        try:
            result = (
                self.service.answer(self.who, call, behind) if not fault or fault.done else None
            )
            if fault:
                raise CallFailed(call, "no answer came", lost=call.writes)
            turn.set_result(result)
        except CallFailed as failure:
            turn.set_exception(failure)

    def reads_next(self) -> bool:
        """Whether the next call to be served is a list."""
        call = self.waiting[0][0]
        return call is not None and call.method == "GET"

    async def live(self) -> None:
        """Take the lock, write in two phases, and give the lock back, as a run does."""
        holder = Holder(digest(self.who), self.who, "11111")
        lock = Lock(holder, self.wait, now=lambda: self.service.now, patience=0.0)
        means = Means(self, lambda event: None, clock=lambda: 0.0, sleep=self.sleep)
        try:
            await lock.take(means)
            await lock.confirm()
            for phase in PHASES:
                await self._write(lock, phase)
            self.ends = "done"
        except (CallFailed, Failure) as failure:
            self.ends = type(failure).__name__
        finally:
            self.service.writing.discard(self.who)
            await lock.release()

    async def _write(self, lock: Lock, phase: Phase) -> None:
        item = step("x", verb="update", phase=phase)
        change = Change(item.id.address, Action.UPDATE, Reason.DIFFERS, phase, steps=(item,))
        verdicts = await lock.before([Work(item, change, None, {})])
        for failure in verdicts.values():
            assert isinstance(failure, CallFailed)
            raise failure
        self.service.writing.add(self.who)
        await lock.ahead([item])
        await drive(_put(), self)
        self.wrote += 1


def _put() -> Flow[None]:
    yield Call("PUT", WRITE, {})


Choice = tuple[int, int]


@dataclass
class Explorer:
    """Every order of the calls of two runs, those that lead to the same being tried once.

    Attributes:
        lag: how many changes a list may be behind.
        wait: how long the runs wait for each other; no time passes.
        chance: picks the next call of a walk.
    """

    setup: Callable[[Service], None] = lambda service: None
    faults: tuple[Fault | None, Fault | None] = (None, None)
    lag: int = 0
    wait: float = 0.0
    chance: Callable[[Sequence[Choice]], Choice] | None = None
    ends: list[tuple[Run, Run]] = field(default_factory=list)
    left: set[tuple[str, ...]] = field(default_factory=set)
    _seen: set[Any] = field(default_factory=set)
    _todo: list[tuple[Choice, ...]] = field(default_factory=lambda: [()])

    def explore(self) -> None:
        """Try them all; fails at the first in which both write."""
        with asyncio.Runner() as runner:
            while self._todo:
                runner.run(self._played(self._todo.pop()))

    def walk(self, times: int) -> None:
        """Try so many orders by chance."""
        with asyncio.Runner() as runner:
            for _ in range(times):
                runner.run(self._played(()))

    async def _played(self, order: Sequence[Choice]) -> None:
        service = Service()
        self.setup(service)
        runs = tuple(
            Run(who, service, fault, self.wait)
            for who, fault in zip(("one", "two"), self.faults, strict=True)
        )
        lives = [asyncio.ensure_future(run.live()) for run in runs]
        taken: tuple[Choice, ...] = ()
        is_new = True
        while True:
            await _quiet()
            choices = self._choices(runs)
            if not choices:
                break
            if self.chance is not None:
                choice = self.chance(choices)
            elif len(taken) < len(order):
                choice = order[len(taken)]
            else:
                is_new = is_new and self._is_new(service, runs)
                choice, *others = choices
                self._todo += [(*taken, other) for other in others if is_new]
            runs[choice[0]].serve(choice[1])
            taken = (*taken, choice)
        await asyncio.gather(*lives)
        one, two = runs
        self.ends.append((one, two))
        self.left.add(service.moments[-1])

    def _choices(self, runs: Sequence[Run]) -> list[Choice]:
        """Who can be served next, and from how far behind."""
        return [
            (index, behind)
            for index, run in enumerate(runs)
            if run.waiting
            for behind in range(1 + (self.lag if run.reads_next() else 0))
        ]

    def _is_new(self, service: Service, runs: Sequence[Run]) -> bool:
        shown = service.moments[-1 - self.lag :]
        key = (tuple(shown), *(tuple(run.served) for run in runs))
        known = len(self._seen)
        self._seen.add(key)
        return len(self._seen) > known


async def _quiet() -> None:
    """Let everybody go on until all wait."""
    for _ in range(25):
        await asyncio.sleep(0)


def nothing(service: Service) -> None:
    """Nobody has been here."""


def expired(service: Service) -> None:
    """A run died, and its time is over."""
    service.moments.append((LockFlag.new(DEAD, NOON).name,))
    service.now += LEASE + 2 * SKEW


@pytest.mark.parametrize("setup", [nothing, expired])
def test_no_two_write(setup: Callable[[Service], None]) -> None:
    """However their calls meet, never do both write, and no flag of theirs or of the dead stays."""
    explorer = Explorer(setup)

    explorer.explore()

    assert len(explorer.ends) > 10
    assert {run.ends for runs in explorer.ends for run in runs} <= {"done", "Locked", "Beside"}
    assert any(run.wrote for runs in explorer.ends for run in runs)
    assert explorer.left == {()}


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("nth", range(8))
def test_no_two_write_when_an_answer_is_lost(nth: int, done: bool) -> None:
    """Nor when one of them never hears whether one of its calls was done."""
    explorer = Explorer(faults=(Fault(nth, done), None))

    explorer.explore()

    assert len(explorer.ends) > 10


def test_no_two_write_by_lists_that_lag() -> None:
    """Nor when lists show the tags of earlier moments, each of another: 800 walks by chance."""
    chance = random.Random(7)
    explorer = Explorer(lag=3, chance=chance.choice)

    explorer.walk(800)

    wrote = [sum(run.wrote > 0 for run in runs) for runs in explorer.ends]
    assert len(wrote) == 800
    assert wrote.count(2) > 5
    assert wrote.count(1) > 100


def test_no_two_write_who_try_again_by_lists_that_lag() -> None:
    """Nor when a list shows a flag that was lowered and what stood beside it: 400 walks."""
    chance = random.Random(1)
    explorer = Explorer(lag=4, wait=600.0, chance=chance.choice)

    explorer.walk(400)

    wrote = [sum(run.wrote > 0 for run in runs) for runs in explorer.ends]
    assert len(wrote) == 400
    assert wrote.count(2) > 5
    assert wrote.count(1) > 100


def test_a_run_writes_all_of_it_or_nothing_or_is_told_who_else_is_there() -> None:
    """Who gives way has written nothing; who has begun stops only for a flag that stays."""
    explorer = Explorer()

    explorer.explore()

    assert any(two.served == [] or one.ends == "done" for one, two in explorer.ends)
    assert all(
        run.wrote in (0, len(PHASES)) or run.ends == "Beside"
        for runs in explorer.ends
        for run in runs
    )
