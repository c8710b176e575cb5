"""Each single call of an apply fails in each way; one clean apply then finishes the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.crash.cutting import Crashing, attempted, began, harm, inventory
from tests.crash.scenarios import scenarios

FAULTS: dict[str, dict[str, Any]] = {
    **{str(status): {"status": status} for status in (400, 403, 404, 409, 429, 500, 503)},
    "no_json": {"kind": "body", "body": "<html>"},
    "bad_gateway_after": {"kind": "body", "body": "<html>", "status": 502},
    "unsuccessful": {"kind": "unsuccessful"},
    "reset_before": {"kind": "reset_before"},
    "reset_after": {"kind": "reset_after"},
    "hang": {"kind": "hang"},
    "hang_after": {"kind": "hang_after"},
    "slow": {"kind": "slow", "seconds": 5.0},
    "too_slow": {"kind": "slow", "seconds": 900.0},
    # A repeated look or write meets the same.
    "503_thrice": {"status": 503, "times": 3},
    "reset_after_thrice": {"kind": "reset_after", "times": 3},
}
NAMES = ("quickstart", "team", "rename", "edit", "destroy", "networks", "adoption", "sharing")
# How many calls of a run are tried in an ordinary run of the tests.
SAMPLE = 2


@cache
def rehearsed(name: str) -> tuple[int, Counter[str]]:
    """How many calls the run takes when nothing fails, and what is there afterwards."""
    scenario = scenarios()[name]
    with TemporaryDirectory() as folder:
        account = Crashing(Path(folder))
        began(scenario, account)
        assert attempted(scenario, account) is not None
        return len(account.sandbox.log), inventory(account)


def wrong(name: str, fault: str, folder: Path, calls: Iterable[int], *, awkward: bool) -> list[str]:
    """What went wrong, each with the call that was struck."""
    scenario, (_, goal) = scenarios()[name], rehearsed(name)
    found: list[str] = []
    for nth in calls:
        account = Crashing(folder, awkward=awkward)
        foreign = began(scenario, account)
        struck = account.sandbox.faults.add(**FAULTS[fault], nth=nth)
        broken = harm(scenario, account, foreign, goal)
        where = f"call {nth} ({_call(account, nth)}) {fault}"
        assert struck.hits, f"{where} never came"
        found += [f"{where}: {text}" for text in broken]
    return found


def _call(account: Crashing, nth: int) -> str:
    entry = account.sandbox.log[nth - 1]
    return f"{entry.method} {entry.path.removeprefix(f'/accounts/{account.sandbox.account_id}')}"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", NAMES)
def test_one_clean_apply_finishes_what_a_failed_call_left(
    name: str, fault: str, tmp_path: Path
) -> None:
    """A sample of the calls: no promise broken on the way, nothing doubled, nothing left over."""
    count, _ = rehearsed(name)
    # Another start for each fault: all of them together try nearly every call.
    first = 1 + list(FAULTS).index(fault) % max(1, count // SAMPLE)

    calls = range(first, count + 1, count // SAMPLE)

    assert wrong(name, fault, tmp_path, calls, awkward=False) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("awkward", [False, True], ids=["ordinary", "awkward"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", NAMES)
def test_one_clean_apply_finishes_whatever_call_failed(
    name: str, fault: str, tmp_path: Path, *, awkward: bool
) -> None:
    """Every call in every way, in both spellings of answers."""
    count, _ = rehearsed(name)

    assert wrong(name, fault, tmp_path, range(1, count + 1), awkward=awkward) == []
