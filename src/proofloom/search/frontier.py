"""The queue of states that wait to be expanded, behind a small interface, and the orders it can have.

An order is a function from a node to a number, lower first; ties go to the node that was discovered first, so that the
same replies always give the same search.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from proofloom.search.tree import Node

Priority = Callable[[Node, float], float]
"""From a node and the log-probability of what would be done there next, to a number; lower comes first."""


class Order(StrEnum):
    """Which state comes next."""

    LOG_PROBABILITY = "log_probability"
    """Best first by cumulative log-probability."""
    LENGTH_NORMALISED = "length_normalised"
    """Best first by cumulative log-probability over depth to a power, so that deep paths do not sink (BFS-Prover)."""
    DEPTH_FIRST = "depth_first"
    BREADTH_FIRST = "breadth_first"

    def priority(self, power: float = 1.0) -> Priority:
        """The function that this order sorts by; `power` is the exponent of the length-normalised one."""
        if self is Order.LENGTH_NORMALISED:
            return lambda node, ahead: -(node.score + ahead) / max(node.depth, 1) ** power
        return _PRIORITIES[self]


_PRIORITIES: dict[Order, Priority] = {
    Order.LOG_PROBABILITY: lambda node, ahead: -(node.score + ahead),
    Order.DEPTH_FIRST: lambda node, _: -node.depth,
    Order.BREADTH_FIRST: lambda node, _: node.depth,
}


class Frontier(Protocol):
    """Nodes with something left to do, the next one first."""

    def push(self, node: Node, *, ahead: float = 0.0) -> None:
        """Add `node`, or move it if its priority has changed; `ahead` is the log-probability of what is next there."""
        ...

    def pop(self) -> Node | None:
        """Take out the next node that is still unpaid, or None."""
        ...


class PriorityFrontier:
    """A binary heap; an entry that was overtaken by a later one for the same node is dropped when it comes up."""

    def __init__(self, priority: Priority) -> None:
        self._priority = priority
        self._heap: list[tuple[float, int, Node]] = []
        self._current: dict[int, float] = {}

    def push(self, node: Node, *, ahead: float = 0.0) -> None:
        """Add `node`, or move it if its priority has changed."""
        value = self._priority(node, ahead)
        if self._current.get(node.number) != value:
            self._current[node.number] = value
            heapq.heappush(self._heap, (value, node.number, node))

    def pop(self) -> Node | None:
        """Take out the next node that is still unpaid, or None."""
        while self._heap:
            value, number, node = heapq.heappop(self._heap)
            if self._current.get(number) == value:
                del self._current[number]
                if node.unpaid:
                    return node
        return None
