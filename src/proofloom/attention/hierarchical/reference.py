"""The plain forms that the fast programme must agree with: the whole matrix of weights, and flat softmax.

Everything here starts from all N x N scores and recurs over the nodes in Python, in the words of the theorem: the mean
score of a block, the energy of a family's inside, the weight of a pair of siblings.  Slow, short, and made of nothing
that the fast form is made of.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from proofloom.hierarchy.nested import NestedSignal


def pair_scores(
    query: Tensor, key: Tensor, tree: NestedSignal, position: Tensor | None = None, scale: float | None = None
) -> Tensor:
    """(N, N) scores of one signal and one head: products of `query`, `key` (N, D), scaled, and of the `position`
    (M, C) of the siblings A' and B' under which a pair of leaves meets (their own vector for a leaf with itself).
    """
    scores = query @ key.T * (query.shape[-1] ** -0.5 if scale is None else scale)
    if position is None:
        return scores
    paths = {int(tree.slot[leaf]): _path(tree, int(leaf)) for leaf in tree.leaves if tree.slot[leaf] >= 0}
    places = torch.zeros_like(scores)
    for i, ours in paths.items():
        for j, theirs in paths.items():
            met = [(a, b) for a, b in zip(ours, theirs, strict=False) if a != b] or [(ours[-1], theirs[-1])]
            places[i, j] = position[met[0][0]] @ position[met[0][1]]
    return scores + places


def flat_weights(scores: Tensor, *, inclusive: bool, causal: bool = False) -> Tensor:
    """(N, N): softmax over all keys, without the diagonal if not `inclusive`."""
    allowed = torch.ones_like(scores, dtype=torch.bool)
    if causal:
        allowed = allowed.tril()
    if not inclusive:
        allowed.fill_diagonal_(False)
    return scores.masked_fill(~allowed, -math.inf).softmax(-1)


def tree_energies(
    scores: Tensor, tree: NestedSignal, *, inclusive: bool, causal: bool = False
) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
    """The energy e = -phi of the inside of each node with content (eq. 8), and the total Z of each member of a family.

    With the mean scores of eq. 16, e of the root is the energy whose gradient the attention follows.
    """
    slots, members = _slots_below(tree), _members(tree)
    inside: dict[int, Tensor] = {}
    totals: dict[int, Tensor] = {}
    for node in reversed(range(tree.nodes)):
        if not slots[node]:
            continue
        if tree.leaf[node]:
            inside[node] = _mean(scores, slots, node, node) if inclusive else scores.new_tensor(-math.inf)
            continue
        parts = []
        for child in members[node]:
            keys = [
                _mean(scores, slots, child, other) + math.log(len(slots[other]))
                for other in _siblings(members[node], child, causal)
            ]
            totals[child] = torch.stack([inside[child], *keys]).logsumexp(0)
            parts.append(totals[child] * (len(slots[child]) / len(slots[node])))
        inside[node] = torch.stack(parts).sum()
    return inside, totals


def tree_weights(scores: Tensor, tree: NestedSignal, *, inclusive: bool, causal: bool = False) -> Tensor:
    """(N, N): the weights of hierarchical attention for any scores (N, N) of one signal; also for `causal="paper"`."""
    weights = torch.zeros_like(scores)
    slots, members = _slots_below(tree), _members(tree)
    inside, totals = tree_energies(scores, tree, inclusive=inclusive, causal=causal)
    mass = {0: scores.new_zeros(())}
    for node in range(1, tree.nodes):
        if not slots[node]:
            continue
        above = mass[int(tree.parent[node])]
        alone = bool(totals[node].isneginf())  # an only child that may not read itself: all is left for its parent
        mass[node] = above if alone else above + inside[node] - totals[node]
        for other in [] if alone else _siblings(members[int(tree.parent[node])], node, causal):
            share = (above + _mean(scores, slots, node, other) - totals[node]).exp()
            weights[torch.tensor(slots[node])[:, None], torch.tensor(slots[other])] = share
        if tree.leaf[node] and inclusive:
            weights[slots[node][0], slots[node][0]] = mass[node].exp()
    if tree.leaf[0] and inclusive:
        weights[slots[0][0], slots[0][0]] = 1
    return weights


def divergence(weights: Tensor, target: Tensor) -> Tensor:
    """The sum over rows of KL(weights || target), in nats; entries of weight 0 count 0."""
    return torch.where(weights > 0, weights * (weights.clamp(min=1e-300).log() - target.log()), 0).sum()


def _mean(scores: Tensor, slots: list[list[int]], one: int, other: int) -> Tensor:
    return scores[slots[one]][:, slots[other]].mean()


def _siblings(family: list[int], node: int, causal: bool) -> list[int]:
    return [other for other in family if other < node or (other > node and not causal)]


def _members(tree: NestedSignal) -> dict[int, list[int]]:
    """The members with content of each family."""
    members: dict[int, list[int]] = {}
    for node in range(1, tree.nodes):
        if tree.size[node]:
            members.setdefault(int(tree.parent[node]), []).append(node)
    return members


def _slots_below(tree: NestedSignal) -> list[list[int]]:
    """The tokens with content below each node, of a single signal."""
    if tree.batch != 1:
        raise ValueError(f"{tree.batch} signals: the reference takes one at a time")
    found: list[list[int]] = [[] for _ in range(tree.nodes)]
    for leaf in tree.leaves.tolist():
        if tree.size[leaf]:
            for node in _path(tree, leaf):
                found[node].append(int(tree.slot[leaf]))
    return found


def _path(tree: NestedSignal, node: int) -> list[int]:
    """From the root to `node`."""
    path = [node]
    while tree.parent[path[-1]] >= 0:
        path.append(int(tree.parent[path[-1]]))
    return path[::-1]
