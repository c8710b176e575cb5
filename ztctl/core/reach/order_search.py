"""Search for additional needs among a few steps that make given states unreachable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ztctl.core.model.plan import StepId
from ztctl.core.reach.timeline import Timeline

# Indexes into ``Order.steps``: a step, and the step that it is to need.
StepPair = tuple[int, int]

# The search is exponential; after this many tries it gives up, and the plan is refused.
_TRIES = 2000


@dataclass(frozen=True, slots=True)
class Order:
    """Some steps of a run, and for each a bit set of those that come before it."""

    steps: tuple[StepId, ...]
    before: tuple[int, ...]

    @classmethod
    def of(cls, timeline: Timeline, steps: Iterable[StepId]) -> Order:
        """Restrict the order of a whole run to these steps."""
        chosen = tuple(sorted(steps))
        before = (_bits(timeline.comes_before(it, step) for it in chosen) for step in chosen)
        return cls(chosen, tuple(before))

    def bits(self, done: Iterable[StepId]) -> int:
        """A set of these steps as a bit set; other steps are ignored."""
        finished = frozenset(done)
        return _bits(step in finished for step in self.steps)

    def forbidding(self, states: Sequence[int]) -> tuple[StepPair, ...] | None:
        """Find needs that make all of these states (bit sets) unreachable.

        A state is unreachable once a step in it needs a step outside of it.

        Returns:
            The needs, empty when there is no state to exclude; ``None`` when none were found.
        """
        tries = iter(range(_TRIES))

        def search(before: tuple[int, ...], states: Sequence[int]) -> tuple[StepPair, ...] | None:
            """Backtrack over the needs that exclude the first state, then over what is left."""
            if not states:
                return ()
            for pair in _candidates(before, states):
                if next(tries, None) is None:
                    return None
                left = [state for state in states if not _forbids(pair, state)]
                found = search(_with(before, pair), left)
                if found is not None:
                    return (pair, *found)
            return None

        return search(self.before, states)


def _bits(flags: Iterable[bool]) -> int:
    return sum(flag << place for place, flag in enumerate(flags))


def _candidates(before: tuple[int, ...], states: Sequence[int]) -> list[StepPair]:
    """Needs that exclude the first state and form no cycle; most states excluded first."""
    # Every solution excludes the first state, so that branching on it alone loses none.
    places = range(len(before))
    possible = (
        (step, need)
        for step in places
        for need in places
        if _forbids((step, need), states[0]) and not before[need] >> step & 1
    )
    return sorted(
        possible, key=lambda pair: (-sum(_forbids(pair, state) for state in states), pair)
    )


def _forbids(pair: StepPair, state: int) -> bool:
    step, need = pair
    return bool(state >> step & 1) and not state >> need & 1


def _with(before: tuple[int, ...], pair: StepPair) -> tuple[int, ...]:
    """Add a need and everything that follows from it, so that ``before`` stays transitive."""
    step, need = pair
    more = before[need] | 1 << need
    return tuple(
        bits | more if place == step or bits >> step & 1 else bits
        for place, bits in enumerate(before)
    )
