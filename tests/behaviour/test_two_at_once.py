"""Several people at work on one account: they wait for each other, and no plan shows a lock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, groupby
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support.account import Account
from tests.support.files import HOST, host, whole
from tests.support.people import OUTDATED, Person, flags, rest, together
from ztctl.cli.run_lock import lock_of
from ztctl.cli.settings import Settings
from ztctl.core.model.diagnostics import Problems
from ztctl.core.runs.locks import Holder, LockFlag
from ztctl.engine.lock import RENEWAL_POLL
from ztctl.engine.recheck import YOUNG
from ztctl.engine.settle import Settle
from ztctl.sandbox.edge.values import NOBODY, Visit

NOON = 1_782_907_200.0
WILDCARD = {
    "stack": "other",
    "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
    "applications": {"*.example.com": {"policies": ["team"]}},
}
LEANING = {
    "tunnels": {"pool": {"ingress": [{"hostname": HOST, "service": "ssh://localhost:22"}]}},
    "dns": {HOST: {"tunnel": "pool"}},
}


def locked(account: Account, stack: str = "prod") -> str:
    """A flag of bob's for a stack."""
    flag = LockFlag.new(Holder.named(stack, "bob", lambda below: 5), account.clock.seconds())
    account.call("POST", "{A}/access/tags", {"name": flag.name})
    return flag.name


def test_of_two_applies_at_once_one_is_refused(account: Account) -> None:
    """A laptop and CI that do not wait: one goes through at most, and nothing is made twice."""
    people = [Person(account, who, whole()) for who in ("alice", "ci")]

    ends = together(*people)

    assert any(end.startswith("Locked: the account is locked for this stack") for end in ends)
    assert all(end == "complete" or end.startswith("Locked: ") for end in ends)
    assert flags(account) == []
    assert (
        max(Counter(tag["name"] for tag in account.everything()["tags"]).values(), default=1) == 1
    )


def test_of_two_applies_at_once_one_may_wait(account: Account) -> None:
    """Who waits finds everything done, and makes nothing twice."""
    alice = Person(account, "alice", whole(), wait=600, chance=0.1)
    job = Person(account, "ci", whole(), wait=600, chance=0.9)

    ends = together(alice, job)

    assert ends == ["complete", "complete"]
    live = account.everything()
    assert [len(live[kind]) for kind in ("apps", "policies", "groups", "tunnels")] == [1, 1, 1, 1]


def test_two_stacks_take_turns(account: Account) -> None:
    """They do not concern each other: the second waits, finds its plan unchanged, and goes on."""
    theirs = {"stack": "other", **host("db.example.com", "side")}
    here = Person(account, "alice", host(), wait=600, chance=0.1)
    there = Person(account, "bob", theirs, wait=600, chance=0.9)

    ends = together(here, there)

    assert ends == ["complete", "complete"]
    assert flags(account) == []


def test_a_run_of_another_stack_is_waited_for(account: Account) -> None:
    """There is one lock, whatever a plan does."""
    theirs = locked(account, "other")

    end = Person(account, "alice", whole()).applies()

    assert end.startswith("Locked: the account is locked for another stack by bob")
    assert flags(account) == [theirs]
    assert account.everything()["groups"] == []


def test_an_apply_that_is_in_step_writes_nothing(account: Account) -> None:
    """No flag either, and it waits for nobody."""
    account.apply(whole())
    theirs = locked(account)
    account.forget_log()

    end = Person(account, "alice", whole()).applies()

    assert end == "DONE"
    assert account.writes() == []
    assert flags(account) == [theirs]


def test_a_wildcard_that_went_after_the_plan_is_missed(account: Account) -> None:
    """A host that leans on another stack's wildcard is not opened once that is gone."""
    account.apply(WILDCARD)
    bob = Person(account, "bob", {"stack": "other"})

    end = Person(account, "alice", LEANING).applies(bob.applies)

    assert end.startswith(OUTDATED)
    assert account.everything()["dns_records"] == []
    assert flags(account) == []


def test_a_host_that_came_after_the_plan_is_seen(account: Account) -> None:
    """A wildcard on which another stack has begun to lean does not go."""
    account.apply(WILDCARD)
    alice = Person(account, "alice", LEANING)

    end = Person(account, "bob", {"stack": "other"}).applies(alice.applies)

    assert end.startswith(OUTDATED)
    assert len(account.everything()["apps"]) == 1


def test_what_a_person_changed_after_the_plan_is_not_overwritten(account: Account) -> None:
    """A field that the plan does not touch was edited by hand: it is kept."""
    account.apply(whole())
    app = account.one("apps")
    body = {**app, "logo_url": "https://example.com/a.png"}
    file = whole()
    file["applications"][HOST]["session_duration"] = "2h"

    end = Person(account, "alice", file).applies(
        lambda: account.call("PUT", f"{{A}}/access/apps/{app['id']}", body)
    )

    assert end == "complete"
    assert account.one("apps")["logo_url"] == "https://example.com/a.png"
    assert account.one("apps")["session_duration"] == "2h"


