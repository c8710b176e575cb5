"""The walk: generated histories in which no door is left open and nobody gets in untold.

Two stacks, the hands of others in three zones, renames with edits, faults at every call; what
there is to see is asked of the sandbox's edge after every write. A failure names the seed: the
same history is lived through again by ``lived(seed, folder)``, and made shorter by ``shortest``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.laws.conftest import WORLDS
from tests.support.examples import examples
from tests.support.walk.hands import DEEDS
from tests.support.walk.walk import FAULTS, lived

# A history takes some two hundred calls.
FEW = 8
# A seed is told as it was found: a smaller one is another history.
TOLD = settings(phases=(Phase.explicit, Phase.generate), suppress_health_check=[*HealthCheck])
SEEDS = st.integers(0, 2**32)
# Histories in which everything came up when they were looked for: they are lived through first.
MEETING = (0, 17, 3, 4, 5, 9, 29)


@pytest.mark.parametrize("world", WORLDS)
@examples(FEW, phases=TOLD.phases, suppress_health_check=TOLD.suppress_health_check)
@given(seed=SEEDS)
def test_no_history_of_an_account_breaks_a_promise(
    seed: int, tmp_path: Path, world: dict[str, bool]
) -> None:
    """Never open, never untold, in step after the same command, nothing refused in vain."""
    history = lived(seed, tmp_path, beside=False, **world)

    assert history.breaches == [], "\n".join(history.trace)


@pytest.mark.parametrize("world", WORLDS)
@examples(FEW, phases=TOLD.phases, suppress_health_check=TOLD.suppress_health_check)
@given(seed=SEEDS)
def test_no_two_stacks_at_once_break_a_promise(
    seed: int, tmp_path: Path, world: dict[str, bool]
) -> None:
    """The same where two stacks apply at the same time and take turns at every call."""
    history = lived(seed, tmp_path, **world)

    assert history.breaches == [], "\n".join(history.trace)


def test_the_walk_meets_what_it_is_there_for(tmp_path: Path) -> None:
    """Every deed by hand, every fault, refusals and agreements come up."""
    wanted = {*FAULTS, "kill", "kill after", *(deed.__name__ for deed in DEEDS)}
    wanted |= {"refused", "refused as open", "agreed to an open name", "both complete"}

    for seed in dict.fromkeys((*MEETING, *range(40))):
        if wanted:
            wanted -= {*lived(seed, tmp_path).seen}

    assert wanted == set()
