"""A run and the account's lock: what it costs, what is told, and when the run stops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.account import Account, at_once
from tests.support.files import whole
from tests.support.people import flags
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure
from ztctl.core.model.events import Outcome
from ztctl.core.model.objects import Mark
from ztctl.core.model.plan import Plan, StepId
from ztctl.core.reach.open_now import PublicPlaces
from ztctl.core.runs.locks import LEASE, Holder, LockFlag, is_lock
from ztctl.engine.companion import Companion, Means, Verdict, Work
from ztctl.engine.execute import execute
from ztctl.engine.journal import Journal, JournalPaths
from ztctl.engine.lock import LIST_INTERVAL, RENEWAL_POLL, Lock, Locked
from ztctl.engine.locked_run import LockedRun
from ztctl.engine.probe import Probe
from ztctl.engine.settle import SETTLE
from ztctl.kinds.registry import KINDS

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
ALICE = Holder.named("prod", "alice", lambda below: 1)
BOB = Holder.named("prod", "bob", lambda below: 2)
MINE = LockFlag.new(ALICE, NOON).name
THEIRS = LockFlag.new(BOB, NOON).name


@dataclass
class Runs:
    """Carries out plans under the lock, by a clock that is moved by hand."""

    account: Account
    now: float = NOON
    skew: float = 0.0
    dead: frozenset[Holder] = frozenset()
    renews: bool = False
    around: tuple[Companion, ...] = ()
    notes: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    asleep: Callable[[], None] = lambda: None

    def __call__(self, plan: Plan, *, wait: float = 0.0) -> Outcome:
        """The outcome of a run of alice's."""
        outcome = asyncio.run(asyncio.wait_for(self._run(plan, wait), 20))
        assert outcome is not None
        return outcome

    async def _run(self, plan: Plan, wait: float) -> Outcome | None:
        async def same() -> Plan:
            return plan

        async with self.account.client() as client:
            lock = Lock(
                ALICE,
                wait,
                self.notes.append,
                now=lambda: self.now,
                skew=lambda: self.skew,
                is_dead=lambda holder: holder in self.dead,
                chance=lambda: 0.5,
            )
            client.withhold = lock.withheld
            place = JournalPaths(Path(self.account.folder), "journal.jsonl")
            journal = Journal(place, str, lambda problem: None, holder=ALICE)
            run = LockedRun(plan.account, plan.stack, KINDS, journal, lock, same, self.around, plan)
            event = self.account.view().event
            return await run(Means(client, event, clock=lambda: self.now, sleep=self._sleep))

    async def _sleep(self, seconds: float) -> None:
        if seconds == RENEWAL_POLL:
            await asyncio.sleep(0 if self.renews else 3600)
            return
        self.slept.append(seconds)
        self.now += seconds
        self.asleep()
        await asyncio.sleep(0)

    def raised(self, *names: str) -> None:
        """Flags of somebody else."""
        for name in names:
            self.account.call("POST", "{A}/access/tags", {"name": name})

    def lowered(self, *names: str) -> None:
        """Flags are taken away by somebody else."""
        for name in names:
            self.account.call("DELETE", f"{{A}}/access/tags/{name}")

    def when(self, act: Callable[[Any], None]) -> None:
        """Somebody acts once, after the write that makes the first application."""
        acted: list[bool] = []

        def look(live: Any) -> None:
            if live["apps"] and not acted:
                acted.append(True)
                act(live)

        self.account.looks.append(look)


@dataclass(eq=False)
class Waits(Companion):
    """One step waits before it is sent, as for the edge."""

    address: str
    pause: Callable[[float], Awaitable[None]]

    async def before(self, work: Sequence[Work]) -> Mapping[StepId, Verdict]:
        """Wait, if it is this step's turn."""
        if any(str(item.step.id.address) == self.address for item in work):
            await self.pause(SETTLE)
        return {}


@pytest.fixture
def runs(account: Account) -> Runs:
    """Runs on a fresh account."""
    return Runs(account)


def two_zones(*zones: str, records: bool = False) -> dict[str, Any]:
    """A host in each zone, behind a tunnel of its own; without ``records`` nobody gets there."""
    names = [f"ssh.{zone}" for zone in zones]
    rule = {"service": "ssh://localhost:22"}
    return {
        "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
        "applications": {name: {"policies": ["team"]} for name in names},
        "tunnels": {
            zone[-3:]: {"ingress": [{"hostname": f"ssh.{zone}", **rule}]} for zone in zones
        },
        "dns": {f"ssh.{zone}": {"tunnel": zone[-3:]} for zone in zones if records},
    }


