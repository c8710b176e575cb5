"""Two runs at one lock, in every order in which their calls can meet: never do both hold it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest

from ztctl.core.model.calls import Call, CallFailed, Flow
from ztctl.core.runs.locks import ACCOUNT, GRACE, LEASE, SKEW, Holder, LockFlag, Scope, scope_of
from ztctl.engine.lock_flows import (
    TAGS,
    HeldTags,
    acquire,
    check,
    delete_tags,
    read_locks,
    release,
    renew,
    tags_of_holder,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
PROD, TEST = scope_of("prod"), scope_of("test")
DEAD = Holder("dead", "00000")


class Tags:
    """The tags of an account, whose clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON
        self._made: dict[str, str] = {}

    def answer(self, call: Call) -> Any:
        """The result of one call; raises what a client would raise."""
        name = unquote(call.path.removeprefix(f"{TAGS}/"))
        match call.method:
            case "GET":
                return [{"name": name, "created_at": made} for name, made in self._made.items()]
            case "POST" if call.body["name"] in self._made:
                raise CallFailed(call, "exists", status=409)
            case "POST":
                self.make(call.body["name"])
                return {"name": call.body["name"]}
        gone = self._made.pop(name, None) is None
        return None if gone else {"name": name}

    def make(self, name: str) -> None:
        """A tag, as somebody else made it."""
        self._made[name] = datetime.fromtimestamp(self.now, UTC).isoformat()

    def names(self) -> list[str]:
        """The tags that are there."""
        return sorted(self._made)


def drive(flow: Flow[Any], tags: Tags) -> Any:
    """Drive a flow to its end, alone."""
    run = Run(tags, lambda _: flow)
    while run.is_alive:
        run.advance()
    return run.result


class Run:
    """A flow whose calls are answered one at a time, when it is told to."""

    def __init__(
        self, tags: Tags, flow: Callable[[Run], Flow[Any]], fault: Fault | None = None
    ) -> None:
        self.holds = self.held = False
        self.replies: list[str] = []
        self.result: Any = None
        self.is_alive = True
        self._tags = tags
        self._fault = fault
        self._flow = flow(self)
        self._asked: list[Call] = []
        self._got: list[Any] = []
        self._single = True
        self._step(lambda: next(self._flow))

    def advance(self) -> None:
        """Have the next call answered."""
        call = self._asked.pop(0)
        try:
            reply = self._answer(call)
        except CallFailed as failure:
            self.replies.append(f"{failure.status} {failure.lost}")
            self._step(partial(self._flow.throw, failure))
            return
        self.replies.append(repr(reply))
        self._got.append(reply)
        if not self._asked:
            got = self._got[0] if self._single else list(self._got)
            self._step(lambda: self._flow.send(got))

    def _answer(self, call: Call) -> Any:
        fault = self._fault
        if fault is None or fault.nth != len(self.replies):
            return self._tags.answer(call)
        if fault.done:
            self._tags.answer(call)
        raise CallFailed(call, "no answer came", lost=call.writes)

    def _step(self, go: Callable[[], Any]) -> None:
        try:
            asked = go()
        except StopIteration as done:
            self.result, self.is_alive = done.value, False
            return
        self._single = isinstance(asked, Call)
        self._asked = [asked] if isinstance(asked, Call) else list(asked)
        self._got = []


@dataclass(frozen=True)
class Fault:
    """The answer to one call does not come, whether or not it was done."""

    nth: int
    done: bool


@dataclass(frozen=True)
class Comer:
    """Somebody who takes some locks, looks once while holding them, and gives them back."""

    who: str
    scopes: tuple[Scope, ...]
    fault: Fault | None = None
    renews: bool = False

    def start(self, tags: Tags) -> Run:
        """Begin."""
        return Run(tags, lambda run: self._life(run, tags), self.fault)

    def _life(self, run: Run, tags: Tags) -> Flow[Any]:
        held = HeldTags(Holder(self.who, "11111"))
        try:
            if (yield from acquire(held, self.scopes, lambda: tags.now)) is None:
                run.holds = run.held = True
                lost = yield from self._work(held, tags)
                run.holds = False
                assert lost is None
            yield from release(held)
        except CallFailed:
            run.holds = False
            yield from release(held)

    def _work(self, held: HeldTags, tags: Tags) -> Flow[Any]:
        if not self.renews:
            return (yield from check(held))
        later = tags.now + LEASE / 2
        return (yield from renew(held, self.scopes, lambda: later))


