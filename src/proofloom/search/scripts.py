"""Reads scripts off a search tree: the ways from the root to a state where the proof may end.

States that look the same are one node, so a way that is put together from edges need not be one that the assistant has
seen; each function says which of the two it gives, and the gate has the last word on either.  No way goes over an edge
whose hypotheses are called otherwise than those of the state it leads to.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Collection, Iterator

from proofloom.proofs import Step
from proofloom.search.tree import Edge, Node, Tree

Script = tuple[Step, ...]


def ways(tree: Tree, node: Node) -> Iterator[Script]:
    """The cheapest way to `node`, then, if it differs, the one that the session took.

    The cheapest has the fewest steps and, among those, the highest sum of log-probabilities.
    """
    cheapest = _cheapest(tree, tree.root, [node])
    if cheapest is not None:
        yield _script(cheapest)
    taken = _taken(tree, node)
    if taken != cheapest:
        yield _script(taken)


def through(tree: Tree, edge: Edge) -> Script | None:
    """The cheapest way over `edge` to an ending that the gate refused, or None if there is none without a circle."""
    before = _cheapest(tree, tree.root, [edge.parent])
    after = _cheapest(tree, edge.child, tree.rejected)
    if before is None or after is None or any(step.parent is edge.child for step in before):
        return None
    return _script([*before, edge, *after])


def _taken(tree: Tree, node: Node) -> list[Edge]:
    edges: list[Edge] = []
    while node is not tree.root:
        edges.append(node.parents[0])
        node = edges[-1].parent
    return edges[::-1]


def _cheapest(tree: Tree, source: Node, targets: Collection[Node]) -> list[Edge] | None:
    """Dijkstra from `source` to the nearest of `targets` over (steps, -log-probability)."""
    goals = {node.number for node in targets}
    best: dict[int, tuple[int, float]] = {source.number: (0, 0.0)}
    last: dict[int, Edge] = {}
    queue = [(0, 0.0, source.number)]
    while queue:
        steps, cost, number = heapq.heappop(queue)
        if number in goals:
            return _back(last, source, tree.nodes[number])
        if (steps, cost) > best[number]:
            continue
        for edge in tree.nodes[number].children:
            if edge.renamed:
                continue
            price = (steps + 1, cost - edge.logprob)
            if price < best.get(edge.child.number, (math.inf, math.inf)):
                best[edge.child.number] = price
                last[edge.child.number] = edge
                heapq.heappush(queue, (*price, edge.child.number))
    return None


def _back(last: dict[int, Edge], source: Node, node: Node) -> list[Edge]:
    edges: list[Edge] = []
    while node is not source:
        edges.append(last[node.number])
        node = edges[-1].parent
    return edges[::-1]


def _script(edges: list[Edge]) -> Script:
    return tuple(Step(edge.parent.state, edge.tactic, edge.child.state) for edge in edges)
