"""Objects go from stack to stack: their marks change, and nothing is owned by none or by two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.account import Account, refused, told
from tests.support.files import HOST, MARKED, whole
from tests.support.foreign import lived_in
from tests.support.handmade import Killed, Mortal, changes, lasting
from ztctl.core.model.address import Address
from ztctl.core.model.declared import Declared
from ztctl.core.model.plan import Plan
from ztctl.core.planning.handover import Handover
from ztctl.engine.companion import Means
from ztctl.engine.moving import Moving

# Not of the stack whose name only begins so, nor in a sentence.
MARK = re.compile(r"ztctl-prod(?!-like|')")
RENAME = Handover(to="new", whole=True)


class Moved(Mortal):
    """An account whose runs are those of a handover."""

    def means(self, client: Any) -> Means:
        """With the tags that say so."""
        means = super().means(client)
        return replace(means, around=(Moving(), *means.around))


def transfer(*addresses: str, to: str = "new") -> Handover:
    """A handover of these."""
    return Handover(to=to, chosen=frozenset(map(Address.parse, addresses)))


def renamed(value: Any) -> Any:
    """The account as it is when every mark is another one."""
    if isinstance(value, dict):
        return {renamed(name): renamed(it) for name, it in value.items()}
    if isinstance(value, list):
        return [renamed(it) for it in value]
    return MARK.sub("ztctl-new", value) if isinstance(value, str) else value


def protected() -> dict[str, Any]:
    """The whole file, with one object protected in each place where a mark can be."""
    file = whole()
    for section in ("applications", "dns", "tunnels"):
        for entry in file[section].values():
            entry["protect"] = True
    return file


def of(account: Account, stack: str, file: Any | None = None) -> Declared:
    """The same file as another stack's."""
    return replace(account.declared(file or whole()), stack=stack)


def runs(account: Moved, handover: Handover, file: Any) -> Iterator[Plan]:
    """Every run that it takes when each dies after one write."""
    for _ in range(30):
        plan = account.plan(file, handover=handover)
        if plan.is_empty:
            return
        assert not plan.refusals, plan.refusals
        account.lives = 1
        with pytest.raises(Killed):
            account.carry_out(plan)
        account.lives = None
        yield plan
    raise AssertionError("it never ends")


def test_a_renamed_stack_has_everything_under_its_new_name(tmp_path: Path) -> None:
    """Field by field, with protection, and the next plan of the same file is empty."""
    account = Moved(tmp_path)
    lived_in(account)
    account.apply(protected())
    before = lasting(account)

    outcome = account.apply(protected(), handover=RENAME)

    assert outcome.is_complete, outcome.failed
    assert changes(renamed(before), lasting(account)) == []
    assert account.plan_of(of(account, "new", protected())).is_empty


def test_a_rename_that_dies_after_each_write_goes_on(tmp_path: Path) -> None:
    """In between an apply of either name is refused; nothing is made twice, and nothing goes."""
    account = Moved(tmp_path)
    account.apply(whole())
    before, count = lasting(account), 0
    flagged = {f"tags ztctl-{stack}--moving has come" for stack in ("prod", "new")}

    for _ in runs(account, RENAME, whole()):
        count += 1
        there = changes(before, lasting(account))
        if flagged <= {*there}:
            for stack in ("prod", "new"):
                plan = account.plan_of(of(account, stack), adopt=True)
                assert any("cut off" in it.reason for it in plan.refusals)
        elif not any("name:" in it or "tags:" in it or "comment:" in it for it in there):
            assert account.plan(whole(), adopt=True).changes == ()

    assert count >= len(MARKED)
    assert changes(renamed(before), lasting(account)) == []
    assert account.plan_of(of(account, "new")).is_empty


def test_the_flags_are_there_before_the_first_and_until_the_last(tmp_path: Path) -> None:
    """Both stacks have one for as long as anything goes; an application has one mark throughout."""
    account = Moved(tmp_path)
    account.apply(whole())
    account.forget_log()

    account.apply(whole(), handover=RENAME)

    writes = [f"{it.method} {it.path.rpartition('/')[2]} {it.body!r}" for it in account.writes()]
    flags = [at for at, it in enumerate(writes) if "--moving" in it]
    last = len(writes) - 1
    assert flags == [0, 1, last - 1, last]


def test_a_name_that_is_in_use_is_refused(tmp_path: Path) -> None:
    """Two stacks do not become one by accident."""
    account = Moved(tmp_path)
    lived_in(account)
    account.apply(whole())

    plan = account.plan(whole(), handover=Handover(to="other", whole=True))

    assert any("has" in it.reason and "live objects already" in it.reason for it in plan.refusals)


