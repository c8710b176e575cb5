"""Steps of a tunnel's migration that are cut off after a write, and taken up again by either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.crash.cutting import Crashing, Killed, inventory
from tests.crash.test_cut_off import killed_after, no_network_after_a_write, nobody_answers
from tests.support.files import HOST, host, short
from tests.support.migrating import ANN, FINISH, NEXT, START, Migrating, local, remote
from ztctl.core.model.calls import CallFailed
from ztctl.core.model.diagnostics import Failure, Failures
from ztctl.core.planning.migration import MigrationStep

OTHER = "web.example.org"


@dataclass
class CutMigration(Migrating, Crashing):
    """An account in which the steps of a migration can be cut off."""


Cut = Callable[[Crashing, int], None]
# How many writes each step has: a batch for each of two zones, and to end connections takes three.
WRITES = {START: 2, FINISH: 6}


def two_zones() -> dict[str, Any]:
    """Two hosts of a tunnel by a file, each in a zone of its own."""
    file = host()
    file["hosts"][OTHER] = short()
    return local(file)


def begun(step: MigrationStep, folder: Path) -> CutMigration:
    """An account in which this step is the next one."""
    account = CutMigration(folder)
    account.by_file(remote(two_zones()))
    if step is FINISH:
        account.step(two_zones(), START)
        account.connect()
    account.forget_log()
    return account


@cache
def rehearsed(step: MigrationStep) -> tuple[tuple[int, ...], Counter[str]]:
    """Which calls of a step write, once it is planned, and what is there when it is done."""
    with TemporaryDirectory() as folder:
        account = begun(step, Path(folder))
        plan = account.step_plan(two_zones(), step, disconnect=True)
        account.forget_log()
        account.carry_out(plan)
        log = account.sandbox.log
        writes = (place for place, one in enumerate(log, start=1) if one.method != "GET")
        return tuple(writes), inventory(account)


def cut_off(account: CutMigration, step: MigrationStep, cut: Cut, nth: int) -> None:
    """Let a step be cut off at one of its calls."""
    plan = account.step_plan(two_zones(), step, disconnect=True)
    account.forget_log()
    cut(account, nth)
    with suppress(CallFailed, Failures, Killed):
        account.carry_out(plan)
    account.cut = None
    account.sandbox.faults.clear()


def wrong(
    account: CutMigration, step: MigrationStep, cut: Cut, nth: int, *, by_apply: bool
) -> list[str]:
    """What went wrong with a step that was cut off after its n-th write, and taken up again."""
    writes, goal = rehearsed(step)
    asked: set[tuple[str, str]] = set()

    def look(_: object) -> None:
        for name in (HOST, OTHER):
            asked.add((account.outcome(host=name), account.outcome(ANN, name)))

    account.looks.append(look)
    cut_off(account, step, cut, writes[nth])
    # It was cut off, and not before; a write that went out beside that one may be done, too.
    assert nth + 1 <= len(account.writes())
    found = []
    # Once names move it is no matter whether the file says so already.
    after = two_zones() if step is START else remote(two_zones())
    if by_apply:
        account.apply(after)
        led = {account.names()[it] for it in account.leads().values()}
        lasting = {"local" if step is START else "cloudflare"}
        found += ["an apply led names back"] if led != lasting else []
        found += ["an apply left something over"] if not account.plan(after).is_empty else []
    account.step(two_zones(), step, disconnect=True)
    found += ["it is not as it would have been"] if inventory(account) != goal else []
    found += ["something is left over"] if not account.plan(after).is_empty else []
    found += ["somebody was let in, or shut out"] if asked - {("login", "origin")} else []
    return [*found, *account.observer.breaches]


def test_every_write_is_tried() -> None:
    """The writes of each step are as many as those after which it is cut off below."""
    assert {step: len(rehearsed(step)[0]) for step in WRITES} == WRITES


@pytest.mark.parametrize("cut", [killed_after, no_network_after_a_write, nobody_answers])
@pytest.mark.parametrize(
    ("step", "nth"), [(step, nth) for step, count in WRITES.items() for nth in range(count)]
)
def test_a_step_that_was_cut_off_is_taken_up(
    tmp_path: Path, step: MigrationStep, nth: int, cut: Cut
) -> None:
    """By the same command, and by an apply in between; never open, and served at all times."""
    account = begun(step, tmp_path)

    assert wrong(account, step, cut, nth, by_apply=nth % 2 == 1) == []


def test_no_name_moves_before_the_twin_has_its_rules(tmp_path: Path) -> None:
    """While it has none, its connector would answer 503 to everybody."""
    account = begun(START, tmp_path)
    cut_off(account, START, killed_after, rehearsed(START)[0][0])
    account.connect(NEXT)
    account.forget_log()

    with pytest.raises(Failure, match="the account is not as the files say"):
        account.step_plan(two_zones(), FINISH)
    assert account.writes() == []
