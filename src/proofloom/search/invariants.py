"""What must hold of a search tree at any time; tests switch it on after every request.

The one idea: scores, depths and anchors are a fixed point, so each can be computed again from the edges.
"""

from __future__ import annotations

from proofloom.search.tree import Node, Status, Tree


class InvariantError(AssertionError):
    """A search tree that contradicts itself; the message names the node."""


def check_invariants(tree: Tree) -> None:
    """Raises `InvariantError` at the first contradiction; the work is linear in nodes and edges."""
    for number, node in enumerate(tree.nodes):
        _expect(node.number == number, node, "is not numbered by its place")
        _expect(not node.state.goals or tree.find(node.state) is node, node, "is not the node of its state")
        _check_edges(tree, node)
        _check_score(tree, node)
        _check_status(tree, node)


def _check_edges(tree: Tree, node: Node) -> None:
    for edge in node.children:
        _expect(edge.parent is node and edge in edge.child.parents, node, f"{edge.tactic!r} is not known to its child")
        _expect(node.tried.get(edge.tactic) is edge.child, node, f"{edge.tactic!r} was not tried")
    tactics = [edge.tactic for edge in node.children]
    _expect(len(set(tactics)) == len(tactics), node, "has a tactic on two edges")
    _expect(node is tree.root or bool(node.parents), node, "cannot be reached")
    _expect(
        not node.parents or node is tree.root or node.parents[0].parent.number < node.number,
        node,
        "precedes its parent",
    )


def _check_score(tree: Tree, node: Node) -> None:
    if node is tree.root:
        _expect(node.score == 0.0 and node.depth == 0, node, "is the root without score 0 at depth 0")
        return
    offers = [tree.offer(edge) for edge in node.parents]
    _expect(node.score == max(score for score, _ in offers), node, "has not its best score")
    _expect(node.depth == 1 + min(edge.parent.depth for edge in node.parents), node, "has not its least depth")
    best = [max(column) for column in zip(*(anchors for _, anchors in offers), strict=True)]
    _expect(node.anchors == best, node, "has not its best anchors")
    _expect(all(anchor >= node.score for anchor in node.anchors), node, "has an anchor below its score")


def _check_status(tree: Tree, node: Node) -> None:
    if node.status in (Status.OPEN, Status.CUT, Status.DOMINATED):
        _expect(not node.tried, node, f"is {node.status} but was tried")
    if node.key and node.status in (Status.OPEN, Status.CUT):
        _expect((node.depth >= tree.depth_limit) == (node.status is Status.CUT), node, f"is {node.status} at its depth")
    if node.status is Status.DOMINATED:
        _expect(tree.dominator(node) is not None, node, "is dominated by nothing")
    if node.status is Status.FAILED and node.key:
        failed = all(edge.child.status is Status.FAILED for edge in node.children)
        _expect(node.complete and failed, node, "failed too early")
    if node.status is Status.PROVED and node.key:
        proved = any(edge.child.status is Status.PROVED for edge in node.children)
        _expect(proved, node, "is proved by nothing")


def _expect(condition: bool, node: Node, complaint: str) -> None:
    if not condition:
        raise InvariantError(f"node {node.number} ({node.status}): {complaint}")