def bare(account: Account, plan: Plan) -> Outcome:
    """The outcome of a plan without a lock."""

    async def work() -> Outcome:
        async with account.client() as client:
            means = Means(client, account.view().event, sleep=at_once)
            return await execute(plan, KINDS, means)

    return asyncio.run(work())


def calls(account: Account, act: Callable[[], Any]) -> list[str]:
    """The method of each call that an act sends to the account."""
    account.forget_log()
    act()
    return [entry.method for entry in account.sandbox.log]


def test_a_lock_stands_while_a_run_writes(account: Account, runs: Runs) -> None:
    """At every write the account holds one flag, and afterwards none."""
    seen: list[list[str]] = []
    account.looks.append(
        lambda live: seen.append([t["name"] for t in live["tags"] if is_lock(t["name"])])
    )

    outcome = runs(account.plan(whole()))

    assert outcome.is_complete
    assert seen == [[MINE]] * (len(seen) - 1) + [[]]


def test_a_lock_costs_two_writes_and_a_list_a_phase(account: Account, runs: Runs) -> None:
    """Beside the steps: a flag raised and lowered, a list when taken and one before each phase."""
    plan = account.plan(whole())
    other = Account(account.folder)
    steps = calls(other, lambda: bare(other, other.plan(whole())))
    planning = calls(account, lambda: account.plan(whole()))

    sent = calls(account, lambda: runs(plan))

    assert sent.count("POST") == steps.count("POST") + 1
    assert sent.count("DELETE") == steps.count("DELETE") + 1
    assert sent.count("GET") == steps.count("GET") - len(planning) + 1 + 4


def test_a_second_run_is_refused_with_words(account: Account, runs: Runs) -> None:
    """It learns who holds the lock, since when and until when, and what to do about a dead run."""
    plan = account.plan(whole())
    runs.raised(THEIRS)
    account.forget_log()

    with pytest.raises(Locked) as refused:
        runs(plan)

    assert refused.value.summary == (
        "the account is locked for this stack by bob, since 2026-07-01 12:00 UTC or "
        "before, until 2026-07-01 12:15 UTC at least"
    )
    assert "ztctl unlock" in refused.value.hint
    assert flags(account) == [THEIRS]
    assert [entry.method for entry in account.sandbox.log] == ["POST", "GET", "DELETE"]


def test_a_run_waits_for_another(account: Account, runs: Runs) -> None:
    """With time to wait it looks again and again, says so once, and then goes on."""
    plan = account.plan(whole())
    runs.raised(THEIRS)
    runs.asleep = lambda: runs.lowered(*([THEIRS] if len(runs.slept) == 3 else []))

    outcome = runs(plan, wait=60)

    assert outcome.is_complete
    assert runs.slept == [1.0, 1.5, 2.25]
    (note,) = runs.notes
    assert note.startswith("waiting for at most 60 s: the account is locked for this stack by bob")


def test_waiting_has_an_end(account: Account, runs: Runs) -> None:
    """Who still has no lock after the time to wait is refused."""
    plan = account.plan(whole())
    runs.raised(THEIRS)

    with pytest.raises(Locked):
        runs(plan, wait=30)

    assert sum(runs.slept) == 30


def test_a_flag_whose_time_is_over_is_cleared_away(account: Account, runs: Runs) -> None:
    """A lock whose time is over is taken over, without anybody being asked."""
    plan = account.plan(whole())
    runs.raised(THEIRS)
    runs.now += LEASE + 200

    outcome = runs(plan)

    assert outcome.is_complete
    assert flags(account) == []


def test_a_flag_whose_time_is_over_says_nothing_of_a_later_one(
    account: Account, runs: Runs
) -> None:
    """Its holder renewed the lock, could not lower the old flag, and is alive."""
    plan = account.plan(whole())
    runs.raised(THEIRS, LockFlag.new(BOB, NOON + LEASE).name)
    runs.now += LEASE + 200

    with pytest.raises(Locked):
        runs(plan)


