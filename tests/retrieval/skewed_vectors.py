"""Unit vectors in clusters, and queries of another distribution: a vector, noise along other directions, a shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def skewed(rows: int, queries: int, dimension: int, seed: int = 0) -> tuple[Vectors, Vectors]:
    """`rows`×`dimension` data and `queries`×`dimension` queries."""
    generator = np.random.default_rng(seed)
    data_basis = np.linalg.qr(generator.standard_normal((dimension, dimension)))[0]
    query_basis = np.linalg.qr(generator.standard_normal((dimension, dimension)))[0]
    falling = (1.0 + np.arange(dimension)) ** -0.4
    steep = (1.0 + np.arange(dimension)) ** -1.0
    centres = generator.standard_normal((40, dimension)) * falling
    data = centres[generator.integers(0, 40, rows)] + generator.standard_normal((rows, dimension)) * falling
    data = unit(data @ data_basis)
    noise = generator.standard_normal((queries, dimension)) * steep @ query_basis
    near = data[generator.integers(0, rows, queries)]
    shift = query_basis[0] * 0.5
    return data, unit(near + 1.5 * unit(noise) + shift)


def unit(rows: NDArray[np.floating]) -> Vectors:
    """The rows at length 1."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
