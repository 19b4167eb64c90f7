"""Maps are chosen by what they find for held-out queries, and never worse than PCA there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skewed_vectors import skewed, unit

from proofloom.retrieval.projection import Moments, Projection, blocks, pca
from proofloom.retrieval.projection_choice import METHODS, SOLVERS, Trial, best, evenly, largest, shared


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def test_maps_that_know_the_queries_find_more() -> None:
    data, queries = skewed(3000, 600, 64)
    choice = Trial.of(data, queries, generator()).choose(16, generator())
    assert choice.projection.method in METHODS
    assert choice.expected == max(choice.recall.values()) > choice.recall["pca"] + 0.03


def test_maps_that_find_less_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that answers with the least directions is tried and passed over."""
    data, queries = skewed(1000, 200, 32)

    def worst(rows: Moments, asked: Moments, dimensions: int) -> Projection:
        least = np.linalg.eigh(rows.total)[1][:, :dimensions].T
        return Projection(least, least, "worst")

    monkeypatch.setitem(SOLVERS, "worst", worst)
    choice = Trial.of(data, queries, generator()).choose(8, generator(), ["worst"])
    assert choice.projection.method == "pca"
    assert choice.recall["worst"] < choice.recall["pca"] == choice.expected


def test_a_gain_below_the_margin_is_not_worth_it() -> None:
    data, queries = skewed(1000, 200, 32)
    assert Trial.of(data, queries, generator()).choose(8, generator(), margin=1.0).projection.method == "pca"


@pytest.mark.parametrize("queries", [0, 1, 29])
def test_few_queries_give_pca(queries: int) -> None:
    data, asked = skewed(500, 30, 32)
    choice = Trial.of(data, asked[:queries], generator()).choose(8, generator())
    of_data = Moments.of(blocks(data), 32)
    plain = pca(of_data, of_data, 8)
    assert choice.projection.method == "pca" and choice.recall.keys() == {"pca"}
    assert np.allclose(choice.projection.query.T @ choice.projection.data, plain.query.T @ plain.data)
    assert np.array_equal(
        best(choice.projection.of_queries(asked), choice.projection.of_data(data), 5),
        best(plain.of_queries(asked), plain.of_data(data), 5),
    )


def test_queries_like_the_data_lose_nothing_to_pca() -> None:
    data, _ = skewed(2000, 1, 48)
    choice = Trial.of(data[:1500], data[1500:], generator()).choose(12, generator())
    assert choice.expected >= choice.recall["pca"]


def test_the_fewest_dimensions_that_are_enough() -> None:
    data, queries = skewed(1000, 200, 32)
    trial = Trial.of(data, queries, generator())
    recall = {step: trial.recall(SOLVERS["closed_form"](trial.data, trial.queries, step)) for step in (2, 8, 24)}
    assert recall[2] < recall[8] < recall[24]
    assert trial.fewest([2, 8, 24], recall[8]) == 8
    assert trial.fewest([2, 8, 24], 1.1) == 24


def test_the_same_seed_gives_the_same_maps() -> None:
    data, queries = skewed(600, 100, 32)
    first, second = (Trial.of(data, queries, generator()).choose(8, generator()) for _ in range(2))
    assert first.recall == second.recall
    assert np.array_equal(first.projection.query, second.projection.query)


def test_held_out_queries_are_not_learned_from() -> None:
    data, queries = skewed(300, 100, 16)
    trial = Trial.of(data, queries, generator())
    assert len(trial.held_out) == 20 and trial.queries.count == 80
    both = trial.queries.total + Moments.of([trial.held_out], 16).total
    assert np.allclose(both, Moments.of([queries], 16).total)


@given(st.integers(1, 40), st.integers(0, 45), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_largest_are_those_of_a_full_sort(columns: int, k: int, seed: int) -> None:
    scores = np.random.default_rng(seed).standard_normal((5, columns)).astype(np.float32)
    assert np.array_equal(largest(scores, k), np.argsort(-scores, axis=1, kind="stable")[:, :k])


def test_the_nearest_are_those_of_a_full_table() -> None:
    data, queries = skewed(400, 300, 16)
    assert np.array_equal(best(queries, data, 7), np.argsort(-(queries @ data.T), axis=1, kind="stable")[:, :7])


def test_the_share_of_the_wanted() -> None:
    wanted, found = np.array([[1, 2], [3, 4]]), np.array([[2, 9, 1], [4, 8, 7]])
    assert shared(wanted, found) == 0.75
    assert shared(wanted, found[:, :0]) == 0
    assert shared(wanted[:, :0], found) == 1


def test_a_sample_is_even_and_never_larger() -> None:
    rows = np.arange(1000)[:, None]
    assert np.array_equal(evenly(rows, 1000), rows)
    assert evenly(rows, 10)[:, 0].tolist() == [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]
    assert len(unit(np.ones((2, 3)))) == 2
