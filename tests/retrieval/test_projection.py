"""The maps: what the loss is, who has the least, what leaves it unchanged, and what a graph needs of the data map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skewed_vectors import skewed

from proofloom.retrieval.projection import (
    SOLVERS,
    Moments,
    Projection,
    blocks,
    closed_form,
    eigenvector_search,
    frank_wolfe,
    loss,
    pca,
    rotated,
    sphering,
)
from proofloom.retrieval.projection_choice import best, shared


def problem(seed: int, dimension: int = 12, rows: int = 60, queries: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Data and queries with different, uneven covariances."""
    generator = np.random.default_rng(seed)
    mixing = [generator.standard_normal((dimension, dimension)) * np.geomspace(3, 0.1, dimension) for _ in range(2)]
    return generator.standard_normal((rows, dimension)) @ mixing[0], generator.standard_normal(
        (queries, dimension)
    ) @ mixing[1]


def moments(rows: np.ndarray) -> Moments:
    return Moments.of(blocks(rows, 16), rows.shape[1])


SEEDS = st.integers(0, 10_000)


@given(SEEDS, st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_the_loss_is_that_of_the_data(seed: int, dimensions: int) -> None:
    """The trace formula of section 2 against the definition, for maps that are neither optimal nor orthogonal."""
    data, queries = problem(seed)
    generator = np.random.default_rng(seed)
    a, b = generator.standard_normal((2, dimensions, 12))
    whole = np.sum((queries @ data.T) ** 2)
    plain = np.sum((queries @ a.T @ b @ data.T - queries @ data.T) ** 2) / whole
    assert loss(Projection(a, b, "any"), moments(data), moments(queries)) == pytest.approx(plain, rel=1e-8)


@given(SEEDS, st.integers(1, 11))
@settings(max_examples=25, deadline=None)
def test_the_closed_form_has_the_least_loss(seed: int, dimensions: int) -> None:
    data, queries = (moments(rows) for rows in problem(seed))
    least = loss(closed_form(data, queries, dimensions, shrinkage=0), data, queries)
    for other in (pca, eigenvector_search, frank_wolfe):
        assert least <= loss(other(data, queries, dimensions), data, queries) + 1e-6


@given(SEEDS, st.integers(1, 11))
@settings(max_examples=20, deadline=None)
def test_the_least_loss_is_that_of_eckart_and_young(seed: int, dimensions: int) -> None:
    """The squares of the singular values of K_Q^½ K_X^½ that are left out: those of the matrix of products."""
    data, queries = problem(seed)
    squares = np.linalg.svd(queries @ data.T, compute_uv=False) ** 2
    best_possible = squares[dimensions:].sum() / squares.sum()
    found = loss(closed_form(moments(data), moments(queries), dimensions, shrinkage=0), moments(data), moments(queries))
    assert found == pytest.approx(best_possible, rel=1e-4, abs=1e-7)


@given(SEEDS, st.integers(1, 11))
@settings(max_examples=15, deadline=None)
def test_eigenvector_search_and_descent_are_not_worse_than_pca(seed: int, dimensions: int) -> None:
    data, queries = (moments(rows) for rows in problem(seed))
    blind = loss(pca(data, queries, dimensions), data, queries)
    assert loss(eigenvector_search(data, queries, dimensions), data, queries) <= blind + 1e-12


@pytest.mark.parametrize("solver", [pca, eigenvector_search, closed_form])
@pytest.mark.parametrize("dimensions", [1, 5, 12])
def test_the_data_map_has_orthonormal_rows(solver: Callable[..., Projection], dimensions: int) -> None:
    data, queries = (moments(rows) for rows in problem(3))
    found = solver(data, queries, dimensions)
    assert np.allclose(found.data @ found.data.T, np.eye(dimensions), atol=1e-9)


def test_descent_stays_in_the_ball_of_the_spectral_norm() -> None:
    data, queries = (moments(rows) for rows in problem(4))
    found = frank_wolfe(data, queries, 5)
    assert np.linalg.norm(found.data, 2) <= 1 + 1e-9
    assert np.linalg.norm(found.query, 2) <= 1 + 1e-9


def test_descent_comes_near_to_the_optimum_of_its_own_problem() -> None:
    """Many small steps bring it below the tolerant run, and above the optimum that has one constraint less."""
    data, queries = (moments(rows) for rows in problem(5))
    tolerant = loss(frank_wolfe(data, queries, 5), data, queries)
    patient = loss(frank_wolfe(data, queries, 5, steps=3000, tolerance=0), data, queries)
    assert loss(closed_form(data, queries, 5, shrinkage=0), data, queries) <= patient <= tolerant


@given(SEEDS, st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_orthonormal_rows_and_rotation_leave_all_products(seed: int, dimensions: int) -> None:
    data, queries = (moments(rows) for rows in problem(seed))
    raw, fixed = sphering(data, queries, dimensions), closed_form(data, queries, dimensions)
    product = fixed.query.T @ fixed.data
    assert np.allclose(raw.query.T @ raw.data, product, atol=1e-6)
    turned = rotated(fixed, np.random.default_rng(seed))
    assert np.allclose(turned.query.T @ turned.data, product, atol=1e-9)
    assert np.allclose(turned.data @ turned.data.T, np.eye(dimensions), atol=1e-9)


@pytest.mark.parametrize("name", ["pca", "eigenvectors", "closed_form"])
def test_all_dimensions_lose_nothing(name: str) -> None:
    data, queries = (moments(rows) for rows in problem(6))
    found = SOLVERS[name](data, queries, 12)
    assert np.allclose(found.query.T @ found.data, np.eye(12), atol=1e-5)


@pytest.mark.parametrize("name", ["pca", "eigenvectors", "closed_form"])
@given(SEEDS)
@settings(max_examples=8, deadline=None)
def test_scale_and_basis_do_not_matter(name: str, seed: int) -> None:
    """More of the same data, and other axes, give the same maps in those axes."""
    rows, asked = problem(seed)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((12, 12)))[0]
    plain = SOLVERS[name](moments(rows), moments(asked), 4)
    scaled = SOLVERS[name](moments(10 * rows), moments(np.tile(asked, (3, 1))), 4)
    turned = SOLVERS[name](moments(rows @ turn), moments(asked @ turn), 4)
    product = plain.query.T @ plain.data
    assert np.allclose(scaled.query.T @ scaled.data, product, atol=1e-5)
    assert np.allclose(turn @ turned.query.T @ turned.data @ turn.T, product, atol=1e-5)


@pytest.mark.parametrize("queries", [0, 1, 3])
def test_few_queries_are_enough(queries: int) -> None:
    """K_Q is singular; without any query the closed form is PCA."""
    rows, asked = problem(7)
    found = closed_form(moments(rows), moments(asked[:queries]), 4)
    assert np.isfinite(found.query).all() and np.allclose(found.data @ found.data.T, np.eye(4), atol=1e-9)
    blind = pca(moments(rows), moments(asked[:0]), 4)
    same = np.allclose(found.query.T @ found.data, blind.query.T @ blind.data, atol=1e-6)
    assert same == (queries == 0)


def test_data_in_a_subspace() -> None:
    """Directions that no vector has leave K_X singular too."""
    rows, asked = problem(8)
    rows[:, 6:], asked[:, 6:] = 0, 0
    found = closed_form(moments(rows), moments(asked), 8)
    assert np.allclose(found.data @ found.data.T, np.eye(8), atol=1e-9)
    assert loss(found, moments(rows), moments(asked)) < 1e-6


def test_moments_of_blocks_are_those_of_the_whole() -> None:
    rows = problem(9)[0]
    whole, pieces = Moments.of([rows], 12), Moments.of((rows[i : i + 7] for i in range(0, 60, 7)), 12)
    assert pieces.count == whole.count == 60
    assert np.allclose(pieces.total, whole.total, rtol=1e-12)


def test_a_graph_needs_orthonormal_rows() -> None:
    """The trap: both data maps give the same exhaustive search, but on that of sphering a graph leads nowhere."""
    faiss = pytest.importorskip("faiss")
    data, queries = skewed(6000, 1400, 128)
    learned, asked = queries[:1000], queries[1000:]
    of_data, of_queries = moments(data), moments(learned)
    true = best(asked, data, 10)
    recalls = {}
    for solver in (closed_form, sphering):
        projection = solver(of_data, of_queries, 32)
        rows, wanted = projection.of_data(data), projection.of_queries(asked)
        graph = faiss.IndexHNSWFlat(32, 8, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction, graph.hnsw.efSearch = 60, 50
        faiss.omp_set_num_threads(1)
        graph.add(rows)
        recalls[solver] = shared(true, best(wanted, rows, 50)), shared(true, graph.search(wanted, 50)[1])
    exhaustive, graph_recall = recalls[closed_form]
    assert recalls[sphering][0] == pytest.approx(exhaustive, abs=0.002)
    assert graph_recall > 0.9 * exhaustive
    assert recalls[sphering][1] < graph_recall - 0.15


@pytest.mark.parametrize("solver", SOLVERS.values())
def test_bad_sizes_are_named(solver: Callable[..., Projection]) -> None:
    data, queries = (moments(rows) for rows in problem(1))
    for dimensions in (0, 13):
        with pytest.raises(ValueError, match=f"dimensions={dimensions}: wanted 1 to 12"):
            solver(data, queries, dimensions)
    with pytest.raises(ValueError, match="queries have 5 dimensions: the data have 12"):
        solver(data, Moments.of([np.ones((3, 5))], 5), 4)


def test_bad_vectors_and_shrinkage_are_named() -> None:
    data, queries = (moments(rows) for rows in problem(1))
    with pytest.raises(ValueError, match=r"wanted \(n, 12\)"):
        Moments.of([np.ones((3, 5))], 12)
    with pytest.raises(ValueError, match=r"shrinkage=1\.5: wanted 0 to 1"):
        closed_form(data, queries, 4, shrinkage=1.5)
