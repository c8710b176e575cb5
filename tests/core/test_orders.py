"""The search for a stricter order: what it finds forbids what it should, and can be walked."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.address import Address
from ztctl.core.model.plan import StepId
from ztctl.core.reach.order_search import Order

STEPS = tuple(StepId(Address("tunnel", f"t{place}"), "update") for place in range(4))
PLACES = range(len(STEPS))
ANY = st.integers(min_value=0, max_value=2 ** len(STEPS) - 1)


def possible(before: tuple[int, ...]) -> set[int]:
    """Every set of finished steps that an order allows, by brute force."""
    return {
        sum(1 << place for place in PLACES if done[place])
        for done in product((False, True), repeat=len(STEPS))
        if all(
            not done[place] or all(done[other] for other in PLACES if before[place] >> other & 1)
            for place in PLACES
        )
    }


def stricter(pairs: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """The order of four free steps once these pairs hold, closed over what follows from them."""
    before = [0] * len(STEPS)
    for _ in PLACES:
        for step, need in pairs:
            before[step] |= before[need] | 1 << need
    return tuple(before)


FREE = Order(STEPS, (0,) * len(STEPS))


@given(st.sets(ANY, max_size=6))
def test_what_is_found_forbids_every_state(states: set[int]) -> None:
    """None of the states can come about any more, and no step waits for itself."""
    pairs = FREE.forbidding(sorted(states))

    if pairs is not None:
        before = stricter(pairs)
        assert not possible(before) & states
        assert not any(before[place] >> place & 1 for place in PLACES)


@given(st.permutations(PLACES), st.data())
def test_an_order_that_exists_is_found(line: list[int], data: st.DataObject) -> None:
    """Whatever states one line of steps avoids, some order is found that avoids them."""
    walked = {sum(1 << place for place in line[:length]) for length in range(len(STEPS) + 1)}
    others = sorted(set(range(2 ** len(STEPS))) - walked)
    states = data.draw(st.sets(st.sampled_from(others), max_size=5))

    assert FREE.forbidding(sorted(states)) is not None


def test_the_beginning_and_the_end_cannot_be_forbidden() -> None:
    """Nothing done and everything done come about in every order."""
    everything = 2 ** len(STEPS) - 1

    assert FREE.forbidding([0]) is None
    assert FREE.forbidding([everything]) is None


def test_nothing_to_forbid_needs_nothing() -> None:
    """Without a state to avoid the order stays as it is."""
    assert FREE.forbidding([]) == ()
