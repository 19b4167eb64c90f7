"""The inverted index against a plain loop over all rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from proofloom.policies.neighbours.step_index import FeatureIndex, Weights, nearest

Rows = list[NDArray[np.uint32]]


def features(values: set[int]) -> NDArray[np.uint32]:
    return np.array(sorted(values), dtype=np.uint32)


ROW = st.sets(st.integers(0, 30), max_size=12).map(features)
ROWS = st.lists(ROW, max_size=20)


@settings(deadline=None)
@given(ROWS)
def test_rows_come_back(rows: Rows) -> None:
    index = FeatureIndex.of(rows)
    assert len(index) == len(rows)
    assert all(np.array_equal(index.features(number), row) for number, row in enumerate(rows))


@settings(deadline=None)
@given(ROWS, ROW, st.floats(0.5, 2), st.floats(0.1, 2))
def test_sums_equal_those_of_a_plain_loop(rows: Rows, query: NDArray[np.uint32], power: float, half: float) -> None:
    index = FeatureIndex.of(rows)
    weights = index.weights(power, half)
    count = {feature: sum(feature in row for row in rows) for feature in range(31)}

    def weight(feature: int) -> float:
        number = count[feature]
        return math.log((len(rows) + 2) / max(number, 1)) ** power * (half if feature & 1 else 1.0)

    assert weights.of(query) == pytest.approx([weight(int(feature)) for feature in query], abs=1e-5)
    expected = [sum(weight(int(feature)) for feature in query if feature in row) for row in rows]
    assert index.shared(query, weights.of(query)) == pytest.approx(expected, abs=1e-4)
    norms = [sum(weight(int(feature)) for feature in row) for row in rows]
    assert index.norms(weights) == pytest.approx(norms, abs=1e-4)


@settings(deadline=None)
@given(ROWS, ROW, st.integers(0, 40))
def test_a_limit_leaves_out_the_longest_lists(rows: Rows, query: NDArray[np.uint32], most: int) -> None:
    index = FeatureIndex.of(rows)
    ones = np.ones(len(query), dtype=np.float32)
    lengths = sorted((sum(feature in row for row in rows), int(feature)) for feature in query)
    read, total = set(), 0
    for length, feature in lengths:
        total += length
        if total <= most:
            read.add(feature)
    expected = [sum(int(feature) in read for feature in row) for row in rows]
    assert index.shared(query, ones, most) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), max_size=30), st.integers(1, 40))
def test_nearest_are_the_largest_above_zero_the_last_first(scores: list[float], k: int) -> None:
    ranked = sorted((place for place in range(len(scores)) if scores[place] > 0), key=lambda p: (-scores[p], -p))
    assert list(nearest(np.array(scores), k)) == ranked[:k]


def test_without_rows_everything_is_unknown() -> None:
    index = FeatureIndex.of([])
    weights = index.weights(1.0, 1.0)
    assert isinstance(weights, Weights)
    assert weights.of(features({1, 2})).tolist() == pytest.approx([math.log(2), math.log(2)])
    assert len(index.shared(features({1, 2}), np.ones(2, dtype=np.float32))) == 0
