"""The laws that hold for every file: never nags, never touches others, never leaves a door open.

Each law is tried on whole generated files, against an account in which others have been at work,
through the real client and engine, with answers spelt in the ordinary and in the awkward way. After
each write of each apply somebody rings at every door; one that is open fails the law.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, event, find, given, settings
from hypothesis import strategies as st

from tests.laws.conftest import NewAccount
from tests.laws.effects import without_effect
from tests.laws.respelling import respelled
from tests.support.account import Account, opened
from tests.support.examples import examples
from tests.support.foreign import changed, marked, snapshot
from tests.support.strategies.parts import Side
from tests.support.strategies.sides import sides
from ztctl.cli.planning import options_of
from ztctl.cli.saved_plans import read_plan, save_plan
from ztctl.core.model.diagnostics import Problems
from ztctl.core.model.plan import Plan
from ztctl.engine.planfile import moved
from ztctl.kinds.registry import KINDS

NAMED = ("no_policy", "ca_deletion", "protected", "interruption", "disconnect")
YES: dict[str, Any] = {"deletions": True, **{flag: ["all"] for flag in NAMED}}
EMPTY: list[Any] = []
# An example of a law takes a few dozen calls.
FEW = 6
TRIED = settings(database=None, derandomize=True, phases=[Phase.generate])


def edits(plan: Plan) -> list[str]:
    """Every edit of a plan, or the bare action of a change without any."""
    return [
        f"{change.action} {change.address} {edit.path}: {edit.before!r} -> {edit.after!r}"
        for change in plan.changes
        for edit in change.edits
    ] + [f"{change.action} {change.address}" for change in plan.changes if not change.edits]


def every_yes(account: Account, file: Side) -> dict[str, Any]:
    """Every yes, and to what the file itself opens; not to what would be open on the way only."""
    return {**YES, "exposure": opened(account.plan(file, **YES))}


def possible(account: Account, file: Side) -> Plan | None:
    """The plan, or ``None`` when it says that it takes more than one apply."""
    try:
        plan = account.plan(file, **every_yes(account, file))
    except Problems as problems:
        if any("in two parts" not in item.hint for item in problems.items):
            raise
        event("takes two parts")
        return None
    if plan.refusals:
        event("takes two parts")
        return None
    return plan


def applied(account: Account, plan: Plan | None) -> bool:
    """Carry out a plan, if there is one, to its end."""
    outcome = account.carry_out(plan) if plan else None
    assert outcome is None or outcome.is_complete, outcome
    return outcome is not None


@pytest.mark.parametrize("section", [kind.section for kind in KINDS.values() if kind.section])
def test_every_section_is_drawn(section: str) -> None:
    """Files of each kind come up, so that every law holds for it: tests/support/strategies."""
    file = find(sides(), lambda side: section in side, settings=TRIED)

    assert file[section]


@examples(FEW)
@given(file=sides())
def test_after_an_apply_the_plan_is_empty(new_account: NewAccount, file: Side) -> None:
    """What was applied is in step, the account held no open door, and no field was sent in vain."""
    account = new_account()

    outcome = account.apply(file, **every_yes(account, file))

    assert outcome.is_complete, outcome.failed
    assert edits(account.plan(file)) == EMPTY
    assert account.sandbox.ignored == EMPTY


@examples(FEW)
@given(before=sides(), after=sides())
def test_every_edit_of_a_plan_changes_something(
    new_account: NewAccount, before: Side, after: Side
) -> None:
    """No edit asks for the value that is there, and after the next apply the plan is empty."""
    account = new_account()
    account.apply(before, **every_yes(account, before))
    live = account.everything()
    plan = possible(account, after)

    if plan is not None and applied(account, plan):
        assert without_effect(plan, live, account.everything()) == EMPTY
        assert edits(account.plan(after)) == EMPTY


@examples(FEW)
@given(before=sides(), after=sides())
def test_nothing_of_others_is_touched(new_account: NewAccount, before: Side, after: Side) -> None:
    """Two applies and a destroy leave foreign objects byte by byte as they were."""
    account = new_account()
    others = snapshot(account)

    account.apply(before, **every_yes(account, before))
    applied(account, possible(account, after))
    account.destroy(after)

    assert changed(others, account) == EMPTY


@examples(FEW)
@given(file=sides())
def test_a_destroy_leaves_nothing_with_the_mark(new_account: NewAccount, file: Side) -> None:
    """Nothing that lives carries the stack's mark any more, and no door was open on the way."""
    account = new_account()
    account.apply(file, **every_yes(account, file))

    outcome = account.destroy(file)

    assert outcome.is_complete, outcome.failed
    assert marked(account) == EMPTY


@examples(FEW)
@given(file=sides(), chance=st.randoms(use_true_random=False))
def test_another_spelling_of_the_file_is_no_change(
    new_account: NewAccount, file: Side, chance: Random
) -> None:
    """Durations, masks, letter case, order of sets, defaults and the short form mean nothing."""
    account = new_account()
    account.apply(file, **every_yes(account, file))

    plan = account.plan(respelled(file, chance))

    assert edits(plan) == EMPTY


@examples(FEW)
@given(before=sides(), after=sides())
def test_a_saved_plan_is_the_plan(
    new_account: NewAccount, plan_path: Path, before: Side, after: Side
) -> None:
    """What is read back is what was declared, and makes the plan that was saved."""
    account = new_account()
    account.apply(before, **every_yes(account, before))
    declared = account.declared(after)
    plan = possible(account, after)
    if plan is None:
        return
    yes = every_yes(account, after)
    save_plan(plan_path, plan, declared, options_of(**yes))

    saved, again = read_plan(plan_path)

    assert again == declared
    assert moved(saved, account.plan_of(again, **yes)) == ()


@examples(FEW)
@given(before=sides(wandering=True), after=sides(wandering=True))
def test_names_that_wander_are_never_open(
    new_account: NewAccount, before: Side, after: Side
) -> None:
    """Whichever application a name goes to: it is refused as a whole, or done without a gap."""
    account = new_account()
    account.apply(before, **every_yes(account, before))

    if applied(account, possible(account, after)):
        assert edits(account.plan(after)) == EMPTY


@pytest.mark.parametrize("kind", ["status", "reset_before", "reset_after"])
@examples(FEW // 3)
@given(before=sides(), after=sides(), nth=st.integers(1, 25))
def test_the_next_apply_finishes_what_a_fault_cut_off(
    new_account: NewAccount, kind: Any, before: Side, after: Side, nth: int
) -> None:
    """However one write fails: no door is open, nothing is there twice, the next apply finishes."""
    account = new_account()
    account.apply(before, **every_yes(account, before))
    plan = possible(account, after)
    if plan is None:
        return
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        account.sandbox.faults.add(kind=kind, method=method, nth=nth, times=1)
    account.carry_out(plan)
    account.sandbox.faults.clear()

    outcome = account.apply(after, **every_yes(account, after))

    assert outcome.is_complete, outcome.failed
    assert edits(account.plan(after)) == EMPTY
