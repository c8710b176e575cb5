"""Runs that end in the middle: no network any more, Ctrl-C, a process that is killed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.crash.cutting import Crashing, Cut, Killed, began, finished, harm
from tests.crash.scenarios import scenarios
from tests.crash.test_every_call import NAMES, rehearsed

Prepare = Callable[[Crashing, int], None]
SAMPLE = 3


def no_network(account: Crashing, nth: int) -> None:
    """From the n-th call on nothing gets through any more."""
    account.sandbox.faults.add(kind="reset_before", nth=nth, times=None)


def no_network_after_a_write(account: Crashing, nth: int) -> None:
    """The n-th call is done, but its answer is lost, and nothing gets through any more."""
    account.sandbox.faults.add(kind="reset_after", nth=nth)
    account.sandbox.faults.add(kind="reset_before", nth=nth + 1, times=None)


def nobody_answers(account: Crashing, nth: int) -> None:
    """From the n-th call on everything is done, and nobody hears of it."""
    account.sandbox.faults.add(kind="hang_after", nth=nth, times=None)


def interrupted(account: Crashing, nth: int) -> None:
    """Ctrl-C at the n-th call: what is under way is brought to its end."""

    def stop() -> None:
        if account.stop is not None:
            account.stop.set()

    account.cut = partial(Cut, at=nth, act=stop, seen=[])


def killed_before(account: Crashing, nth: int) -> None:
    """The process dies before the n-th call goes out."""
    account.cut = partial(Cut, at=nth, act=_die, seen=[])


def killed_after(account: Crashing, nth: int) -> None:
    """The process dies before it hears that the n-th call was done."""
    account.cut = partial(Cut, at=nth, act=_die, after=True, seen=[])


def _die() -> None:
    raise Killed


CUTS = (
    no_network,
    no_network_after_a_write,
    nobody_answers,
    interrupted,
    killed_before,
    killed_after,
)


def wrong(
    name: str, cut: Prepare, folder: Path, calls: Iterable[int], *, awkward: bool
) -> list[str]:
    """What went wrong, each with the call at which the run was cut off."""
    scenario, (_, goal) = scenarios()[name], rehearsed(name)
    found: list[str] = []
    for nth in calls:
        account = Crashing(folder, awkward=awkward)
        foreign = began(scenario, account)
        cut(account, nth)
        where = f"{cut.__name__} at call {nth}"
        found += [f"{where}: {text}" for text in harm(scenario, account, foreign, goal)]
    return found


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_one_clean_apply_finishes_a_run_that_was_cut_off(
    name: str, cut: Prepare, tmp_path: Path
) -> None:
    """A sample of the moments: no promise broken, nothing doubled, nothing left over."""
    count, _ = rehearsed(name)
    first = 1 + CUTS.index(cut) % max(1, count // SAMPLE)

    calls = range(first, count + 1, count // SAMPLE)

    assert wrong(name, cut, tmp_path, calls, awkward=False) == []


def killed_at_each_write(name: str, folder: Path) -> Iterator[tuple[Crashing, list[str]]]:
    """The account after each write of a run was its last, and what is wrong after the next run."""
    scenario, (_, goal) = scenarios()[name], rehearsed(name)
    for nth in itertools.count(1):
        account = Crashing(folder)
        foreign = began(scenario, account)
        plan = scenario.plan(account)
        account.cut = partial(Cut, at=nth, act=_die, after=True, only="POST PUT PATCH DELETE")
        try:
            account.carry_out(plan)
        except Killed:
            yield account, [*finished(scenario, account, foreign, goal)]
        else:
            return


def test_one_clean_apply_finishes_an_adoption_that_was_killed_after_any_write(
    tmp_path: Path,
) -> None:
    """What has its mark already is ours; what has it not wants the same yes again."""
    wrong = [found for _, found in killed_at_each_write("adoption", tmp_path)]

    assert len(wrong) > 5
    assert wrong == [[]] * len(wrong)


def test_no_rule_of_ours_stays_in_a_shared_tunnel(tmp_path: Path) -> None:
    """Its record says that a rule is ours, so that it goes after the rule, wherever a run ends."""
    left: list[list[str]] = []
    for account, wrong in killed_at_each_write("sharing", tmp_path):
        assert wrong == []
        tunnel = account.one("tunnels", name="pool.ztctl-base")["id"]
        found = account.call("GET", f"{{A}}/cfd_tunnel/{tunnel}/configurations")["config"]
        left.append(sorted(rule.get("hostname", "") for rule in found["ingress"]))

    assert left == [["", *(f"{it}.example.com" for it in "acd")]] * 5


@pytest.mark.exhaustive
@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_one_clean_apply_finishes_whenever_a_run_was_cut_off(
    name: str, cut: Prepare, tmp_path: Path, *, awkward: bool
) -> None:
    """Every moment, in both spellings of answers."""
    count, _ = rehearsed(name)

    assert wrong(name, cut, tmp_path, range(1, count + 1), awkward=awkward) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_run_begins_nothing_new(name: str, tmp_path: Path) -> None:
    """Stopped at its first write, a run says what it has not started, and starts none of it."""
    scenario = scenarios()[name]
    account = Crashing(tmp_path)
    began(scenario, account)
    plan = scenario.plan(account)
    account.forget_log()
    interrupted(account, 1)

    outcome = account.carry_out(plan)

    assert outcome.interrupted
    assert outcome.not_started
    assert len(account.writes()) <= len(plan.steps) - len(outcome.not_started)
