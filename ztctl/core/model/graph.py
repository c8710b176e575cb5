"""A stable topological sort by needs, and the search for a cycle."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

N = TypeVar("N", bound=Hashable)


def in_order(
    nodes: Sequence[N],
    needs: Mapping[N, Collection[N]],
    priority: Callable[[N], Any],
) -> list[N]:
    """Sort nodes topologically: each after its needs, otherwise by priority, then as given.

    Needs outside of ``nodes`` are ignored. Nodes on a cycle, and those that need one, are left out:
    the result is shorter than ``nodes`` exactly when there is a cycle.
    """
    known = set(nodes)
    waiting = {node: {need for need in needs.get(node, ()) if need in known} for node in nodes}
    waiters: dict[N, list[N]] = defaultdict(list)
    for node, left in waiting.items():
        for need in left:
            waiters[need].append(node)
    place = {node: index for index, node in enumerate(nodes)}
    ready = [(priority(node), place[node], node) for node, left in waiting.items() if not left]
    heapq.heapify(ready)
    ordered: list[N] = []
    while ready:
        _, _, node = heapq.heappop(ready)
        ordered.append(node)
        for waiter in waiters[node]:
            waiting[waiter].discard(node)
            if not waiting[waiter]:
                heapq.heappush(ready, (priority(waiter), place[waiter], waiter))
    return ordered


def find_cycle(nodes: Collection[N], needs: Mapping[N, Collection[N]]) -> list[N]:
    """One cycle among the nodes, its first node repeated at the end; empty if there is none.

    Each node needs the next one.
    """
    try:
        # Sorted, because which cycle is found depends on the order of the needs.
        graph = {node: sorted(needs.get(node, ()), key=str) for node in nodes}
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[N] = error.args[1]
        # graphlib lists each node before the one that needs it.
        return found[::-1]
    return []
