"""The softmax re-scaling operator: laws in double precision, and equality with attention over all keys at once."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from torch import Tensor

from proofloom.attention.softmax_merge import PartialSoftmax, finish, identity, merge, partial_softmax, unfinish

ROWS, WIDTH = 3, 5
SEEDS = st.integers(0, 2**16)


def drawn(seed: int, keys: int, spread: float = 30.0) -> tuple[Tensor, Tensor]:
    """Scores (ROWS, keys), some of them -inf, and values (keys, WIDTH) in double precision."""
    generator = torch.Generator().manual_seed(seed)
    scores = spread * torch.randn(ROWS, keys, generator=generator, dtype=torch.float64)
    scores[torch.rand(ROWS, keys, generator=generator) < 0.2] = -torch.inf
    return scores, torch.randn(keys, WIDTH, generator=generator, dtype=torch.float64)


def pieces(seed: int, sizes: list[int]) -> list[PartialSoftmax]:
    scores, values = drawn(seed, sum(sizes))
    return [
        partial_softmax(some, others) for some, others in zip(scores.split(sizes, -1), values.split(sizes), strict=True)
    ]


def same(one: PartialSoftmax, other: PartialSoftmax) -> None:
    for name in ("peak", "total", "weighted"):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 40), min_size=3, max_size=3))
def test_merging_is_associative_and_commutative(seed: int, sizes: list[int]) -> None:
    a, b, c = pieces(seed, sizes)
    same(merge(merge(a, b), c), merge(a, merge(b, c)))
    same(merge(a, b), merge(b, a))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_the_identity_changes_nothing(seed: int, keys: int) -> None:
    (piece,) = pieces(seed, [keys])
    same(merge(piece, identity(piece)), piece)
    same(merge(identity(piece), piece), piece)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 60), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_any_pieces_in_any_order_give_the_attention_over_all_keys(seed: int, sizes: list[int], order: object) -> None:
    scores, values = drawn(seed, sum(sizes))
    some = torch.isfinite(scores).any(-1)
    shuffled = pieces(seed, sizes)
    order.shuffle(shuffled)
    output, logsumexp = finish(reduce(merge, shuffled))
    torch.testing.assert_close(output[some], scores[some].softmax(-1) @ values, rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(logsumexp, scores.logsumexp(-1), rtol=1e-12, atol=1e-12)


def test_a_row_without_keys_reads_nothing() -> None:
    scores, values = torch.full((2, 4), -torch.inf), torch.ones(4, 3)
    empty = partial_softmax(scores, values)
    output, logsumexp = finish(merge(empty, identity(empty)))
    assert torch.equal(output, torch.zeros(2, 3))
    assert torch.equal(logsumexp, torch.full((2,), -torch.inf))


def test_large_scores_overflow_nowhere() -> None:
    values = torch.tensor([[1.0], [3.0]])
    high, low = (partial_softmax(torch.tensor([[score, score]]), values) for score in (3e4, -3e4))
    output, logsumexp = finish(merge(low, high))
    assert output.item() == pytest.approx(2.0)
    assert logsumexp.item() == pytest.approx(3e4 + 0.693, abs=0.01)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2,\), \(2,\), \(3, 4\)"):
        PartialSoftmax(torch.zeros(2), torch.zeros(2), torch.zeros(3, 4))


@pytest.mark.parametrize(("dtype", "error"), [(torch.float16, 1e-2), (torch.bfloat16, 1e-1)])
def test_sums_kept_in_half_precision_stay_near_whatever_the_cut(dtype: torch.dtype, error: float) -> None:
    scores, values = drawn(3, 96, spread=4.0)
    wanted = scores.softmax(-1) @ values
    for sizes in ([96], [1, 95], [32] * 3, [8] * 12, [90, 3, 3]):
        cut = [
            partial_softmax(some, others)
            for some, others in zip(scores.to(dtype).split(sizes, -1), values.to(dtype).split(sizes), strict=True)
        ]
        output, _ = finish(reduce(merge, cut))
        assert output.dtype == dtype
        torch.testing.assert_close(output.double(), wanted, rtol=0, atol=error)


def test_what_is_finished_can_be_merged_again() -> None:
    (one, other) = pieces(5, [20, 30])
    wanted = finish(merge(one, other))
    for found, value in zip(finish(merge(unfinish(*finish(one)), unfinish(*finish(other)))), wanted, strict=True):
        torch.testing.assert_close(found, value, rtol=1e-12, atol=1e-12)
    nothing = finish(identity(one))
    same(unfinish(*nothing), identity(one))
