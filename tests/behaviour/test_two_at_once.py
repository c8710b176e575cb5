"""Two people at work on one account: they wait for each other, and nobody plans another's lock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.account import Account
from tests.support.files import HOST, host, whole
from ztctl.cli.planning import options_of, plan_source
from ztctl.core.model.declared import Declared
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Plan
from ztctl.core.runs.locks import ACCOUNT, Holder, LockFlag, Scope, is_lock, scope_of
from ztctl.engine.companion import Means
from ztctl.engine.execute import execute
from ztctl.engine.lock import Lock, Locked, Outdated, ReplanUnderLock, relies_on_others
from ztctl.engine.recheck import Recheck
from ztctl.kinds.registry import KINDS

ALICE, BOB = Holder("alice", "aaaaa"), Holder("bob", "bbbbb")
PROD, OTHER = scope_of("prod"), scope_of("other")
NOON = 1_782_907_200.0
YES: dict[str, Any] = {"deletions": True, "no_policy": ["all"], "ca_deletion": ["all"]}
WILDCARD = {
    "stack": "other",
    "policies": {"team": {"decision": "allow", "include": [{"email": "ann@example.com"}]}},
    "applications": {"*.example.com": {"policies": ["team"]}},
}
LEANING = {
    "tunnels": {"pool": {"ingress": [{"hostname": HOST, "service": "ssh://localhost:22"}]}},
    "dns": {HOST: {"tunnel": "pool"}},
}


@dataclass
class Person:
    """Somebody with a file, who plans now and applies later, under the lock."""

    account: Account
    holder: Holder
    declared: Declared
    plan: Plan
    wait: float = 0.0

    @classmethod
    def with_file(cls, account: Account, holder: Holder, file: Any, **facts: Any) -> Person:
        """Somebody who has planned a file."""
        plan = account.plan(file, **YES)
        assert not plan.refusals, plan.refusals
        return cls(account, holder, account.declared(file), plan, **facts)

    async def applies(self) -> str:
        """How it ends."""
        async with self.account.client() as client:

            async def again() -> Plan:
                view = self.account.view()
                source = plan_source(client, self.declared, options_of(**YES), view)
                return (await source.plan()).plan

            lock = Lock(self.holder, self.wait, now=lambda: NOON)
            around = (lock, ReplanUnderLock(again, lock), Recheck())
            means = Means(client, self.account.view().event, sleep=_rest, around=around)
            try:
                outcome = await execute(self.plan, KINDS, means)
            except (Locked, Outdated) as refused:
                return f"{type(refused).__name__}: {refused.summary}"
        return "complete" if outcome.is_complete else str(outcome.failed)


async def _rest(seconds: float) -> None:
    # What renews a lock sleeps once a minute; here it never wakes.
    await asyncio.sleep(3600 if seconds == 60 else 0)


def together(*runs: Awaitable[str]) -> list[str]:
    """How several runs end that go on at the same time."""

    async def work() -> list[str]:
        return list(await asyncio.gather(*runs))

    return asyncio.run(work())


def locks(account: Account) -> list[str]:
    """The tags of locks in the account."""
    return sorted(tag["name"] for tag in account.everything()["tags"] if is_lock(tag["name"]))


def locked(account: Account, scope: Scope) -> list[str]:
    """A lock of bob's; gives its tags."""
    names = [scope.mutex, LockFlag.new(scope, BOB, NOON).name]
    for name in names:
        account.call("POST", "{A}/access/tags", {"name": name})
    return sorted(names)


def test_of_two_applies_at_once_one_is_refused(account: Account) -> None:
    """A laptop and CI: one goes through, the other is told who is at work."""
    people = [Person.with_file(account, holder, whole()) for holder in (ALICE, BOB)]

    ends = together(*(person.applies() for person in people))

    assert sorted(ends)[1] == "complete"
    assert sorted(ends)[0].startswith("Locked: the stack 'prod' is ")
    assert account.plan(whole()).is_empty
    assert locks(account) == []


def test_of_two_applies_at_once_one_may_wait(account: Account) -> None:
    """Who waits learns that the plan no longer fits, and makes nothing twice."""
    people = [Person.with_file(account, holder, whole(), wait=1) for holder in (ALICE, BOB)]

    ends = together(*(person.applies() for person in people))

    assert sorted(ends)[1] == "complete"
    assert sorted(ends)[0].startswith("Outdated: the account is no longer as it was")
    live = account.everything()
    assert [len(live[kind]) for kind in ("apps", "policies", "groups", "tunnels")] == [1, 1, 1, 1]


def test_two_stacks_at_once_do_not_disturb_each_other(account: Account) -> None:
    """Neither takes protection away, so neither waits."""
    here = Person.with_file(account, ALICE, host())
    there = Person.with_file(account, BOB, {"stack": "other", **host("db.example.com", "side")})

    ends = together(here.applies(), there.applies())

    assert ends == ["complete", "complete"]
    assert locks(account) == []


