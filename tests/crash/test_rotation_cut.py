"""Steps of a CA rotation that are cut off after a write, and taken up again by either command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.crash.cutting import Crashing, Killed, inventory
from tests.crash.test_cut_off import killed_after, no_network_after_a_write, nobody_answers
from tests.support.files import host
from tests.support.rotating import ANN, STEPS, Rotating
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Failures
from ztctl.core.planning.rotation import RotationStep


@dataclass
class CutRotation(Rotating, Crashing):
    """An account in which the steps of a rotation can be cut off."""


Cut = Callable[[Crashing, int], None]
# How many writes each step has.
WRITES = dict(zip(STEPS, (4, 5, 4), strict=True))


def begun(step: RotationStep, folder: Path) -> CutRotation:
    """An account in which this step is the next one."""
    account = CutRotation(folder)
    account.apply(host())
    account.connected()
    for earlier in STEPS[: STEPS.index(step)]:
        account.step(host(), earlier)
    account.forget_log()
    return account


@cache
def rehearsed(step: RotationStep) -> tuple[tuple[int, ...], Counter[str]]:
    """Which calls of a step write, once it is planned, and what is there when it is done."""
    with TemporaryDirectory() as folder:
        account = begun(step, Path(folder))
        plan = account.step_plan(host(), step)
        account.forget_log()
        account.carry_out(plan)
        log = account.sandbox.log
        writes = (place for place, one in enumerate(log, start=1) if one.method != "GET")
        return tuple(writes), inventory(account)


def cut_off(account: CutRotation, step: RotationStep, cut: Cut, nth: int) -> set[str]:
    """Let a step be cut off at one of its calls, while somebody asks without a login."""
    asked: set[str] = set()
    account.looks.append(lambda _: asked.add(account.outcome()))
    plan = account.step_plan(host(), step)
    account.forget_log()
    cut(account, nth)
    with suppress(CallFailed, Failures, Killed):
        account.carry_out(plan)
    account.cut = None
    account.sandbox.faults.clear()
    return asked


def wrong(
    account: CutRotation, step: RotationStep, cut: Cut, nth: int, *, by_apply: bool
) -> list[str]:
    """What went wrong with a step that was cut off after its n-th write, and taken up again."""
    writes, goal = rehearsed(step)
    asked = cut_off(account, step, cut, writes[nth])
    # It was cut off, and not before; a write that went out beside that one may be done, too.
    assert nth + 1 <= len(account.writes())
    assert cut is not killed_after or len(account.writes()) < len(writes) or nth + 1 == len(writes)
    found = [f"somebody was let in: {asked}"] if asked - {"login", "refused"} else []
    if by_apply:
        cas = len(account.everything()["app_cas"])
        account.apply(host())
        more = len(account.everything()["app_cas"]) > cas
        found += ["an apply made a CA that is to go"] if more and step is STEPS[-1] else []
        found += ["an apply left something over"] if not account.plan(host()).is_empty else []
    account.step(host(), step)
    found += ["it is not as it would have been"] if inventory(account) != goal else []
    found += ["something is left over"] if not account.plan(host()).is_empty else []
    found += ["Ann is shut out"] if account.outcome(ANN) != "origin" else []
    return [*found, *account.observer.breaches]


def test_every_write_is_tried() -> None:
    """The writes of each step are as many as those after which it is cut off below."""
    assert {step: len(rehearsed(step)[0]) for step in STEPS} == WRITES


@pytest.mark.parametrize(
    ("step", "nth"),
    [(step, nth) for step in STEPS for nth in (range(5) if step is RotationStep.MOVE else (1, 2))],
)
def test_a_step_that_was_killed_after_a_write_is_taken_up(
    tmp_path: Path, step: RotationStep, nth: int
) -> None:
    """By the same command, or by an apply of somebody who knows nothing of it; never open."""
    account = begun(step, tmp_path)

    assert wrong(account, step, killed_after, nth, by_apply=nth % 2 == 1) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("by_apply", [False, True], ids=["again", "apply"])
@pytest.mark.parametrize("cut", [killed_after, no_network_after_a_write, nobody_answers])
@pytest.mark.parametrize(
    ("step", "nth"), [(step, nth) for step, count in WRITES.items() for nth in range(count)]
)
def test_a_step_that_was_cut_off_is_taken_up(
    tmp_path: Path, step: RotationStep, nth: int, cut: Cut, *, by_apply: bool
) -> None:
    """Whatever it was that ended it, and whoever goes on."""
    account = begun(step, tmp_path)

    assert wrong(account, step, cut, nth, by_apply=by_apply) == []


@pytest.mark.parametrize("nth", [1, 2])
def test_no_name_moves_before_the_start_is_done(tmp_path: Path, nth: int) -> None:
    """While the new application has no CA, or the rule does not take its tokens."""
    start, move, _ = STEPS
    account = begun(start, tmp_path)
    cut_off(account, start, killed_after, rehearsed(start)[0][nth])
    account.forget_log()

    with pytest.raises(Failure, match="the account is not as the files say"):
        account.step_plan(host(), move)
    assert account.writes() == []