@dataclass
class Explorer:
    """Every order of the calls of two runs, those that lead to the same being tried once.

    ``apart`` says that they may hold what they take at once.
    """

    setup: Callable[[Tags], None]
    comers: tuple[Comer, Comer]
    apart: bool = False
    seen: set[tuple[Any, ...]] = field(default_factory=set)
    ends: list[tuple[Tags, tuple[Run, Run]]] = field(default_factory=list)

    def explore(self) -> None:
        """Try them all; fails at the first in which both hold."""
        waiting: list[tuple[int, ...]] = [()]
        while waiting:
            order = waiting.pop()
            tags, runs = self._played(order)
            while self._is_new(tags, runs):
                assert self.apart or not all(run.holds for run in runs), order
                going = [index for index, run in enumerate(runs) if run.is_alive]
                if not going:
                    self.ends.append((tags, runs))
                    break
                waiting += [(*order, index) for index in going[1:]]
                order = (*order, going[0])
                runs[going[0]].advance()

    def _is_new(self, tags: Tags, runs: tuple[Run, Run]) -> bool:
        key = (tuple(tags.names()), *(tuple(run.replies) for run in runs))
        known = len(self.seen)
        self.seen.add(key)
        return len(self.seen) > known

    def _played(self, order: tuple[int, ...]) -> tuple[Tags, tuple[Run, Run]]:
        tags = Tags()
        self.setup(tags)
        one, other = (comer.start(tags) for comer in self.comers)
        for index in order:
            (one, other)[index].advance()
        return tags, (one, other)


def nothing(tags: Tags) -> None:
    """Nobody has been here."""


def dead(tags: Tags) -> None:
    """A run died, and its time is over."""
    tags.make(PROD.mutex)
    tags.make(LockFlag.new(PROD, DEAD, NOON).name)
    tags.now += LEASE + 2 * SKEW


def dead_before_its_flag(tags: Tags) -> None:
    """A run died between its door and its flag, and its time is over."""
    tags.make(PROD.mutex)
    tags.now += GRACE + 1


def dead_without_its_door(tags: Tags) -> None:
    """A run died, its time is over, and somebody took its door away."""
    tags.make(LockFlag.new(PROD, DEAD, NOON).name)
    tags.now += LEASE + 2 * SKEW


def dead_everywhere(tags: Tags) -> None:
    """A run that held the account's lock, too, died, and its time is over."""
    tags.make(ACCOUNT.mutex)
    tags.make(LockFlag.new(ACCOUNT, DEAD, NOON).name)
    dead(tags)


