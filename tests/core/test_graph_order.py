"""Promises about order and rings."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ztctl.core.model.graph import find_cycle, in_order

NODES = list(range(8))
NEEDS = st.dictionaries(st.sampled_from(NODES), st.sets(st.sampled_from(NODES)))
# A node needs only smaller ones, so that there is no ring.
ACYCLIC = st.fixed_dictionaries(
    {node: st.sets(st.sampled_from(NODES[:node])) if node else st.just(set()) for node in NODES}
)


def nothing(node: int) -> int:
    """No node goes before another one."""
    return 0


@given(ACYCLIC)
def test_every_node_comes_after_what_it_needs(needs: dict[int, set[int]]) -> None:
    """Without a ring all nodes come, each behind its needs."""
    found = in_order(NODES, needs, nothing)

    assert sorted(found) == NODES
    assert all(found.index(need) < found.index(node) for node in NODES for need in needs[node])


@given(NEEDS)
def test_a_ring_is_found_exactly_when_there_is_one(needs: dict[int, set[int]]) -> None:
    """The order is short of nodes when, and only when, a ring can be named."""
    found = in_order(NODES, needs, nothing)

    assert (len(found) < len(NODES)) == bool(find_cycle(NODES, needs))


@given(NEEDS)
def test_a_ring_is_a_ring(needs: dict[int, set[int]]) -> None:
    """Each node of the ring needs the next one, and the last one is the first."""
    found = find_cycle(NODES, needs)

    assert all(after in needs[before] for before, after in pairwise(found))
    assert found[:1] == found[-1:]


def test_a_node_that_needs_itself_is_a_ring() -> None:
    """The smallest ring has one node."""
    assert find_cycle([1], {1: [1]}) == [1, 1]


@given(st.permutations(NODES))
def test_free_nodes_come_by_priority(nodes: list[int]) -> None:
    """What needs nothing is ordered by priority, not by where it stood."""
    assert in_order(nodes, {}, lambda node: -node) == NODES[::-1]


def test_equal_priorities_keep_the_given_order() -> None:
    """The order is stable."""
    assert in_order([3, 1, 2], {}, nothing) == [3, 1, 2]


def test_needs_outside_do_not_count() -> None:
    """A need that is not among the nodes is taken for done."""
    assert in_order([1], {1: [99]}, nothing) == [1]


def test_a_long_chain_is_no_deep_recursion() -> None:
    """Ten thousand nodes in a row are ordered and searched like ten."""
    chain = list(range(10_000))
    needs = {node: [node - 1] for node in chain if node}

    assert in_order(chain, needs, nothing) == chain
    assert find_cycle(chain, needs) == []


def test_which_cycle_is_named_does_not_depend_on_the_order_of_the_needs() -> None:
    """Needs are sets of text, whose order differs between processes."""
    found = [find_cycle("abc", {"a": needs, "b": "a", "c": "a"}) for needs in ("bc", "cb")]

    assert found[0] == found[1] != []
