"""A run and its lock: what it costs, what is told, and when the run stops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.account import Account, at_once
from tests.support.files import whole
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.events import Outcome
from ztctl.core.model.plan import Plan
from ztctl.core.runs.locks import LEASE, Holder, LockFlag, is_lock, scope_of
from ztctl.engine.companion import Means
from ztctl.engine.execute import execute
from ztctl.engine.lock import Lock, Locked
from ztctl.kinds.registry import KINDS

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
PROD = scope_of("prod")
ALICE, BOB = Holder("alice", "aaaaa"), Holder("bob", "bbbbb")
ONLY_DNS = {"dns": {"www.example.com": {"tunnel": {"id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}}}}


@dataclass
class Runs:
    """Carries out plans under a lock, by a clock that is moved by hand."""

    account: Account
    now: float = NOON
    notes: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    asleep: Callable[[], None] = lambda: None

    def __call__(self, plan: Plan, *, wait: float = 0.0) -> Outcome:
        """The outcome of a run of alice's."""
        return asyncio.run(asyncio.wait_for(self._run(plan, wait), 20))

    async def _run(self, plan: Plan, wait: float) -> Outcome:
        async with self.account.client() as client:
            lock = Lock(ALICE, wait, self.notes.append, now=lambda: self.now)
            means = Means(client, self.account.view().event, sleep=self._sleep, around=(lock,))
            return await execute(plan, KINDS, means)

    async def _sleep(self, seconds: float) -> None:
        if seconds == 60:
            # What renews the lock sleeps for good, unless a test says otherwise.
            await asyncio.sleep(0 if seconds in self.slept else 3600)
            return
        self.slept.append(seconds)
        self.now += seconds
        self.asleep()
        await asyncio.sleep(0)

    def taken_by(self, holder: Holder) -> list[str]:
        """Somebody else's lock; gives its tags."""
        names = [PROD.mutex, LockFlag.new(PROD, holder, self.now).name]
        for name in names:
            self.account.call("POST", "{A}/access/tags", {"name": name})
        return names

    def locks(self) -> list[str]:
        """The tags of locks that the account holds."""
        return [name for tag in self.account.everything()["tags"] if is_lock(name := tag["name"])]


@pytest.fixture
def runs(account: Account) -> Runs:
    """Runs on a fresh account."""
    return Runs(account)


def calls(account: Account, act: Callable[[], Any]) -> list[str]:
    """The method of each call that an act sends to the account."""
    account.forget_log()
    act()
    return [entry.method for entry in account.sandbox.log]


def test_a_lock_stands_while_a_run_writes(account: Account, runs: Runs) -> None:
    """At every write the account holds one door and one flag, and afterwards neither."""
    seen: list[list[str]] = []
    account.looks.append(
        lambda live: seen.append(sorted(t["name"] for t in live["tags"] if is_lock(t["name"])))
    )

    outcome = runs(account.plan(whole()))

    assert outcome.is_complete
    both = sorted([PROD.mutex, LockFlag.new(PROD, ALICE, NOON).name])
    assert seen[0] == [PROD.mutex]
    assert seen[1:-2] == [both] * (len(seen) - 3)
    assert seen[-2:] == [[PROD.mutex], []]


def test_a_lock_costs_four_writes_and_a_list_a_phase(account: Account, runs: Runs) -> None:
    """Beside the calls of the steps: two tags made and deleted, and a list before each phase."""
    plan = account.plan(whole())
    bare = Account(account.folder)
    without = calls(bare, lambda: _bare(bare, bare.plan(whole())))
    planning = calls(account, lambda: account.plan(whole()))

    sent = calls(account, lambda: runs(plan))

    steps = without[len(planning) :]
    assert sent.count("POST") == steps.count("POST") + 2
    assert sent.count("DELETE") == steps.count("DELETE") + 2
    assert sent.count("GET") == steps.count("GET") + 4


def _bare(account: Account, plan: Plan) -> Outcome:
    async def work() -> Outcome:
        async with account.client() as client:
            means = Means(client, account.view().event, sleep=at_once)
            return await execute(plan, KINDS, means)

    return asyncio.run(work())


