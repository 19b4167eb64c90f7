"""Paired comparisons against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.evaluation.statistics.paired import (
    bootstrap_groups,
    bootstrap_mean,
    bootstrap_ratio,
    bootstrap_seeds,
    complexity_ratio,
    sign_test,
)


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 32),
        (9, 1, 2 * 11 / 1024),
        (6, 2, 2 * (1 + 8 + 28) / 256),
        (3, 3, 1.0),
    ],
)
def test_the_sign_test_is_twice_the_tail_of_fair_coins(better: int, worse: int, p: float) -> None:
    tested = sign_test([1.0] * better + [-1.0] * worse + [0.0] * 7)
    assert (tested.better, tested.worse, tested.equal) == (better, worse, 7)
    assert tested.p == pytest.approx(p)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), max_size=40))
@settings(max_examples=40)
def test_the_sign_test_does_not_ask_who_is_first(differences: list[float]) -> None:
    one, other = sign_test(differences), sign_test([-each for each in differences])
    assert (one.better, one.worse, one.p) == (other.worse, other.better, other.p)
    assert 0 < one.p <= 1


def test_many_theorems_do_not_overflow() -> None:
    assert sign_test([1.0] * 1500 + [-1.0] * 500).p < 1e-100


def test_the_interval_of_a_mean_is_that_of_the_normal_law_for_many_values() -> None:
    values = np.random.default_rng(5).normal(2.0, 3.0, 900).tolist()
    found = bootstrap_mean(values, random())
    spread = 1.96 * float(np.std(values)) / 30
    assert found.value == pytest.approx(np.mean(values))
    assert found.low == pytest.approx(found.value - spread, abs=0.03)
    assert found.high == pytest.approx(found.value + spread, abs=0.03)
    assert found.count == 900


def test_a_ratio_draws_theorems_whole() -> None:
    """Two theorems, of 1 and of 9 steps: the three possible samples have the ratios 1, 1.8 / 2 and 8 / 9."""
    found = bootstrap_ratio([1.0, 8.0], [1.0, 9.0], random(), 2000)
    assert found.value == pytest.approx(0.9)
    assert (found.low, found.high) == (pytest.approx(8 / 9), pytest.approx(1.0))


def test_nothing_to_estimate_is_no_number() -> None:
    found = bootstrap_mean([], random())
    assert math.isnan(found.value)
    assert found.count == 0


def test_what_does_not_pair_up_is_refused() -> None:
    with pytest.raises(ValueError, match="2 numerators, 1 denominators"):
        bootstrap_ratio([1.0, 2.0], [1.0], random())
    with pytest.raises(ValueError, match=r"a denominator of 0\.0: wanted numbers above 0"):
        bootstrap_ratio([1.0], [0.0], random())


def test_seeds_that_disagree_widen_the_interval() -> None:
    """All theorems gain 1 with one seed and lose 1 with the other: only the seeds matter."""
    table, ones = [[1.0] * 5, [-1.0] * 5], [1.0] * 5
    found = bootstrap_seeds(table, ones, random(), 400)
    assert (found.value, found.low, found.high, found.count) == (0.0, -1.0, 1.0, 5)
    pooled = bootstrap_ratio([0.0] * 5, ones, random(), 400)
    assert (pooled.low, pooled.high) == (0.0, 0.0)


def test_with_seeds_that_agree_only_theorems_matter() -> None:
    values, steps = [3.0, 1.0, 4.0, 1.0, 5.0], [1.0, 2.0, 1.0, 4.0, 2.0]
    both, one = bootstrap_seeds([values, values], steps, random(), 4000), bootstrap_ratio(values, steps, random(), 4000)
    assert both.value == pytest.approx(one.value)
    assert (both.low, both.high) == (pytest.approx(one.low, abs=0.1), pytest.approx(one.high, abs=0.1))
    with pytest.raises(ValueError, match=r"numerators of shape \(2, 5\), 1 denominators"):
        bootstrap_seeds([values, values], [1.0], random())


@given(st.lists(st.integers(0, 1), min_size=1, max_size=30), st.integers(0, 99))
@settings(max_examples=25)
def test_the_same_seed_gives_the_same_interval_and_it_holds_the_mean(values: list[int], seed: int) -> None:
    one, again = (bootstrap_mean([float(value) for value in values], random(seed), 500) for _ in range(2))
    assert one == again
    assert 0 <= one.low <= one.high <= 1
    assert one.low - 1e-9 <= one.value <= one.high + 1e-9


def test_the_ratio_of_complexity_is_over_what_both_solve() -> None:
    baseline = {"a": 4.0, "b": 2.0, "only": 9.0}
    ours = {"a": 2.0, "b": 2.0, "other": 1.0}
    found = complexity_ratio(baseline, ours, random(), 500)
    assert found.mean_of_ratios.value == pytest.approx((2 / 4 + 2 / 2) / 2)
    assert found.ratio_of_means.value == pytest.approx(4 / 6)
    assert found.mean_of_ratios.count == found.ratio_of_means.count == 2
    assert (found.mean_of_ratios.low, found.mean_of_ratios.high) == (0.5, 1.0)


def test_values_of_one_theorem_are_drawn_together() -> None:
    values = [1.0, 1.0, 1.0, 0.0, 0.0, 0.5]
    groups = ["a", "a", "a", "b", "b", "c"]
    assert bootstrap_groups(values, groups, random()) == bootstrap_ratio([3.0, 0.0, 0.5], [3.0, 2.0, 1.0], random())
    assert bootstrap_groups(values, groups, random()).count == 3
