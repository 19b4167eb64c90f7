"""Position vectors: what their products say in sequences, sets and records."""

from __future__ import annotations

import numpy as np
import pytest

from proofloom.hierarchy.nested import Branch, Domain, Kind, NestedSignal
from proofloom.hierarchy.positions import key_vector, position_vectors

GOAL = Domain("goal", Kind.RECORD, ("case", "declarations", "conclusion"))


def test_products_in_a_sequence_fall_with_the_distance() -> None:
    vectors = position_vectors(NestedSignal.of([tuple(range(12))]), 1024, reach=4)[1:]
    products = vectors @ vectors.T
    distance = np.abs(np.arange(12)[:, None] - np.arange(12))
    np.testing.assert_allclose(products, np.exp(-((distance / 4) ** 2) / 2), atol=0.12)
    np.testing.assert_allclose(np.diag(products), 1, atol=1e-5)
    again = position_vectors(NestedSignal.of([((0, 1), 2)]), 1024, reach=4)
    np.testing.assert_array_equal(again[1], vectors[0])  # a place is the same in every tree


def test_members_of_a_set_are_all_the_same() -> None:
    tree = NestedSignal.of([Branch(Domain("facts", Kind.SET), (0, 1, 2))])
    assert not position_vectors(tree, 8).any()


def test_fields_are_told_apart_by_their_names() -> None:
    tree = NestedSignal.of([Branch(GOAL, (0, 1), ("conclusion", "case")), Branch(GOAL, (0,), ("conclusion",))])
    vectors = position_vectors(tree, 256)
    np.testing.assert_array_equal(vectors[2], vectors[4])
    assert abs(vectors[2] @ vectors[3]) < 0.3
    np.testing.assert_allclose(np.linalg.norm(vectors[2:], axis=1), 1, atol=1e-6)
    assert not vectors[:2].any()
    assert (key_vector("goal.case", 8, seed=1) != key_vector("goal.case", 8)).all()


def test_an_odd_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width=7: wanted an even number"):
        position_vectors(NestedSignal.of([(0, 1)]), 7)