def test_a_plan_that_takes_protection_away_locks_the_account_too(
    account: Account, runs: Runs
) -> None:
    """An application goes: the door of the account is there beside that of the stack."""
    _bare(account, account.plan(whole()))
    seen: set[str] = set()
    account.looks.append(lambda live: seen.update(tag["name"] for tag in live["tags"]))
    plan = account.plan({}, deletions=True, no_policy=["all"], ca_deletion=["all"])

    runs(plan)

    assert {"ztctl-lock", PROD.mutex} <= seen
    assert runs.locks() == []


def test_an_empty_plan_takes_no_lock(account: Account, runs: Runs) -> None:
    """Where nothing is written nothing is asked."""
    _bare(account, account.plan(whole()))
    plan = account.plan(whole())

    assert calls(account, lambda: runs(plan)) == []


def test_a_second_run_is_refused_with_words(account: Account, runs: Runs) -> None:
    """It learns who holds the lock, since when, until when, and what to do about a dead run."""
    plan = account.plan(whole())
    theirs = runs.taken_by(BOB)
    account.forget_log()

    with pytest.raises(Locked) as refused:
        runs(plan)

    assert "the stack 'prod' is locked by bob since 2026-07-01 00:00 UTC" in refused.value.summary
    assert "until 2026-07-01 12:15 UTC at least" in refused.value.summary
    assert "ztctl unlock --stack prod" in refused.value.hint
    assert sorted(runs.locks()) == sorted(theirs)
    assert [entry.method for entry in account.sandbox.log] == ["POST", "GET"]


def test_a_run_waits_for_another(account: Account, runs: Runs) -> None:
    """With time to wait it looks again and again, says so once, and then goes on."""
    plan = account.plan(whole())
    theirs = runs.taken_by(BOB)

    def go() -> None:
        if len(runs.slept) == 3:
            for name in theirs:
                account.call("DELETE", f"{{A}}/access/tags/{name}")

    runs.asleep = go

    outcome = runs(plan, wait=60)

    assert outcome.is_complete
    assert runs.slept == [2.0, 3.0, 4.5]
    (note,) = runs.notes
    assert note.startswith("waiting for at most 60 s: the stack 'prod' is locked by bob")


def test_waiting_has_an_end(account: Account, runs: Runs) -> None:
    """Who still has no lock after the time to wait is refused."""
    plan = account.plan(whole())
    runs.taken_by(BOB)

    with pytest.raises(Locked):
        runs(plan, wait=30)

    assert sum(runs.slept) == 30


def test_a_dead_run_is_waited_out(account: Account, runs: Runs) -> None:
    """A lock whose time is over is taken over, without anybody being asked."""
    plan = account.plan(whole())
    runs.taken_by(BOB)
    runs.now += LEASE + 200

    outcome = runs(plan)

    assert outcome.is_complete
    assert runs.locks() == []


def test_a_run_stops_before_the_next_phase_when_its_lock_is_gone(
    account: Account, runs: Runs
) -> None:
    """What a person took away, and another has by now, is lost: no further phase begins."""
    plan = account.plan(whole())
    account.looks.append(lambda live: _hand_over(account, runs, live))

    outcome = runs(plan)

    assert {step.address.kind for step in outcome.done} <= {
        "access_tag", "access_group", "access_policy", "access_application"
    }  # fmt: skip
    reasons = {item.reason for item in outcome.failed}
    assert len(reasons) == 1
    assert "somebody has taken it away; the stack 'prod' is locked by bob" in reasons.pop()
    assert account.everything()["tunnels"] == []
    assert {flag.holder for name in runs.locks() if (flag := LockFlag.parse(name))} == {BOB}
    assert PROD.mutex in runs.locks()


def _hand_over(account: Account, runs: Runs, live: Any) -> None:
    """As soon as the application is there, the lock becomes bob's."""
    mine = LockFlag.new(PROD, ALICE, NOON).name
    if live["apps"] and mine in runs.locks():
        account.call("DELETE", f"{{A}}/access/tags/{mine}")
        account.call("POST", "{A}/access/tags", {"name": LockFlag.new(PROD, BOB, NOON).name})


def test_a_run_stops_when_its_lock_has_ended(account: Account, runs: Runs) -> None:
    """By its own clock, before anybody else's may count it out; nothing is asked for that."""
    plan = account.plan(whole())
    account.looks.append(lambda live: _late(runs, live))

    outcome = runs(plan)

    assert {item.reason.partition(": ")[2] for item in outcome.failed} == {
        "it has ended, because it could not be renewed in time"
    }
    assert account.everything()["tunnels"] == []


