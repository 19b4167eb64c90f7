"""Theorem 3.2: of all row-stochastic matrices under the block constraint, ours diverges least from softmax.

Tested twice: no random step inside the constraint lowers the divergence, and an optimiser that knows only the
constraint ends where the closed form is.
"""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from random_trees import random_batch

from proofloom.attention.hierarchical import hierarchical_attention
from proofloom.attention.hierarchical.reference import (
    divergence,
    flat_weights,
    pair_scores,
    tree_energies,
    tree_weights,
)
from proofloom.hierarchy.nested import NestedSignal

CASES = [(False, False), (True, False), (True, True)]


def blocks(tree: NestedSignal, *, inclusive: bool, causal: bool) -> Any:
    """(K, N, N): the blocks of the constraint, each a 0/1 matrix: one for each ordered pair of siblings."""
    tokens = int(tree.size[0])
    found = []
    below = [torch.zeros(tokens, dtype=torch.float64) for _ in range(tree.nodes)]
    for leaf in tree.leaves.tolist():
        node = leaf
        while node >= 0:
            below[node][tree.slot[leaf]] = 1
            node = int(tree.parent[node])
    for one in range(1, tree.nodes):
        for other in range(1, tree.nodes):
            if tree.parent[one] != tree.parent[other] or (causal and other > one):
                continue
            if one != other or (inclusive and tree.leaf[one]):
                found.append(torch.outer(below[one], below[other]))
    return torch.stack(found)


@pytest.mark.parametrize(("inclusive", "causal"), CASES)
@pytest.mark.parametrize("seed", [0, 1, 4, 9])
def test_the_weights_keep_the_constraint(seed: int, inclusive: bool, causal: bool) -> None:
    tree = random_batch(seed, [9], 9)
    scores = torch.randn(9, 9, dtype=torch.float64)
    weights = tree_weights(scores, tree, inclusive=inclusive, causal=causal)
    torch.testing.assert_close(weights.sum(-1), torch.ones(9, dtype=torch.float64))
    matrices = blocks(tree, inclusive=inclusive, causal=causal)
    means = (matrices * weights).sum((1, 2)) / matrices.sum((1, 2))
    torch.testing.assert_close((matrices * means[:, None, None]).sum(0), weights)  # one number for each block
    if causal:
        assert not weights.triu(1).any()


@pytest.mark.parametrize(("inclusive", "causal"), CASES)
@pytest.mark.parametrize("seed", [0, 1, 4, 9])
def test_no_step_inside_the_constraint_comes_nearer(seed: int, inclusive: bool, causal: bool) -> None:
    tree = random_batch(seed, [9], 9)
    scores = 2 * torch.randn(9, 9, dtype=torch.float64)
    options = {"inclusive": inclusive, "causal": causal}
    weights, flat = tree_weights(scores, tree, **options), flat_weights(scores, **options)
    least = divergence(weights, flat)
    matrices = blocks(tree, **options)
    # directions that keep the sum of every row at 1: the null space of "block to row sums"
    rows = matrices.sum(-1).T
    _, values, right = torch.linalg.svd(rows)
    free = right[int((values > 1e-9).sum()) :]
    assert len(free) > 0
    for _ in range(50):
        step = torch.einsum("k,kij->ij", torch.randn(len(free), dtype=torch.float64) @ free, matrices)
        size = 0.3 * (weights[weights > 0] / step.abs()[weights > 0].clamp(min=1e-9)).min()
        for amount in (0.01, 0.1, 1):
            moved = weights + amount * size * step
            assert (moved >= 0).all()
            assert divergence(moved, flat) >= least - 1e-12


@pytest.mark.parametrize("shape", [(0, 1, 2, 3), ((0, 1, (2, 3)), (4, 5), 6)], ids=["flat", "tree"])
def test_the_attention_is_a_step_down_the_energy(shape: Any) -> None:
    """Proposition 3.1 (flat) and eq. 15: q - N sqrt(d) grad phi adds the values to which the weights are applied."""
    tree = NestedSignal.of([shape])
    q, k = (torch.nn.functional.layer_norm(torch.randn(tree.tokens, 6, dtype=torch.float64), (6,)) for _ in "qk")
    position = torch.randn(tree.nodes, 2, dtype=torch.float64)
    q.requires_grad_()
    inside, _ = tree_energies(pair_scores(q, k, tree, position), tree, inclusive=False)
    (slope,) = torch.autograd.grad(-inside[0], q)  # of phi = -e
    step = -tree.tokens * 6**0.5 * slope
    read = hierarchical_attention(*(one[None, None] for one in (q, k, k)), tree, position=position, inclusive=False)
    torch.testing.assert_close(step, read[0, 0])


@pytest.mark.parametrize(("inclusive", "causal"), CASES)
def test_an_optimiser_ends_at_the_closed_form(inclusive: bool, causal: bool) -> None:
    """Newton's method over one number for each block, with the sums of rows held at 1."""
    tree = NestedSignal.of([((0, 1), 2, (3, (4, 5)))])
    scores = torch.randn(6, 6, dtype=torch.float64)
    options = {"inclusive": inclusive, "causal": causal}
    flat, matrices = flat_weights(scores, **options), blocks(tree, **options)
    count = matrices.sum((1, 2))
    target = (matrices * torch.where(flat > 0, flat.log(), 0)).sum((1, 2))  # all that the divergence needs of softmax
    rows = matrices.sum(-1).T
    free = torch.linalg.svd(rows)[2][int(torch.linalg.matrix_rank(rows)) :]
    block = (matrices * tree_weights(torch.zeros_like(scores), tree, **options)).sum((1, 2)) / count
    for _ in range(30):
        slope = free @ (count * (block.log() + 1) - target)
        step = -torch.linalg.solve(free * (count / block) @ free.T, slope) @ free
        block = block + min(1.0, 0.9 / float((-step / block).max().clamp(min=1e-9))) * step
    found = (matrices * block[:, None, None]).sum(0)
    torch.testing.assert_close(found, tree_weights(scores, tree, **options), atol=1e-10, rtol=0)