def test_a_run_that_is_known_to_be_dead_is_cleared_away(account: Account, runs: Runs) -> None:
    """It is said once, and nothing of it is left."""
    plan = account.plan(whole())
    runs.raised(THEIRS, LockFlag.new(BOB, NOON + 300).name)
    runs.dead = frozenset({BOB})

    outcome = runs(plan)

    assert outcome.is_complete
    assert runs.notes == [
        "the run that holds the lock was yours, on this machine, and is dead: taken over"
    ]
    assert flags(account) == []


@pytest.mark.parametrize("skew", [-1200.0, 61.0])
def test_no_lock_is_taken_by_a_wrong_clock(skew: float, account: Account, runs: Runs) -> None:
    """Whose flag is over would be misjudged: nothing is written, no flag either."""
    plan = account.plan(whole())
    runs.skew = skew
    account.forget_log()

    with pytest.raises(Failure, match=f"this machine's clock is {abs(skew):.0f} s"):
        runs(plan)

    assert account.writes() == []


def test_a_clock_may_be_a_little_wrong(account: Account, runs: Runs) -> None:
    """A minute is what holder and others each leave."""
    runs.skew = 59.0

    assert runs(account.plan(whole())).is_complete


def test_a_run_stops_before_the_next_phase_when_its_lock_is_gone(
    account: Account, runs: Runs
) -> None:
    """What a person took away, and another has by now, is lost: no further phase begins."""
    plan = account.plan(whole())

    def hand_over(live: Any) -> None:
        runs.lowered(MINE)
        runs.raised(THEIRS)

    runs.when(hand_over)

    outcome = runs(plan)

    assert {step.address.kind for step in outcome.done} <= {
        "access_tag", "access_group", "access_policy", "access_application"
    }  # fmt: skip
    (reason,) = {item.reason for item in outcome.failed}
    assert "somebody has taken it away; the account is locked for this stack by bob" in reason
    assert account.everything()["tunnels"] == []
    assert flags(account) == [THEIRS]


def test_a_lock_that_is_gone_is_not_looked_for_again(account: Account, runs: Runs) -> None:
    """A list may lag, so it is asked four times; the phases after that are told at once."""
    plan = account.plan(whole())
    runs.when(lambda live: runs.lowered(MINE))

    outcome = runs(plan)

    assert {item.step.address.kind for item in outcome.failed} == {"tunnel", "ca_key"}
    assert sum(runs.slept) == 3 * LIST_INTERVAL


def test_a_run_stops_for_a_flag_that_stays_beside_its_own(account: Account, runs: Runs) -> None:
    """Two can only stand there if a list was no picture of one moment: nobody writes on."""
    plan = account.plan(whole())
    runs.when(lambda live: runs.raised(THEIRS))

    outcome = runs(plan)

    (reason,) = {item.reason for item in outcome.failed}
    assert "another flag is there, too; the account is locked for this stack by bob" in reason
    assert sum(runs.slept) >= 300
    assert account.everything()["tunnels"] == []


def test_a_run_looks_again_after_a_wait_for_the_edge(account: Account, runs: Runs) -> None:
    """Also where another step of the same phase had nothing to wait for, and is done by then."""
    account.apply(two_zones("example.org"))
    plan = account.plan(two_zones("example.org", "example.com", records=True))

    async def pause(seconds: float) -> None:
        while not account.everything()["dns_records"]:
            await asyncio.sleep(0)
        runs.now += seconds
        runs.lowered(MINE)
        runs.raised(THEIRS)

    runs.around = (Waits("dns_record.ssh.example.com", pause),)

    outcome = runs(plan)

    assert [step.address.key for step in outcome.done][-1] == "ssh.example.org"
    (failed,) = outcome.failed
    assert failed.step.address.key == "ssh.example.com"
    assert "somebody has taken it away" in failed.reason


def test_a_run_goes_on_when_who_came_has_given_way(account: Account, runs: Runs) -> None:
    """Who meets a held lock lowers the flag at once; the holder waits for that, and no longer."""
    plan = account.plan(whole())
    runs.when(lambda live: runs.raised(THEIRS))
    runs.asleep = lambda: runs.lowered(*([THEIRS] if flags(account) != [MINE] else []))

    outcome = runs(plan)

    assert outcome.is_complete
    assert len(runs.slept) == 1


def test_a_run_stops_when_its_lock_has_ended(account: Account, runs: Runs) -> None:
    """By its own clock, before anybody else's may count it out."""
    plan = account.plan(whole())

    def late(live: Any) -> None:
        runs.now = NOON + LEASE

    runs.when(late)

    outcome = runs(plan)

    assert {item.reason.partition(": ")[2] for item in outcome.failed} == {
        "it has ended, because it could not be renewed in time"
    }
    assert account.everything()["tunnels"] == []


