"""The reverse check: the walk finds every fault that is seeded back in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.laws.seeded import FAULTS, Patch
from tests.support.walk.walk import lived

# So many histories have to be enough.
MOST = 300
# Where rare faults were found, tried first; any other history that finds one will do.
FOUND = {
    "a yes to one name": 26,
    "aliases": 156,
    "catch-all rules": 103,
    "groups": 8,
    "guards of zones": 19,
    "lists of zones": 52,
    "lost answers": 54,
    "no lock": 231,
    "no record is unknown": 12,
    "one lock a stack": 231,
    "paths": 37,
    "plan under the lock": 20,
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAULTS)
def test_the_walk_finds_a_seeded_fault(fault: str, tmp_path: Path) -> None:
    """Some history breaks a promise, which it keeps where nothing is seeded."""
    seeds = (FOUND.get(fault, 0), *range(MOST))
    found = (seed for seed in seeds if is_broken(seed, tmp_path, FAULTS[fault]))

    assert any(not is_broken(seed, tmp_path) for seed in found)


def is_broken(seed: int, folder: Path, *patches: Patch) -> bool:
    """True if a history breaks a promise, with faults seeded or without."""
    with pytest.MonkeyPatch.context() as seeded:
        for patch in patches:
            patch(seeded)
        return bool(lived(seed, folder).breaches)
