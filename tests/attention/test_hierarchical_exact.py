"""The fast programme against the whole matrix; golden values of the paper's facts, section 7; bad input."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from random_trees import random_batch, random_rows, random_tree

from proofloom.attention.hierarchical import hierarchical_attention, lay_out
from proofloom.attention.hierarchical.reference import (
    divergence,
    flat_weights,
    pair_scores,
    tree_energies,
    tree_weights,
)
from proofloom.hierarchy.nested import NestedSignal, Tree
from proofloom.hierarchy.windows import windows

SCORES = torch.tensor([[1, 0.5, -0.5, 0], [0, 1, 0.5, -1], [0.5, -0.5, 0, 1], [-1, 0, 1.5, 0.5]], dtype=torch.float64)
PAIRS, UNEVEN = ((0, 1), (2, 3)), ((0, 1), 2, (3,))
GOLDEN: list[tuple[Tree, dict[str, Any], list[list[float]], float | None]] = [
    (
        PAIRS,
        {"inclusive": False},
        [
            [0, 0.451863, 0.274069, 0.274069],
            [0.451863, 0, 0.274069, 0.274069],
            [0.154281, 0.154281, 0, 0.691438],
            [0.154281, 0.154281, 0.691438, 0],
        ],
        0.328183,
    ),
    (
        PAIRS,
        {"inclusive": True},
        [
            [0.448930, 0.272290, 0.139390, 0.139390],
            [0.193966, 0.527254, 0.139390, 0.139390],
            [0.122995, 0.122995, 0.202785, 0.551225],
            [0.122995, 0.122995, 0.551225, 0.202785],
        ],
        0.203736,
    ),
    (
        PAIRS,
        {"inclusive": True, "causal": "paper"},
        [
            [1, 0, 0, 0],
            [0.268941, 0.731059, 0, 0],
            [0.193080, 0.193080, 0.613840, 0],
            [0.193080, 0.193080, 0.448753, 0.165087],
        ],
        0.405642,
    ),
    (
        UNEVEN,
        {"inclusive": True},
        [
            [0.445033, 0.269926, 0.177426, 0.107615],
            [0.192282, 0.522677, 0.177426, 0.107615],
            [0.174878, 0.174878, 0.174878, 0.475367],
            [0.082595, 0.082595, 0.610296, 0.224515],
        ],
        None,
    ),
]


def weights_of(scores: Any, tree: NestedSignal, **options: Any) -> Any:
    """The weights that the fast programme uses for these scores: with q = scores, k = sqrt(D) and v = one."""
    size = len(scores)
    one = torch.eye(size, dtype=scores.dtype)[None, None]
    return hierarchical_attention(scores[None, None], one * size**0.5, one, tree, **options)[0, 0]


@pytest.mark.parametrize(("tree", "options", "rows", "kl"), GOLDEN)
def test_golden_weights(tree: Tree, options: dict[str, Any], rows: list[list[float]], kl: float | None) -> None:
    signal = NestedSignal.of([tree])
    causal = bool(options.get("causal"))
    plain = tree_weights(SCORES, signal, inclusive=options["inclusive"], causal=causal)
    for weights in (weights_of(SCORES, signal, **options), plain):
        torch.testing.assert_close(weights, torch.tensor(rows, dtype=torch.float64), atol=6e-7, rtol=0)
    if kl is not None:
        flat = flat_weights(SCORES, inclusive=options["inclusive"], causal=causal)
        assert divergence(plain, flat).item() == pytest.approx(kl, abs=6e-7)


@pytest.mark.parametrize(
    ("options", "energies"),
    [
        ({"inclusive": False}, [0.25, 1.25]),
        ({"inclusive": True}, [1.393669, 1.563262]),
        ({"inclusive": True, "causal": True}, [1.156631, 0.906631]),
    ],
)
def test_golden_energies(options: dict[str, bool], energies: list[float]) -> None:
    inside, _ = tree_energies(SCORES, NestedSignal.of([PAIRS]), **options)
    assert [inside[1].item(), inside[2].item()] == pytest.approx(energies, abs=6e-7)


def reference_output(q: Any, k: Any, v: Any, tree: NestedSignal, position: Any, **options: Any) -> Any:
    rows = []
    for head in range(q.shape[1]):
        place = None if position is None else position[head] if position.dim() == 3 else position
        weights = tree_weights(pair_scores(q[0, head], k[0, head], tree, place), tree, **options)
        rows.append(weights @ v[0, head])
    return torch.stack(rows)[None]


@given(
    seed=st.integers(0, 10_000),
    leaves=st.integers(2, 14),
    mode=st.sampled_from(["exclusive", "inclusive", "causal"]),
    places=st.sampled_from([None, "shared", "by head"]),
    padding=st.sampled_from([0.0, 0.3]),
)
@settings(max_examples=50, deadline=None)
def test_the_programme_is_the_matrix(seed: int, leaves: int, mode: str, places: str | None, padding: float) -> None:
    torch.manual_seed(seed)
    tree = random_batch(seed, [leaves], leaves + 2, padding=padding)
    q, k = random_rows(1, 2, leaves + 2, 4, count=2)
    v = torch.randn(1, 2, leaves + 2, 3, dtype=torch.float64)
    shape = (2, tree.nodes, 5) if places == "by head" else (tree.nodes, 5)
    position = None if places is None else torch.randn(shape, dtype=torch.float64)
    options: dict[str, Any] = {"inclusive": mode != "exclusive"}
    fast = hierarchical_attention(q, k, v, tree, position=position, causal=mode == "causal" and "paper", **options)
    plain = reference_output(q, k, v, tree, position, causal=mode == "causal", **options)
    torch.testing.assert_close(fast, plain, atol=1e-12, rtol=0)
    assert not fast[:, :, leaves:].any()


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize(("tokens", "branching"), [(9, (2, 2)), (23, (2, 4, 8)), (16, (4,)), (17, (4, 4)), (5, ())])
def test_windows_are_the_matrix(tokens: int, branching: tuple[int, ...], inclusive: bool) -> None:
    tree = windows([tokens], branching)
    q, k, v = random_rows(1, 2, tokens, 4)
    fast = hierarchical_attention(q, k, v, tree, inclusive=inclusive)
    torch.testing.assert_close(fast, reference_output(q, k, v, tree, None, inclusive=inclusive))


def test_a_flat_tree_is_softmax_attention() -> None:
    q, k, v = random_rows(2, 3, 7, 4)
    flat = NestedSignal.of([tuple(range(7))])
    plain = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(hierarchical_attention(q, k, v, flat), plain)
    others = ~torch.eye(7, dtype=torch.bool)
    plain = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=others)
    torch.testing.assert_close(hierarchical_attention(q, k, v, flat, inclusive=False), plain)


@given(seed=st.integers(0, 10_000), inclusive=st.booleans())
@settings(max_examples=15, deadline=None)
def test_batch_mates_do_not_matter(seed: int, inclusive: bool) -> None:
    lengths = [2, 9, 5]
    torch.manual_seed(seed)
    tree = random_batch(seed, lengths, 9, padding=0.1)
    q, k, v = random_rows(3, 2, 9, 4)
    together = hierarchical_attention(q, k, v, tree, inclusive=inclusive)
    for number, length in enumerate(lengths):
        own = slice(number, number + 1)
        alone = NestedSignal.of([random_tree(seed + number, length, padding=0.1)], 9)
        expected = hierarchical_attention(q[own], k[own], v[own], alone, inclusive=inclusive)
        torch.testing.assert_close(together[own], expected)


def test_padding_does_not_matter() -> None:
    q, k, v = random_rows(2, 2, 13, 4)
    together = hierarchical_attention(q, k, v, windows([13, 6], (2, 3)))
    alone = hierarchical_attention(q[1:, :, :6], k[1:, :, :6], v[1:, :, :6], windows([6], (2, 3)))
    torch.testing.assert_close(together[1:, :, :6], alone)
    bare, padded = NestedSignal.of([((0, 1), 2)]), NestedSignal.of([((None, 0, None, 1), (None, (None,)), 2, None)])
    q, k, v = random_rows(1, 1, 3, 4)
    for inclusive in (True, False):
        expected = hierarchical_attention(q, k, v, bare, inclusive=inclusive)
        torch.testing.assert_close(hierarchical_attention(q, k, v, padded, inclusive=inclusive), expected)


def test_only_children_do_not_matter() -> None:
    q, k, v = random_rows(1, 2, 4, 4)
    plain = hierarchical_attention(q, k, v, NestedSignal.of([((0, 1), 2, 3)]))
    wrapped = hierarchical_attention(q, k, v, NestedSignal.of([((((0,), 1),), (2,), ((3,),))]))
    torch.testing.assert_close(wrapped, plain)


def test_one_tree_serves_a_batch_and_equal_trees_are_it() -> None:
    q, k, v = random_rows(3, 2, 5, 4)
    tree = ((0, 1, 2), (3, 4))
    shared = hierarchical_attention(q, k, v, NestedSignal.of([tree]))
    assert not lay_out(NestedSignal.of([tree] * 3)).joined
    torch.testing.assert_close(hierarchical_attention(q, k, v, NestedSignal.of([tree] * 3)), shared)


def test_positions_of_equal_trees_are_their_own() -> None:
    q, k, v = random_rows(2, 2, 4, 4)
    both = NestedSignal.of([PAIRS, PAIRS])
    position = torch.randn(both.nodes, 3, dtype=torch.float64)
    together = hierarchical_attention(q, k, v, both, position=position)
    for number in range(2):
        own = slice(number, number + 1)
        alone = position[torch.from_numpy(both.owner) == number]
        expected = hierarchical_attention(q[own], k[own], v[own], NestedSignal.of([PAIRS]), position=alone)
        torch.testing.assert_close(together[own], expected)


def test_a_constant_added_to_all_scores_changes_nothing() -> None:
    tree = random_batch(3, [8], 8)
    scores = torch.randn(8, 8, dtype=torch.float64)
    for inclusive in (True, False):
        before = weights_of(scores, tree, inclusive=inclusive)
        torch.testing.assert_close(weights_of(scores + 40, tree, inclusive=inclusive), before)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("seed", [1, 5])
def test_gradients(seed: int, inclusive: bool) -> None:
    tree = random_batch(seed, [6, 4], 6, padding=0.2)
    rows = [one.requires_grad_() for one in random_rows(2, 1, 6, 3)]
    position = torch.randn(1, tree.nodes, 2, dtype=torch.float64, requires_grad=True)

    def output(q: Any, k: Any, v: Any, places: Any) -> Any:
        return hierarchical_attention(q, k, v, tree, position=places, inclusive=inclusive)

    assert torch.autograd.gradcheck(output, (*rows, position), fast_mode=True)


def test_gradients_are_finite_where_nothing_may_be_read() -> None:
    tree = NestedSignal.of([(((0,),), (1, None), (2, 3))])  # leaves that are alone in their family
    rows = [one.float().requires_grad_() for one in random_rows(1, 2, 4, 4)]
    hierarchical_attention(*rows, tree, inclusive=False).square().sum().backward()
    for one in rows:
        assert torch.isfinite(one.grad).all()
        assert one.grad.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_neither_overflows_nor_drifts(dtype: Any) -> None:
    q, k, v = (one.to(dtype) for one in random_rows(1, 2, 24, 8))
    tree = windows([24], (4, 4))
    large = hierarchical_attention(q * 300, k * 300, v, tree)  # products of 720,000 do not fit into float16
    assert large.dtype == dtype
    assert torch.isfinite(large).all()
    exact = hierarchical_attention(q.double(), k.double(), v.double(), tree)
    torch.testing.assert_close(hierarchical_attention(q, k, v, tree).double(), exact, atol=2e-2, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = hierarchical_attention(q.float(), k.float(), v.float(), tree)
    torch.testing.assert_close(inside.double(), exact, atol=1e-5, rtol=0)


def test_a_signal_of_one_leaf_reads_itself_or_is_refused() -> None:
    q, k, v = random_rows(2, 1, 3, 4)
    tree = NestedSignal.of([1, (0, 2)], 3)
    output = hierarchical_attention(q, k, v, tree)
    torch.testing.assert_close(output[0, :, 1], v[0, :, 1])
    assert not output[0, :, [0, 2]].any()
    with pytest.raises(ValueError, match="signal of one leaf"):
        hierarchical_attention(q, k, v, tree, inclusive=False)


def test_signals_of_nothing_but_padding_are_zero() -> None:
    q, k, v = random_rows(2, 1, 2, 4)
    for trees in ([(0, 1), None], [(0, 1), (None, None)], [None, None]):
        output = hierarchical_attention(q, k, v, NestedSignal.of(trees, 2))
        assert torch.isfinite(output).all()
        assert not output[1].any()


def test_what_does_not_fit_is_refused() -> None:
    q, k, v = random_rows(2, 2, 4, 4)
    tree = NestedSignal.of([PAIRS])
    with pytest.raises(ValueError, match=r"1 signals over 4 tokens: wanted 2 \(or 1\) over 3"):
        hierarchical_attention(q[:, :, :3], k[:, :, :3], v[:, :, :3], tree)
    with pytest.raises(ValueError, match=r"3 signals over 4 tokens"):
        hierarchical_attention(q, k, v, NestedSignal.of([PAIRS] * 3))
    with pytest.raises(ValueError, match="wanted False or 'paper'"):
        hierarchical_attention(q, k, v, tree, causal=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="wanted inclusive=True"):
        hierarchical_attention(q, k, v, tree, causal="paper", inclusive=False)
    with pytest.raises(ValueError, match="wanted \\(B, H, N, D\\)"):
        hierarchical_attention(q, k[:, :1], v, tree)
    with pytest.raises(TypeError, match=r"query is of torch\.int64"):
        hierarchical_attention(q.long(), k.long(), v, tree)
    with pytest.raises(ValueError, match="key is on meta: wanted cpu"):
        hierarchical_attention(q, k.to("meta"), v, tree)
    with pytest.raises(TypeError, match=r"value is of torch\.float64: wanted torch\.float32"):
        hierarchical_attention(q.float(), k.float(), v.double(), tree)
    with pytest.raises(ValueError, match="the layout is on meta: wanted cpu"):
        hierarchical_attention(q, k, v, lay_out(tree, "meta"))
    with pytest.raises(ValueError, match=r"position of shape \(3, 2\): wanted \(7, C\) or \(2, 7, C\)"):
        hierarchical_attention(q, k, v, tree, position=torch.zeros(3, 2))
    with pytest.raises(ValueError, match="position is on meta"):
        hierarchical_attention(q, k, v, tree, position=torch.zeros(7, 2, device="meta"))
