"""Two linear maps to few dimensions, one for queries and one for data, that keep inner products (LeanVec).

For data X and queries Q (columns of width D) the maps A and B, d×D, make f = ‖QᵀAᵀBX − QᵀX‖² small.  f needs only the
second moments K_X = XXᵀ and K_Q = QQᵀ, so the data are read once, in blocks, and everything after costs O(D³) whatever
their number.  Four solvers, all in float64: PCA, which is blind to queries; one matrix for both sides; Frank–Wolfe on
the ball of the spectral norm (Tepper et al. 2023, algorithms 1 and 2); and the optimum in closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[Any]

BLOCK = 8192
"""Rows that are converted to float64 at once."""
SHRINKAGE = 0.3
"""How much of the queries' moments is replaced by the data's: safe for some hundred training queries."""
STEPS, TOLERANCE = 500, 1e-3
"""Frank–Wolfe stops after so many steps, or when a step lowers the loss by less than this share of it."""
_RIDGE = 1e-9
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """The second moments of `count` vectors: `total` (D×D) is the sum of their outer products.

    Compared by identity, so that what was found for them can be kept.
    """

    total: Floats
    count: int

    @classmethod
    def of(cls, blocks: Iterable[Rows], dimension: int) -> Moments:
        """The moments of all rows of `blocks`, each n×`dimension`; only one block is held at a time."""
        total, count = np.zeros((dimension, dimension)), 0
        for block in blocks:
            rows = np.asarray(block, dtype=np.float64)
            if rows.ndim != 2 or rows.shape[1] != dimension:
                raise ValueError(f"vectors have shape {rows.shape}: wanted (n, {dimension})")
            total += rows.T @ rows
            count += len(rows)
        return cls(total, count)

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.total)

    @property
    def shape(self) -> Floats:
        """The moments scaled to trace 1; all zero if the vectors are."""
        trace = float(np.trace(self.total))
        return self.total / trace if trace > 0 else self.total


@dataclass(frozen=True, slots=True)
class Projection:
    """The maps `query` (A) and `data` (B), both d×D in float64, and how they were found."""

    query: Floats
    data: Floats
    method: str

    @property
    def dimensions(self) -> int:
        """d."""
        return len(self.data)

    def of_queries(self, rows: Rows) -> NDArray[np.float32]:
        """m×D queries as m×d."""
        return np.asarray(rows, np.float32) @ self.query.T.astype(np.float32)

    def of_data(self, rows: Rows) -> NDArray[np.float32]:
        """n×D vectors as n×d."""
        return np.asarray(rows, np.float32) @ self.data.T.astype(np.float32)


def blocks(rows: Rows, size: int = BLOCK) -> Iterator[Rows]:
    """`rows` in pieces, for arrays that are larger than memory and mapped."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def loss(projection: Projection, data: Moments, queries: Moments) -> float:
    """f relative to what it is for A = B = 0: tr(K_Q E K_X Eᵀ) / tr(K_Q K_X) with E = AᵀB − I."""
    error = projection.query.T @ projection.data - np.eye(data.dimension)
    whole = float(np.sum(queries.shape * data.shape))
    return float(np.sum((queries.shape @ error) * (error @ data.shape))) / whole if whole > 0 else 0.0


def pca(data: Moments, queries: Moments, dimensions: int) -> Projection:
    """LeanVec-ID: the principal directions of the data for both sides, without removal of the mean.

    Queries are not looked at.  (A mean taken from the data alone would add the same to every product of a query.)
    """
    _check(data, queries, dimensions)
    top = _leading(data.shape, dimensions)
    return Projection(top, top, "pca")


def eigenvector_search(data: Moments, queries: Moments, dimensions: int, tolerance: float = 0.05) -> Projection:
    """One matrix for both sides: the leading eigenvectors of (1−β) K_Q + β K_X, with the β of least loss.

    β is found by golden section to within `tolerance`; β = 1, which is PCA, is always among those tried.
    """
    _check(data, queries, dimensions)
    tried: dict[float, tuple[float, Projection]] = {}

    def cost(beta: float) -> float:
        if beta not in tried:
            top = _leading((1 - beta) * queries.shape + beta * data.shape, dimensions)
            found = Projection(top, top, "eigenvectors")
            tried[beta] = loss(found, data, queries), found
        return tried[beta][0]

    low, high = 0.0, 1.0
    cost(high)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    while high - low > tolerance:
        if cost(left) <= cost(right):
            high, right = right, left
            left = high - _GOLDEN * (high - low)
        else:
            low, left = left, right
            right = low + _GOLDEN * (high - low)
    return min(tried.values(), key=lambda one: one[0])[1]