def test_no_write_is_repeated_when_the_lock_has_ended(account: Account, runs: Runs) -> None:
    """The answer to a write was slow in coming, or the machine slept; by now others may write."""
    plan = account.plan(whole())
    path = "/cfd_tunnel/[^/]*/configurations$"
    account.sandbox.faults.add(method="PUT", path=path, status=503)

    def late(live: Any) -> None:
        if account.writes()[-1].path.endswith("/configurations"):
            runs.now = NOON + LEASE

    account.looks.append(late)

    outcome = runs(plan)

    failed = outcome.failed[0]
    assert (failed.step.verb, failed.lost) == ("configure", True)
    assert "not sent: the lock is no longer this run's: it has ended" in failed.reason
    assert [entry.method for entry in account.writes()][-2:] == ["PUT", "DELETE"]
    assert flags(account) == []


def test_what_is_open_is_shut_though_the_lock_has_ended(account: Account, runs: Runs) -> None:
    """By a probe that takes its time."""
    plan = account.plan(whole())

    async def slow_origin(host: str) -> tuple[int, str, str]:
        runs.now = NOON + LEASE
        return 200, "", ""

    runs.around = (Probe(slow_origin, PublicPlaces(())),)

    outcome = runs(plan)

    assert "it was taken back" in outcome.failed[0].reason
    assert account.everything()["dns_records"] == []


def test_a_run_stops_when_its_clock_is_set_wrong(account: Account, runs: Runs) -> None:
    """By a clock that was put back, its lock would never end, while others count it out."""
    plan = account.plan(whole())

    def put_back(live: Any) -> None:
        runs.now -= 1200
        runs.skew = -1200

    runs.when(put_back)

    outcome = runs(plan)

    (reason,) = {item.reason for item in outcome.failed}
    assert reason == "the lock is no longer this run's: this machine's clock is wrong by now"
    assert account.everything()["tunnels"] == []


def test_a_long_run_renews_its_lock(account: Account, runs: Runs) -> None:
    """A third of its time later there is a new flag in the place of the old one, and one alone."""
    plan = account.plan(whole())
    runs.renews = True
    seen: list[list[str]] = []
    account.looks.append(lambda live: seen.append(flags(account)))

    def later(live: Any) -> None:
        runs.now = NOON + 400

    runs.when(later)

    outcome = runs(plan)

    fresh = LockFlag.new(ALICE, NOON + 400).name
    assert outcome.is_complete
    assert [MINE, fresh] in [sorted(names) for names in seen]
    assert [fresh] in seen
    assert flags(account) == []


def test_a_renewal_does_not_bring_back_what_a_person_took_away(
    account: Account, runs: Runs
) -> None:
    """The new flag is no lock where the old one is gone: the run stops, and leaves no flag."""
    plan = account.plan(whole())
    runs.renews = True

    def taken(live: Any) -> None:
        runs.now = NOON + 400
        runs.lowered(MINE)

    runs.when(taken)

    outcome = runs(plan)

    (reason,) = {item.reason for item in outcome.failed}
    assert "somebody has taken it away" in reason
    assert flags(account) == []


def test_a_flag_that_a_list_misses_is_looked_for_again(account: Account, runs: Runs) -> None:
    """A list may lag: only when several in a row do not show the flag is it lost."""
    plan = account.plan(whole())
    body = json.dumps({"success": True, "result": []})
    account.sandbox.faults.add(method="GET", path="/access/tags$", kind="body", body=body, times=2)

    outcome = runs(plan)

    assert outcome.is_complete
    assert runs.slept == [2.0, 2.0]


def test_a_flag_that_is_told_to_exist_is_the_runs_own(account: Account, runs: Runs) -> None:
    """After a lost answer it is raised again, and "exists" is read from the text as well."""
    plan = account.plan(whole())
    errors = [{"code": 12132, "message": "access.api.error.resource_already_exists: tag"}]
    body = {"success": False, "errors": errors, "messages": [], "result": None}
    account.sandbox.faults.add(method="POST", path="/access/tags$", kind="reset_after")
    account.sandbox.faults.add(method="POST", path="/access/tags$", nth=2, status=400, body=body)

    outcome = runs(plan)

    assert outcome.is_complete
    assert flags(account) == []