def test_a_rename_that_is_done_is_told_so(tmp_path: Path) -> None:
    """Who runs it again with the old files learns what is left to write."""
    account = Moved(tmp_path)
    account.apply(whole())
    account.apply(whole(), handover=RENAME)

    (refusal,) = account.plan(whole(), handover=RENAME).refusals

    assert refusal.reason.startswith("nothing carries the mark of the stack 'prod', and ")
    assert refusal.reason.endswith("where it was renamed, write `stack: new` in the files")


def test_a_part_goes_to_a_stack_that_is_there(tmp_path: Path) -> None:
    """What refers to it goes on to, and the plan says what its file has to say then."""
    account = Moved(tmp_path)
    account.apply(whole())

    plan = account.plan(whole(), handover=transfer("access_policy.team", "access_group.people"))
    account.carry_out(plan)

    notes = {str(it.address): it.notes for it in plan.changes}
    (note,) = notes["access_policy.team"]
    assert note == (
        f"used by access_application.{HOST}: once it is out of the file, "
        "write {live: team.ztctl-new} there"
    )
    assert account.one("policies")["name"] == "team.ztctl-new"
    assert account.one("apps")["tags"] == ["ztctl-prod"]
    file = whole()
    del file["policies"], file["groups"]
    file["applications"][HOST]["policies"] = [{"live": "team.ztctl-new"}]
    assert account.plan(file).is_empty
    theirs = {name: whole()[name] for name in ("policies", "groups")}
    assert account.plan_of(of(account, "new", theirs)).is_empty


def test_what_the_other_stack_has_under_the_key_is_refused(tmp_path: Path) -> None:
    """It would have two of one key, and ztctl never guesses."""
    account = Moved(tmp_path)
    account.apply(whole())
    body = {"name": "people.ztctl-new", "include": [{"everyone": {}}]}
    account.call("POST", "{A}/access/groups", body)

    plan = account.plan(whole(), handover=transfer("access_group.people"))

    assert refused(plan) == [("access_group.people", "")]


def test_a_comment_that_gets_too_long_is_refused_before_the_first_write(tmp_path: Path) -> None:
    """The other mark is longer than the one that fitted."""
    account = Moved(tmp_path)
    file = whole()
    del file["dns"], file["ca_keys"], file["applications"], file["tunnels"]
    file["virtual_networks"] = {"inside": {"comment": "x" * 89}}
    account.apply(file)

    plan = account.plan(file, handover=Handover(to="a-much-longer-name"))

    assert [str(it.address) for it in plan.refusals] == ["virtual_network.inside"]


def test_nobody_is_let_in_or_shut_out(tmp_path: Path) -> None:
    """The plan says that nobody gains entry and nobody loses it, and no name is uncovered."""
    account = Moved(tmp_path)
    account.apply(whole())

    plan = account.plan(whole(), handover=RENAME)
    account.carry_out(plan)

    assert plan.access == ()
    assert account.observer.uncovered == []
    assert {it.partition(" ")[0] for it in told(plan)} == {"create", "update", "delete"}


def cut_off(account: Moved, writes: int, handover: Handover = RENAME) -> None:
    """A handover that dies after so many writes."""
    plan = account.plan(whole(), handover=handover)
    account.lives = writes
    with pytest.raises(Killed):
        account.carry_out(plan)
    account.lives = None


def test_one_that_was_cut_off_can_go_back(tmp_path: Path) -> None:
    """The other way round it is the same work: everything is where it was, and no tag is left."""
    account = Moved(tmp_path)
    account.apply(whole())
    before = lasting(account)
    cut_off(account, 5)

    back = account.plan_of(of(account, "new"), handover=Handover(to="prod", whole=True))
    account.carry_out(back)

    assert changes(before, lasting(account)) == []


def test_a_release_in_between_is_refused(tmp_path: Path) -> None:
    """What is on its way belongs to the run that has begun it."""
    account = Moved(tmp_path)
    account.apply(whole())
    cut_off(account, 5)

    plans = [account.plan_of(of(account, it), handover=Handover()) for it in ("prod", "new")]

    assert all("cut off" in plan.refusals[0].reason for plan in plans)


def test_a_third_stack_has_nothing_to_do_with_it(tmp_path: Path) -> None:
    """Its own runs go on, tags of others stay; it takes none of the two for its own handover."""
    account = Moved(tmp_path)
    account.apply(whole())
    cut_off(account, 5)
    account.call("POST", "{A}/access/groups", {"name": "x.ztctl-third", "include": []})
    third = of(account, "third", {})

    to_one = account.plan_of(third, handover=Handover(to="new"))
    account.carry_out(account.plan_of(third, handover=Handover(to="fourth", whole=True)))

    assert any("cut off" in it.reason for it in to_one.refusals)
    tags = {it["name"] for it in account.everything()["tags"]}
    assert {"ztctl-prod--moving", "ztctl-new--moving"} <= tags
    assert not {it for it in tags if "third" in it or "fourth" in it}
