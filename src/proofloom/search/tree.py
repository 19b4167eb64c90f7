"""The search tree: which states are known, how they were reached, and which of them can still matter.

No clock, no process, no randomness.  Nodes are whole states, and states that are equal up to the names of hypotheses
are one node, so what is called a tree is a graph; conjunction is handled through whole states by two ideas,
*domination* and *forgetting*:

- a state that still has to solve some goals before it is left with a state that is known already leads nowhere new,
  so it is not expanded;
- once a goal is solved, the price of its proof is no longer held against the goals that remain: the state left over
  starts again from the score at which those goals first appeared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from proofloom.proofs import Candidate, ProofState
from proofloom.search.goals import GoalTable

_UNREACHED = 1 << 60


class Status(StrEnum):
    """Where a node stands."""

    OPEN = "open"
    """Not expanded, and worth it."""
    CUT = "cut"
    """Not expanded because it lies at the depth limit."""
    DOMINATED = "dominated"
    """Not expanded because a state that it can only lead to is known at no greater depth."""
    EXPANDED = "expanded"
    """Candidates have been asked for."""
    FAILED = "failed"
    """Nothing that was tried leads on, or the assistant or the gate refused to end the proof here."""
    PROVED = "proved"
    """The gate accepted a script that passes through it."""


@dataclass(eq=False, slots=True)
class Edge:
    """An accepted tactic from one node to another, with its log-probability under the policy.

    `renamed` if its hypotheses are called otherwise than in the state of the child, so that what was tried from there
    need not work after it.
    """

    parent: Node
    tactic: str
    logprob: float
    child: Node
    renamed: bool = False


@dataclass(eq=False, slots=True)
class Node:
    """A state of the tree.

    `score` is the best cumulative log-probability over the ways in which it was reached, and `depth` the fewest
    steps.  `key` names its goals; `anchors[m]` is the score at which its last `m` goals first stood behind another
    goal: where the search returns to when the goals before them are solved.  `tried` holds every tactic that has been
    paid for; `parents` and `children` are in order of discovery, and the first parent is the way by which the
    state was really reached in the session.  `complete` is set when every candidate of the node has been tried.
    """

    number: int
    state: ProofState
    key: tuple[int, ...]
    score: float = -math.inf
    depth: int = _UNREACHED
    status: Status = Status.OPEN
    complete: bool = False
    anchors: list[float] = field(default_factory=list)
    parents: list[Edge] = field(default_factory=list)
    children: list[Edge] = field(default_factory=list)
    tried: dict[str, Node | None] = field(default_factory=dict)

    @property
    def unpaid(self) -> bool:
        """True if it has a goal, and candidates to ask for or to try."""
        return self.status in _UNPAID and not self.complete and bool(self.key)


_UNPAID = (Status.OPEN, Status.EXPANDED)


class Tree:
    """A growing tree of states under `root`.

    `depth_limit` is the number of steps beyond which nothing is expanded.  `dominate` and `forget` switch the two
    ideas of this module; without `forget` a score is the plain sum of log-probabilities.
    """

    def __init__(self, root: ProofState, *, depth_limit: int, dominate: bool = True, forget: bool = True) -> None:
        if depth_limit < 1:
            raise ValueError(f"depth_limit={depth_limit}: wanted at least 1")
        self.depth_limit = depth_limit
        self._dominate = dominate
        self._forget = forget
        self._goals = GoalTable()
        self._table: dict[tuple[tuple[int, ...], int, int], Node] = {}
        self.nodes: list[Node] = []
        self._endings: list[Node] = []
        self.rejected: list[Node] = []
        self._detours: list[Edge] = []
        self.root = self._node(root)
        self.root.score, self.root.depth = 0.0, 0
        self.root.anchors = [0.0] * len(self.root.key)

    # -- growth ------------------------------------------------------------------------------------------------

    def untried(self, node: Node, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those of `candidates` that were not tried at `node` before, each tactic once, in the given order."""
        fresh: dict[str, Candidate] = {}
        for candidate in candidates:
            if candidate.tactic not in node.tried:
                fresh.setdefault(candidate.tactic, candidate)
        return list(fresh.values())

    def expand(self, node: Node) -> None:
        """Note that candidates for `node` have been asked for."""
        node.status = Status.EXPANDED

    def fail(self, node: Node, tactic: str) -> None:
        """Note that the assistant refused `tactic` at `node`."""
        self._pay(node, tactic, None)

    def grow(self, node: Node, candidate: Candidate, after: ProofState) -> tuple[Node, list[Node]]:
        """Note that `candidate` leads from `node` to `after`.

        Returns the node of `after` and the unpaid nodes whose score or depth is new or has improved, in order of
        discovery.  A state without goals is always a node of its own, because whether the proof may end
        there depends on the way.
        """
        known = self.find(after)
        child = known or self._node(after)
        self._pay(node, candidate.tactic, child)
        if child is node:
            return child, []
        edge = Edge(node, candidate.tactic, candidate.logprob, child, renamed=after != child.state)
        node.children.append(edge)
        child.parents.append(edge)
        if known and self.rejected and not edge.renamed:
            self._detours.append(edge)
        return child, self._relax(edge)

    def close(self, node: Node) -> None:
        """Note that every candidate of `node` has been tried; it, and what depended on it, may have failed."""
        node.complete = True
        self._settle([node])

    def reopen(self) -> list[Node]:
        """Take back that every candidate was tried: the nodes with goals of which that was said, oldest first."""
        found = [node for node in self.nodes if node.complete]
        for node in found:
            node.complete = False
            if node.status is Status.FAILED:
                node.status = Status.EXPANDED
        return found

    def refuse(self, node: Node) -> None:
        """Note that the assistant would not end the proof at `node`, a state without goals."""
        node.status = Status.FAILED
        self._settle([edge.parent for edge in node.parents])

    def reject(self, node: Node) -> list[Node]:
        """Note that the gate refused the scripts that end at `node`; the unpaid nodes, some of them open again.

        The fault may lie anywhere on the way, also in how a goal was solved that nobody looks at any more.  So from
        now on no state is dominated, and each new way to a known state is remembered as a detour.
        """
        self.refuse(node)
        self.rejected.append(node)
        self._dominate = False
        for one in self.nodes:
            if one.status is Status.DOMINATED:
                one.status = Status.OPEN
        return [one for one in self.nodes if one.unpaid]

    def detour(self) -> Edge | None:
        """Take out the first new way to a known state that was found since the gate refused a script."""
        return self._detours.pop(0) if self._detours else None

    def prove(self, node: Node) -> None:
        """Note that the gate accepted a proof that ends at `node`."""
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if node.status is not Status.PROVED:
                node.status = Status.PROVED
                waiting += (edge.parent for edge in node.parents)

    # -- questions ---------------------------------------------------------------------------------------------

    def ending(self) -> Node | None:
        """The first state without goals that was neither refused nor proved."""
        while self._endings and self._endings[0].status is not Status.OPEN:
            self._endings.pop(0)
        return self._endings[0] if self._endings else None

    def find(self, state: ProofState) -> Node | None:
        """The node of `state`, if it is known."""
        return self._table.get((self._goals.key(state), state.shelved, state.given_up))

    @property
    def cut(self) -> bool:
        """True if some node was left alone only because of the depth limit."""
        return any(node.status is Status.CUT for node in self.nodes)

    def live(self) -> set[int]:
        """The numbers of the nodes from which something that has not been paid for can be reached."""
        waiting = [node for node in self.nodes if node.unpaid]
        found = {node.number for node in waiting}
        while waiting:
            for edge in waiting.pop().parents:
                if edge.parent.number not in found:
                    found.add(edge.parent.number)
                    waiting.append(edge.parent)
        return found

    def dominator(self, node: Node) -> Node | None:
        """A node that `node` can only lead to and that is known at no greater depth, or None.

        It is the node of a proper, non-empty suffix of the goals of `node`.  There is none if an existential variable
        occurs in the goals (solving the first goals could then change the others) or if goals are out of sight.
        """
        if not self._dominate or node.state.shelved or node.state.given_up or self._goals.linked(node.key):
            return None
        for solved in range(1, len(node.key)):
            other = self._table.get((node.key[solved:], 0, 0))
            if other is not None and other.depth <= node.depth + solved:
                return other
        return None

    # -- inside ------------------------------------------------------------------------------------------------

    def _node(self, state: ProofState) -> Node:
        key = self._goals.key(state)
        node = Node(len(self.nodes), state, key, anchors=[-math.inf] * len(key))
        self.nodes.append(node)
        if state.goals:  # the others are not looked up, so they are never merged
            self._table[key, state.shelved, state.given_up] = node
        else:
            self._endings.append(node)
        return node

    def _pay(self, node: Node, tactic: str, child: Node | None) -> None:
        if tactic in node.tried:
            raise ValueError(f"node {node.number}: {tactic!r} was tried before")
        node.tried[tactic] = child

    def _settle(self, waiting: list[Node]) -> None:
        """Mark as failed what has tried everything and leads only to what has failed, and go on upwards."""
        while waiting:
            node = waiting.pop()
            done = node.status is Status.EXPANDED and node.complete
            if done and all(edge.child.status is Status.FAILED for edge in node.children):
                node.status = Status.FAILED
                waiting += (edge.parent for edge in node.parents)

    def _relax(self, edge: Edge) -> list[Node]:
        """Carry what `edge` improves to all that lies behind it; the unpaid nodes that changed, oldest first."""
        changed: dict[int, Node] = {}
        waiting = [edge]
        while waiting:
            node = self._improve(waiting.pop())
            if node is not None:
                waiting += reversed(node.children)
                if node.unpaid:
                    changed[node.number] = node
        return [changed[number] for number in sorted(changed)]

    def _improve(self, edge: Edge) -> Node | None:
        """Bring the child of `edge` up to date with it; the child if anything improved."""
        child, depth = edge.child, edge.parent.depth + 1
        score, anchors = self.offer(edge)
        anchors = [max(pair) for pair in zip(anchors, child.anchors, strict=True)]
        if depth >= child.depth and score <= child.score and anchors == child.anchors:
            return None
        if depth < child.depth:
            child.depth = depth
            if child.status in (Status.OPEN, Status.CUT, Status.DOMINATED) and child.key:
                child.status = Status.OPEN if depth < self.depth_limit else Status.CUT
        child.score = max(score, child.score)
        child.anchors = anchors
        return child

    def offer(self, edge: Edge) -> tuple[float, list[float]]:
        """The score and the anchors that the child of `edge` has if it is reached through `edge`."""
        parent, key = edge.parent, edge.child.key
        shared = _shared_suffix(parent.key, key)
        closes = self._forget and shared == len(key) < len(parent.key)
        score = parent.anchors[shared] if closes else parent.score + edge.logprob
        kept = min(shared + 1, len(key), len(parent.key))
        return score, parent.anchors[:kept] + [score] * (len(key) - kept)


def _shared_suffix(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    """How many goals at the end two keys have in common."""
    shared = 0
    for one, other in zip(reversed(left), reversed(right), strict=False):
        if one != other:
            break
        shared += 1
    return shared