ONE, OTHER = Comer("one", (PROD,)), Comer("other", (PROD,))
WIDE, AS_WIDE = Comer("one", (PROD, ACCOUNT)), Comer("other", (TEST, ACCOUNT))
ELSEWHERE = Comer("other", (TEST,))
LASTING = Comer("one", (PROD,), renews=True)
SETUPS = (nothing, dead, dead_before_its_flag, dead_without_its_door, dead_everywhere)
PAIRS = {
    "one stack": (ONE, OTHER),
    "one stack, one renews": (LASTING, OTHER),
    "two stacks, both take protection away": (WIDE, AS_WIDE),
    "two stacks, one takes protection away": (WIDE, ELSEWHERE),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("setup", SETUPS)
def test_no_two_hold_it(setup: Callable[[Tags], None], pair: tuple[Comer, Comer]) -> None:
    """However their calls meet, at no moment do both hold it, and no tag of theirs stays."""
    explorer = Explorer(setup, pair)

    explorer.explore()

    before = Tags()
    setup(before)
    assert len(explorer.ends) > 1
    assert any(run.held for _, runs in explorer.ends for run in runs)
    assert all(set(tags.names()) <= set(before.names()) for tags, _ in explorer.ends)


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("nth", range(6))
@pytest.mark.parametrize("setup", [nothing, dead])
def test_no_two_hold_it_when_an_answer_is_lost(
    setup: Callable[[Tags], None], nth: int, done: bool
) -> None:
    """Nor when one of them never hears whether one of its calls was done."""
    explorer = Explorer(setup, (Comer("one", (PROD,), Fault(nth, done)), OTHER))

    explorer.explore()

    assert len(explorer.ends) > 1


def test_of_two_who_come_at_once_one_gets_it() -> None:
    """When no dead run's lock is in the way, the first of two always gets it."""
    explorer = Explorer(nothing, (ONE, OTHER))

    explorer.explore()

    assert all(any(run.held for run in runs) for _, runs in explorer.ends)


def test_two_stacks_do_not_meet() -> None:
    """Runs of two stacks that take no protection away both get what they want."""
    explorer = Explorer(nothing, (ONE, ELSEWHERE), apart=True)

    explorer.explore()

    assert all(run.held for _, runs in explorer.ends for run in runs)


def calls_of(comer: Comer) -> int:
    """How many calls somebody has answered who meets nobody."""
    run = comer.start(Tags())
    while run.is_alive:
        run.advance()
    return len(run.replies)


@pytest.mark.parametrize("calls", range(calls_of(WIDE) + 1))
def test_a_dead_run_stops_others_for_a_while_only(calls: int) -> None:
    """Wherever it dies: once its time is over, the next who comes gets the lock."""
    tags = Tags()
    run = WIDE.start(tags)
    for _ in range(calls):
        run.advance()
    tags.now += LEASE + 2 * SKEW + 60

    held = HeldTags(Holder("next", "22222"))
    obstacle = drive(acquire(held, (PROD, ACCOUNT), lambda: tags.now), tags)

    assert obstacle is None
    assert {flag.holder.who for name in tags.names() if (flag := LockFlag.parse(name))} == {"next"}


@pytest.mark.parametrize("calls", range(calls_of(WIDE) + 1))
def test_a_dead_run_is_cleared_away_by_hand(calls: int) -> None:
    """Wherever it dies: an unlock leaves nothing of it that stops anybody."""
    tags = Tags()
    run = WIDE.start(tags)
    for _ in range(calls):
        run.advance()

    drive(delete_tags(tags_of_holder(drive(read_locks(), tags), PROD, tags.now)), tags)

    # A door of the account's lock without a flag ends by itself within minutes.
    assert set(tags.names()) <= {ACCOUNT.mutex}
    obstacle = drive(acquire(HeldTags(Holder("next", "22222")), (PROD,), lambda: tags.now), tags)
    assert obstacle is None


def holding(tags: Tags) -> HeldTags:
    """What a run has put into the account that holds the lock of a stack."""
    held = HeldTags(Holder("one", "11111"))
    assert drive(acquire(held, (PROD,), lambda: tags.now), tags) is None
    return held


def test_a_renewal_does_not_bring_back_what_a_person_took_away() -> None:
    """The new flag is no lock where the old one is gone: the run learns that it holds nothing."""
    tags = Tags()
    held = holding(tags)
    drive(delete_tags(tags.names()), tags)
    tags.now += LEASE / 2

    assert drive(renew(held, (PROD,), lambda: tags.now), tags) is not None


class Paged(Tags):
    """Tags on two pages: the next list misses one, since another was deleted between them."""

    missed = ""

    def answer(self, call: Call) -> Any:
        """The result of one call."""
        listed = super().answer(call)
        if call.method == "GET":
            listed, self.missed = [tag for tag in listed if tag["name"] != self.missed], ""
        return listed


def test_a_flag_missed_between_two_pages_is_looked_for_again() -> None:
    """A lock is lost when two lists in a row miss its flag, and not when one does."""
    tags = Paged()
    held = holding(tags)
    tags.missed = held.flags[0].name

    assert drive(check(held), tags) is None


def test_a_lock_is_kept_until_its_holder_has_stopped() -> None:
    """Others count a flag out later than its holder does, by clocks that differ by a minute."""
    flag = LockFlag.new(PROD, DEAD, NOON)

    moments = [NOON + seconds for seconds in range(0, 2 * LEASE, 7)]

    assert not any(flag.may_write(at) and flag.has_expired(at + 2 * SKEW) for at in moments)
    assert flag.may_write(NOON + LEASE - SKEW - 1)
