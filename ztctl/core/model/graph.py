"""Order out of "needs": a topological sort that is stable, and the ring when there is none."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, TypeVar

Node = TypeVar("Node", bound=Hashable)


def in_order(
    nodes: Sequence[Node],
    needs: Mapping[Node, Collection[Node]],
    priority: Callable[[Node], Any],
) -> list[Node]:
    """Every node after all that it needs, and otherwise by priority.

    Needs outside of ``nodes`` do not count. Nodes on a ring, and behind one, are left out: the
    result is shorter than ``nodes`` exactly when there is a ring.
    """
    known = set(nodes)
    waiting = {node: {need for need in needs.get(node, ()) if need in known} for node in nodes}
    waiters: dict[Node, list[Node]] = defaultdict(list)
    for node, left in waiting.items():
        for need in left:
            waiters[need].append(node)
    place = {node: index for index, node in enumerate(nodes)}
    ready = [(priority(node), place[node], node) for node, left in waiting.items() if not left]
    heapq.heapify(ready)
    ordered: list[Node] = []
    while ready:
        _, _, node = heapq.heappop(ready)
        ordered.append(node)
        for waiter in waiters[node]:
            waiting[waiter].discard(node)
            if not waiting[waiter]:
                heapq.heappush(ready, (priority(waiter), place[waiter], waiter))
    return ordered


def ring(nodes: Collection[Node], needs: Mapping[Node, Collection[Node]]) -> list[Node]:
    """One ring among the nodes, its first node repeated at the end; empty when there is none."""
    done: set[Node] = set()
    for start in nodes:
        path: dict[Node, None] = {}
        stack = [(start, iter(needs.get(start, ())))] if start not in done else []
        path[start] = None
        while stack:
            node, further = stack[-1]
            following = next((need for need in further if need not in done), None)
            if following is None:
                stack.pop()
                path.pop(node, None)
                done.add(node)
            elif following in path:
                walked = list(path)
                return [*walked[walked.index(following) :], following]
            else:
                path[following] = None
                stack.append((following, iter(needs.get(following, ()))))
    return []