def test_protection_is_not_taken_away_while_others_write(account: Account) -> None:
    """Another stack may be about to lean on what goes."""
    account.apply(whole())
    theirs = locked(account, OTHER)
    alice = Person.with_file(account, ALICE, {})

    (end,) = together(alice.applies())

    assert end.startswith("Locked: the stack 'other' is locked by bob")
    assert locks(account) == theirs
    assert len(account.everything()["apps"]) == 1


def test_a_ca_that_goes_alone_is_no_matter_of_others(account: Account) -> None:
    """No configuration of others is read, the account is not locked, and nothing planned twice."""
    account.apply(whole())
    foreign = account.call("POST", "{A}/cfd_tunnel", {"name": "x", "config_src": "cloudflare"})[
        "id"
    ]
    removed = {"removed": [{"address": f"ca_key.{HOST}"}]}
    file = {name: section for name, section in whole().items() if name != "ca_keys"} | removed
    seen: set[str] = set()
    account.looks.append(lambda live: seen.update(tag["name"] for tag in live["tags"]))
    account.forget_log()

    (end,) = together(Person.with_file(account, ALICE, file).applies())

    reads = [entry.path for entry in account.sandbox.log if entry.method == "GET"]
    assert (end, account.everything()["app_cas"]) == ("complete", [])
    assert PROD.mutex in seen
    assert ACCOUNT.mutex not in seen
    assert not [path for path in reads if foreign in path]
    assert len([path for path in reads if path.endswith("/access/groups")]) == 1


def test_nobody_writes_while_protection_is_taken_away(account: Account) -> None:
    """A run of any stack would lean on what is about to go."""
    alice = Person.with_file(account, ALICE, whole())
    theirs = locked(account, ACCOUNT)

    (end,) = together(alice.applies())

    assert end.startswith("Locked: the account is locked by bob")
    assert locks(account) == theirs


def test_a_wildcard_that_went_after_the_plan_is_missed(account: Account) -> None:
    """A host that leans on another stack's wildcard is not opened once that is gone."""
    account.apply(WILDCARD)
    alice = Person.with_file(account, ALICE, LEANING)
    account.apply({"stack": "other"}, **YES)

    (end,) = together(alice.applies())

    assert end.startswith("Outdated: the account is no longer as it was when the plan was made")
    assert account.everything()["dns_records"] == []
    assert locks(account) == []


@pytest.mark.parametrize(
    ("name", "covered", "is_leaning"),
    [("a.example.com", "a.example.com", False), ("ssh-1.example.com", "ssh-*.example.com", False),
     ("a.example.com", "*.example.com", False), ("*.example.com", "*.example.com", False),
     ("ssh-1.example.com", "db-*.example.com", True), ("a.b.example.com", "*.example.com", True)],
)  # fmt: skip
def test_a_host_under_an_application_of_its_own_stack_leans_on_nobody(
    account: Account, name: str, covered: str, is_leaning: bool
) -> None:
    """Only what no application of the stack covers, in the sense of Access, is planned twice."""
    file = host()
    apps = {"own": {"destinations": [covered, "own.example.com"], "policies": ["team"]}}
    account.apply({**file, "hosts": {}, "applications": apps})
    rules = [{"hostname": name, "service": "ssh://localhost:22"}]
    way = {"dns": {name: {"tunnel": "pool"}}, "tunnels": {"pool": {"ingress": rules}}}

    plan = account.plan({**file, "hosts": {}, "applications": apps, **way})

    assert relies_on_others(plan, KINDS) is is_leaning


def test_a_host_that_came_after_the_plan_is_seen(account: Account) -> None:
    """A wildcard on which another stack has begun to lean does not go."""
    account.apply(WILDCARD)
    bob = Person.with_file(account, BOB, {"stack": "other"})
    account.apply(LEANING)

    (end,) = together(bob.applies())

    assert end.startswith("Outdated: the account is no longer as it was when the plan was made")
    assert len(account.everything()["apps"]) == 1


def test_locks_are_no_objects_of_a_plan(account: Account) -> None:
    """Whoever holds what: plans do not wait, do not show it, and do not take it away."""
    account.apply(whole())
    tags = sorted([*locked(account, PROD), *locked(account, OTHER), *locked(account, ACCOUNT)])

    assert account.plan(whole()).is_empty
    account.destroy(whole())

    assert locks(account) == tags


def test_no_stack_is_called_lock(account: Account) -> None:
    """Its mark would be the account's lock."""
    with pytest.raises(Problems, match="a stack cannot be called 'lock'"):
        account.declared({"stack": "lock"})


def test_a_tag_of_a_lock_cannot_be_asked_for(account: Account) -> None:
    """An application that carried it would keep the lock shut."""
    file = whole()
    file["applications"][HOST]["tags"] = ["ztctl-lock.prod"]

    with pytest.raises(Problems, match="looks like the mark of a stack"):
        account.declared(file)