def test_locks_are_no_objects_of_a_plan(account: Account) -> None:
    """Whoever holds it: plans do not wait, do not show it, and do not take it away."""
    account.apply(whole())
    tags = sorted([locked(account), locked(account, "other")])

    assert account.plan(whole()).is_empty
    account.destroy(whole())

    assert flags(account) == tags


@pytest.mark.parametrize("stack", ["held", "lock"])
def test_a_stack_may_have_any_name(stack: str, account: Account) -> None:
    """No mark of a stack looks like a lock: it is in step after its first apply."""
    file = {"stack": stack, **whole()}

    assert Person(account, "alice", file).applies() == "complete"

    assert account.plan(file).is_empty


def test_a_tag_of_a_lock_cannot_be_asked_for(account: Account) -> None:
    """An application that carried it would keep the lock shut."""
    file = whole()
    holder = Holder.named("prod", "eve", lambda below: 0)
    file["applications"][HOST]["tags"] = [LockFlag.new(holder, NOON).name]

    with pytest.raises(Problems, match="looks like the mark of a stack, or like a lock"):
        account.declared(file)


def test_the_client_of_an_apply_asks_the_lock_before_each_request(account: Account) -> None:
    """So that nothing is sent, or sent again, once the lock has ended."""
    client = account.client()

    lock = lock_of(Settings(), client, "prod", 0, account.view())

    assert client.withhold == lock.withheld


@dataclass
class Turns(httpx.AsyncBaseTransport):
    """Lets others go first before each request of a run, so often as a list says; notes writes."""

    inner: httpx.AsyncBaseTransport
    who: str
    turns: Iterator[int]
    wrote: list[str]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; a write that is not the lock's is noted."""
        for _ in range(next(self.turns)):
            await asyncio.sleep(0)
        sent = f"{request.url.path} {(await request.aread()).decode()}"
        if request.method != "GET" and "lock-ztctl-" not in sent:
            self.wrote.append(self.who)
        return await self.inner.handle_async_request(request)


TURNS = st.lists(st.integers(0, 40), min_size=5, max_size=40)
PAIRS = {
    "a wildcard that goes": (LEANING, {"stack": "other"}),
    "one file": (whole(), whole()),
}


@pytest.mark.parametrize("pair", PAIRS)
@settings(max_examples=15, phases=[Phase.generate])
@given(ours=TURNS, theirs=TURNS, chance=st.floats(0, 0.99))
def test_never_do_two_write_whichever_is_served_when(
    pair: str, ours: list[int], theirs: list[int], chance: float, tmp_path_factory: Any
) -> None:
    """Two whole runs, each call of which may come at any time: one writes after the other."""
    account = Account(tmp_path_factory.mktemp("account"))
    account.apply(WILDCARD)
    wrote: list[str] = []

    def person(who: str, file: Any, turns: list[int], chance: float) -> Person:
        wire = partial(Turns, who=who, turns=cycle(turns), wrote=wrote)
        return Person(account, who, file, wait=600, chance=chance, wire=wire)

    mine, other = PAIRS[pair]

    ends = together(person("alice", mine, ours, 0.1), person("bob", other, theirs, chance))

    assert [who for who, _ in groupby(wrote)] in (
        ["alice"],
        ["bob"],
        ["alice", "bob"],
        ["bob", "alice"],
    )
    assert all(end == "complete" or end.startswith(("Outdated: ", "Locked: ")) for end in ends)
    assert "complete" in ends
    assert flags(account) == []
    account.sandbox.edge.assume_connectors = True
    assert account.sandbox.edge.visit(Visit(HOST, "/", NOBODY, "10.0.0.1:22")).outcome != "origin"


def test_what_a_person_made_during_a_long_pause_is_seen(account: Account) -> None:
    """The reading of the plan is too old to be a look by then: the kind is read once more."""
    passed = 0.0

    async def pause(seconds: float) -> None:
        nonlocal passed
        if YOUNG < seconds < RENEWAL_POLL:
            passed += seconds
            zone = account.one("zones", name="example.com")["id"]
            body = {"type": "A", "name": HOST, "content": "192.0.2.7", "proxied": True}
            account.call("POST", f"/zones/{zone}/dns_records", body)
        await rest(min(seconds, 1.0) if seconds != RENEWAL_POLL else seconds)

    alice = Person(account, "alice", whole(), around=(Settle(YOUNG + 1),), sleep=pause)
    alice.clock = lambda: passed

    end = alice.applies()

    assert "somebody else has made it since the plan was made" in end
    assert [record["type"] for record in account.everything()["dns_records"]] == ["A"]