def test_a_token_that_may_not_lock_may_not_write(account: Account, runs: Runs) -> None:
    """A plan of DNS alone needs the permission, too: it may open what others protect."""
    made = account.call("POST", "{A}/cfd_tunnel", {"name": "office", "config_src": "cloudflare"})
    file = {"dns": {"www.example.com": {"tunnel": {"id": made["id"]}}}}
    plan = account.plan(file, exposure=["all"])
    account.sandbox.faults.add(method="POST", path="/access/tags$", status=403)
    account.sandbox.faults.add(method="DELETE", path="/access/tags/", status=403)

    with pytest.raises(CallFailed) as failure:
        runs(plan)

    assert "Access: Apps and Policies · Edit" in failure.value.hint
    assert account.everything()["dns_records"] == []
    assert runs.notes == []


def test_an_account_without_zero_trust_has_no_lock(account: Account, runs: Runs) -> None:
    """It has no tags, and no Access that a run could rely on: the run goes on, and says so."""
    plan = account.plan({"tunnels": {"pool": {}}})
    body = json.dumps({"success": False, "errors": [{"code": 9999, "message": "not enabled"}]})
    account.sandbox.faults.add(
        method="POST", path="/access/tags$", kind="status", status=404, body=body
    )

    outcome = runs(plan)

    assert outcome.is_complete
    assert runs.notes == ["going on without a lock: the account has no Zero Trust, nor tags"]


def test_a_lock_that_cannot_be_given_back_is_told(account: Account, runs: Runs) -> None:
    """The outcome stands; a note says when the lock ends by itself."""
    plan = account.plan(whole())
    account.sandbox.faults.add(method="DELETE", path="/lock-ztctl-", status=500, times=None)

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
    assert flags(account) == []


def test_replies_that_make_no_sense_are_no_lock(account: Account, runs: Runs) -> None:
    """A list of tags is foreign data: one that does not show the own flag gives no lock."""
    plan = account.plan(whole())
    body = json.dumps(
        {"success": True, "result": [{"name": "lock-ztctl-"}, {"name": "lock-ztctl-x"}]}
    )
    account.sandbox.faults.add(
        method="GET", path="/access/tags$", kind="body", body=body, times=None
    )

    with pytest.raises(CallFailed, match="the lock is no longer this run's"):
        runs(plan)

    account.sandbox.faults.clear()
    assert flags(account) == []
    assert account.everything()["groups"] == []


@given(
    stack=st.from_regex(r"(?!.*--)[a-z0-9-]{1,20}", fullmatch=True),
    name=st.text(),
    number=st.integers(0, 36**5 - 1),
    now=st.integers(1_700_000_000, 3_500_000_000),
)
def test_a_flag_is_read_back(stack: str, name: str, number: int, now: int) -> None:
    """Whatever a person and a stack are called, the name fits and says what went into it."""
    holder = Holder.named(stack, name, lambda below: number % below)

    flag = LockFlag.new(holder, now)

    assert LockFlag.parse(flag.name) == flag
    assert len(flag.name) <= 35
    assert 0 <= flag.expires_at - now - LEASE < 60


@given(stack=st.from_regex(r"(?!.*--)[a-z0-9-]{1,20}", fullmatch=True), protect=st.booleans())
def test_no_mark_is_a_flag_and_no_flag_a_mark(stack: str, protect: bool) -> None:
    """Whatever a stack is called, ``lock`` and ``held`` included."""
    flag = LockFlag.new(Holder.named(stack, stack, lambda below: 0), NOON).name

    assert not is_lock(Mark(stack, protect).tag)
    assert Mark.of_tag(flag) is None


@pytest.mark.parametrize(
    "name", ["ztctl-held", "ztctl-lock.prod", "lock-ztctl-", "lock-ztctl-a-b-c-d", f"{MINE}0"]
)
def test_other_names_are_no_flags(name: str) -> None:
    """A tag is a flag only if it is one to the letter."""
    assert LockFlag.parse(name) is None


def test_a_lock_is_kept_until_its_holder_has_stopped() -> None:
    """Others count a flag out later than its holder does, by clocks that differ by two minutes."""
    flag = LockFlag.new(BOB, NOON)

    moments = [NOON + seconds for seconds in range(0, 2 * LEASE, 7)]

    assert not any(flag.may_write(at) and flag.has_expired(at + 120) for at in moments)
    assert flag.may_write(NOON + LEASE - 61)
