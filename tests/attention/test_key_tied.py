"""Attention from left to right: nothing later matters, unlike under the paper's mask; the cache is the whole."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from random_trees import random_batch, random_rows, random_tree

from proofloom.attention.hierarchical import (
    KeyTiedCache,
    arrivals,
    hierarchical_attention,
    key_tied_attention,
    lay_out_key_tied,
)
from proofloom.attention.hierarchical.reference import divergence, flat_weights, pair_scores, tree_weights
from proofloom.hierarchy.nested import NestedSignal
from proofloom.hierarchy.windows import windows


def key_tied_weights(scores: Any, tree: NestedSignal) -> Any:
    """(N, N) by definition, row by row: one softmax over the leaf itself and the finished nodes on its left."""
    weights = torch.zeros_like(scores)
    paths: dict[int, list[int]] = {}
    for leaf in tree.leaves.tolist():
        path = [leaf]
        while tree.parent[path[-1]] >= 0:
            path.append(int(tree.parent[path[-1]]))
        paths[leaf] = path
    below: dict[int, list[int]] = {}
    for leaf, path in paths.items():
        for node in path if tree.size[leaf] else []:
            below.setdefault(node, []).append(int(tree.slot[leaf]))
    for leaf, path in paths.items():
        if not tree.size[leaf]:
            continue
        row = int(tree.slot[leaf])
        groups = [[row]]
        for node in path[:-1]:
            left = [other for other in range(node) if tree.parent[other] == tree.parent[node] and other in below]
            groups += [below[other] for other in left]
        logits = torch.stack([scores[row, group].mean() + math.log(len(group)) for group in groups])
        for group, share in zip(groups, logits.softmax(0), strict=True):
            weights[row, group] = share / len(group)
    return weights


@given(seed=st.integers(0, 10_000), leaves=st.integers(1, 14), places=st.booleans())
@settings(max_examples=40, deadline=None)
def test_it_is_its_definition(seed: int, leaves: int, places: bool) -> None:
    torch.manual_seed(seed)
    tree = random_batch(seed, [leaves], leaves + 1, padding=0.2)
    q, k, v = random_rows(1, 2, leaves + 1, 4)
    position = torch.randn(tree.nodes, 5, dtype=torch.float64) if places else None
    output = key_tied_attention(q, k, v, tree, position=position)
    for head in range(2):
        weights = key_tied_weights(pair_scores(q[0, head], k[0, head], tree, position), tree)
        torch.testing.assert_close(output[0, head], weights @ v[0, head], atol=1e-12, rtol=0)


@pytest.mark.parametrize(("tokens", "branching"), [(16, (4,)), (23, (2, 4)), (27, (3, 3)), (5, ())])
def test_windows_of_a_batch(tokens: int, branching: tuple[int, ...]) -> None:
    q, k, v = random_rows(2, 2, tokens, 4)
    tree, both = windows([tokens], branching), windows([tokens, tokens - 2], branching)
    output = key_tied_attention(q, k, v, tree)
    for batch in range(2):
        weights = key_tied_weights(pair_scores(q[batch, 1], k[batch, 1], tree), tree)
        torch.testing.assert_close(output[batch, 1], weights @ v[batch, 1])
    shorter = key_tied_attention(q, k, v, lay_out_key_tied(both))
    torch.testing.assert_close(shorter[0], output[0])
    torch.testing.assert_close(shorter[1, :, : tokens - 2], output[1, :, : tokens - 2])  # what follows never matters


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_different_trees_side_by_side(seed: int) -> None:
    torch.manual_seed(seed)
    tree = random_batch(seed, [7, 1, 5], 7)
    q, k, v = random_rows(3, 2, 7, 4)
    together = key_tied_attention(q, k, v, tree)
    for number, length in enumerate([7, 1, 5]):
        own = slice(number, number + 1)
        alone = NestedSignal.of([random_tree(seed + number, length)], 7)
        torch.testing.assert_close(together[own], key_tied_attention(q[own], k[own], v[own], alone))


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_later_tokens_never_matter(seed: int) -> None:
    tree = random_batch(seed, [12], 12)
    rows = [one.requires_grad_() for one in random_rows(1, 1, 12, 4)]
    output = key_tied_attention(*rows, tree)
    for token in range(12):
        gradients = torch.autograd.grad(output[0, 0, token].sum(), rows, retain_graph=True)
        for gradient in gradients:
            assert not gradient[0, 0, token + 1 :].any()
            assert gradient[0, 0, : token + 1].any() or token == 0


def test_the_mask_of_the_paper_leaks() -> None:
    """Evidence: the upper triangle is zero, and yet earlier rows change with a later query and with a later key."""
    tree = NestedSignal.of([((0, 1, 2, 3), (4, 5, 6, 7))])
    q, k = random_rows(1, 1, 8, 4, count=2)
    v = torch.eye(8, dtype=torch.float64)[None, None]
    before = hierarchical_attention(q, k, v, tree, causal="paper")[0, 0]
    torch.testing.assert_close(
        before, tree_weights(pair_scores(q[0, 0], k[0, 0], tree), tree, inclusive=True, causal=True)
    )
    assert not before.triu(1).any()
    for place in (0, 1):
        changed = [q.clone(), k.clone()]
        changed[place][0, 0, 7] += 1
        after = hierarchical_attention(*changed, v, tree, causal="paper")[0, 0]
        moved = (after - before).abs().amax(1) > 1e-6
        assert moved.tolist() == [False] * 4 + [True] * 4  # rows 4 to 6 come before token 7
        after = key_tied_attention(*changed, v, tree)[0, 0]
        assert torch.equal(after[:7], key_tied_attention(q, k, v, tree)[0, 0, :7])


@pytest.mark.parametrize("seed", [0, 1, 4, 9])
def test_it_is_never_farther_from_softmax_than_the_paper_s_mask(seed: int) -> None:
    tree = random_batch(seed, [10], 10)
    scores = 2 * torch.randn(10, 10, dtype=torch.float64)
    flat = flat_weights(scores, inclusive=True, causal=True)
    tied = key_tied_weights(scores, tree)
    torch.testing.assert_close(tied.sum(-1), torch.ones(10, dtype=torch.float64))
    assert divergence(tied, flat) < divergence(tree_weights(scores, tree, inclusive=True, causal=True), flat)


def test_gradients() -> None:
    tree = random_batch(4, [6, 4], 6, padding=0.2)
    rows = [one.requires_grad_() for one in random_rows(2, 1, 6, 3)]
    position = torch.randn(tree.nodes, 2, dtype=torch.float64, requires_grad=True)

    def output(q: Any, k: Any, v: Any, places: Any) -> Any:
        return key_tied_attention(q, k, v, tree, position=places)

    assert torch.autograd.gradcheck(output, (*rows, position), fast_mode=True)


@given(seed=st.integers(0, 10_000), places=st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_cache_gives_what_the_whole_gives(seed: int, places: bool) -> None:
    torch.manual_seed(seed)
    tree = random_batch(seed, [11], 11, padding=0.1)
    q, k, v = random_rows(2, 2, 11, 4)
    position = torch.randn(tree.nodes, 3, dtype=torch.float64) if places else None
    whole = key_tied_attention(q, k, v, tree, position=position)
    cache = KeyTiedCache()
    for new in arrivals(tree):
        spots = None if position is None else position[list(new.nodes)]
        token = [one[:, :, new.token] for one in (q, k, v)]
        output = cache.step(*token, new.shared, spots, opened=len(new.nodes) - 1)
        torch.testing.assert_close(output, whole[:, :, new.token])


def test_half_precision_keeps_its_kind() -> None:
    tree = random_batch(3, [11], 11)
    rows = [one.bfloat16() for one in random_rows(1, 2, 11, 4)]
    whole, cache = key_tied_attention(*rows, tree), KeyTiedCache()
    assert whole.dtype == torch.bfloat16
    for new in arrivals(tree):
        output = cache.step(*(one[:, :, new.token] for one in rows), new.shared, opened=len(new.nodes) - 1)
        assert output.dtype == torch.bfloat16
        torch.testing.assert_close(output, whole[:, :, new.token], atol=1e-2, rtol=0)


def test_the_cache_stays_small() -> None:
    tree, cache = windows([256], (4, 4, 4)), KeyTiedCache()
    q, k, v = random_rows(1, 1, 256, 2)
    most = 0
    for new in arrivals(tree):
        cache.step(*(one[:, :, new.token] for one in (q, k, v)), new.shared, opened=len(new.nodes) - 1)
        most = max(most, cache.entries)
    assert most == 3 * 4 + 1  # three finished ones at each of four depths, and the token itself


def test_growth_that_cannot_be_is_refused() -> None:
    token = torch.zeros(1, 1, 2)
    with pytest.raises(ValueError, match="wanted the root to stay open"):
        KeyTiedCache().step(token, token, token, 0)
    cache = KeyTiedCache()
    cache.step(token, token, token, 0, opened=2)
    for shared in (0, 3):
        with pytest.raises(ValueError, match="with 2 open nodes"):
            cache.step(token, token, token, shared, opened=1)
    with pytest.raises(ValueError, match="2 signals: a cache follows one tree"):
        list(arrivals(windows([4, 4], (2,))))
    q, k, v = random_rows(2, 2, 4, 4)
    with pytest.raises(ValueError, match=r"1 signals over 3 tokens: wanted 2 \(or 1\) over 4"):
        key_tied_attention(q, k, v, windows([3], (2,)))
    with pytest.raises(ValueError, match="position of shape"):
        key_tied_attention(q, k, v, windows([4], (2,)), position=torch.zeros(3, 1))