def frank_wolfe(
    data: Moments, queries: Moments, dimensions: int, *, steps: int = STEPS, tolerance: float = TOLERANCE
) -> Projection:
    """LeanVec-OOD: descent over A and B in turn, each in the ball of spectral norm 1, from PCA.

    The rows of the result are nearly, not exactly, orthonormal.  Slow: two decompositions of a d×D matrix a step.
    """
    _check(data, queries, dimensions)
    k_x, k_q = data.shape, queries.shape
    a = b = _leading(k_x, dimensions)
    last = np.inf
    for step in range(steps):
        pace = 1 / (step + 1) ** 0.999
        a = (1 - pace) * a + pace * _corner(b @ k_x @ b.T @ a @ k_q - b @ k_x @ k_q)
        b = (1 - pace) * b + pace * _corner(a @ k_q @ a.T @ b @ k_x - a @ k_q @ k_x)
        now = loss(Projection(a, b, ""), data, queries)
        if step > 1 and abs(now - last) < tolerance * last:
            break
        last = now
    return Projection(a, b, "frank_wolfe")


def closed_form(data: Moments, queries: Moments, dimensions: int, shrinkage: float = SHRINKAGE) -> Projection:
    """The least loss of all pairs of maps, with a data map whose rows are orthonormal.

    With W = K_Q^½ and P the leading eigenvectors of W K_X W the optimum is AᵀB = W⁻¹PᵀPW (Eckart and Young).  The data
    map PW itself bends distances among the data so far that no graph on them leads anywhere; with R = (BBᵀ)^−½ the maps
    RB and R⁻¹A have the same product, and RB is an orthogonal projection.  K_Q is first mixed with K_X by `shrinkage`,
    for few queries leave it singular; without queries the result is PCA.
    """
    if not 0 <= shrinkage <= 1:
        raise ValueError(f"shrinkage={shrinkage}: wanted 0 to 1")
    raw = sphering(data, queries, dimensions, shrinkage)
    values, vectors = np.linalg.eigh(raw.data @ raw.data.T)
    roots = np.sqrt(values)
    return Projection(
        (vectors * roots) @ (vectors.T @ raw.query), (vectors / roots) @ (vectors.T @ raw.data), "closed_form"
    )


def sphering(data: Moments, queries: Moments, dimensions: int, shrinkage: float = SHRINKAGE) -> Projection:
    """The same optimum with the data map PW, as in LeanVec-Sphering; see `closed_form` for why that is not used."""
    _check(data, queries, dimensions)
    root, inverse, top = _sphere(data, queries, shrinkage)
    return Projection(top[:dimensions] @ inverse, top[:dimensions] @ root, "sphering")


@lru_cache(maxsize=1)
def _sphere(data: Moments, queries: Moments, shrinkage: float) -> tuple[Floats, Floats, Floats]:
    """W, W⁻¹ and all eigenvectors of W K_X W as rows, largest first; the same for every number of dimensions."""
    mixed = data.shape if not queries.count else (1 - shrinkage) * queries.shape + shrinkage * data.shape
    ridge = _RIDGE / data.dimension * np.eye(data.dimension)
    values, vectors = np.linalg.eigh(mixed + ridge)
    roots = np.sqrt(np.maximum(values, _RIDGE / data.dimension))
    root, inverse = (vectors * roots) @ vectors.T, (vectors / roots) @ vectors.T
    return root, inverse, _leading(root @ (data.shape + ridge) @ root, data.dimension)


def rotated(projection: Projection, generator: np.random.Generator) -> Projection:
    """The maps with one random rotation of the d dimensions after both: the same products, evener vectors."""
    normal = generator.standard_normal((projection.dimensions, projection.dimensions))
    rotation = np.linalg.qr(normal)[0]
    return replace(projection, query=rotation @ projection.query, data=rotation @ projection.data)


SOLVERS: dict[str, Callable[[Moments, Moments, int], Projection]] = {
    "pca": pca,
    "eigenvectors": eigenvector_search,
    "frank_wolfe": frank_wolfe,
    "closed_form": closed_form,
}
"""The solvers by name."""


def _leading(matrix: Floats, dimensions: int) -> Floats:
    """The eigenvectors of the largest eigenvalues as rows, largest first."""
    return np.ascontiguousarray(np.linalg.eigh(matrix)[1][:, ::-1][:, :dimensions].T)


def _corner(gradient: Floats) -> Floats:
    """The matrix of spectral norm 1 that goes furthest against a gradient."""
    left, _, right = np.linalg.svd(-gradient, full_matrices=False)
    return np.asarray(left @ right)


def _check(data: Moments, queries: Moments, dimensions: int) -> None:
    if queries.dimension != data.dimension:
        raise ValueError(f"queries have {queries.dimension} dimensions: the data have {data.dimension}")
    if not 1 <= dimensions <= data.dimension:
        raise ValueError(f"dimensions={dimensions}: wanted 1 to {data.dimension}")