def _late(runs: Runs, live: Any) -> None:
    runs.now = NOON + (LEASE if live["apps"] else 0)


def test_a_long_run_renews_its_lock(account: Account, runs: Runs) -> None:
    """A third of its time later there is a new flag in the place of the old one, and one alone."""
    plan = account.plan(whole())
    runs.slept.append(60)
    seen: list[list[str]] = []
    account.looks.append(lambda live: seen.append([t["name"] for t in live["tags"]]))
    account.looks.append(lambda live: _later(runs, live))

    outcome = runs(plan)

    assert outcome.is_complete
    fresh = LockFlag.new(PROD, ALICE, NOON + 400).name
    flags = [[name for name in names if LockFlag.parse(name)] for names in seen]
    assert [fresh] in flags
    assert runs.locks() == []


def _later(runs: Runs, live: Any) -> None:
    runs.now = NOON + (400 if live["groups"] else 0)


def test_a_token_that_may_not_lock_may_still_write_dns(account: Account, runs: Runs) -> None:
    """A plan without any object of Access goes on without a lock, and says so."""
    plan = account.plan(ONLY_DNS)
    account.sandbox.faults.add(method="POST", path="/access/tags$", status=403)

    outcome = runs(plan)

    assert outcome.is_complete
    (note,) = runs.notes
    assert note.startswith("going on without a lock")


def test_a_token_that_may_not_lock_may_not_write_access(account: Account, runs: Runs) -> None:
    """A plan with objects of Access fails with the permission that it needs anyway."""
    plan = account.plan(whole())
    account.sandbox.faults.add(method="POST", path="/access/tags$", status=403)

    with pytest.raises(CallFailed) as failure:
        runs(plan)

    assert "Access: Apps and Policies · Edit" in failure.value.hint
    assert account.everything()["groups"] == []


def test_a_lock_that_cannot_be_given_back_is_told(account: Account, runs: Runs) -> None:
    """The outcome stands; a note says when the lock ends by itself."""
    plan = account.plan(whole())
    account.sandbox.faults.add(method="DELETE", path="/ztctl-", status=500, times=None)

    outcome = runs(plan)

    assert outcome.is_complete
    (note,) = runs.notes
    assert "ends by itself at 2026-07-01 12:15 UTC, or by ztctl unlock" in note


def test_a_run_that_does_not_begin_gives_its_lock_back(account: Account, runs: Runs) -> None:
    """A failure between taking and the first write leaves no lock behind."""
    plan = account.plan(whole())
    account.sandbox.faults.add(method="GET", path="/access/tags$", status=500, times=None)

    with pytest.raises(CallFailed):
        runs(plan)

    account.sandbox.faults.clear()
    assert runs.locks() == []


@given(
    stack=st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    name=st.text(),
    number=st.integers(0, 36**5 - 1),
    now=st.integers(1_700_000_000, 3_500_000_000),
)
def test_a_flag_is_read_back(stack: str, name: str, number: int, now: int) -> None:
    """Whatever a person and a stack are called, the name fits and says what went into it."""
    holder = Holder.named(name, lambda below: number % below)

    flag = LockFlag.new(scope_of(stack), holder, now)

    assert LockFlag.parse(flag.name) == flag
    assert len(flag.name) <= 35
    assert len(scope_of(stack).mutex) <= 35
    assert 0 <= flag.expires_at - now - LEASE < 60


@pytest.mark.parametrize("name", ["ztctl-held", "ztctl-held.a.b.c.d", "ztctl-lock.prod", "ztctl-"])
def test_other_names_are_no_flags(name: str) -> None:
    """A tag is a flag only if it is one to the letter."""
    assert LockFlag.parse(name) is None


def test_replies_that_make_no_sense_are_no_locks(account: Account, runs: Runs) -> None:
    """A list of tags is foreign data: what is not a lock's tag is passed over."""
    plan = account.plan(whole())
    body = json.dumps({"success": True, "result": [{"name": "ztctl-"}, {"name": "ztctl-held.x"}]})
    account.sandbox.faults.add(method="GET", path="/access/tags$", kind="body", body=body)

    with pytest.raises(Locked):
        runs(plan)

    assert runs.locks() == []
