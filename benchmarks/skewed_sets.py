"""Synthetic vectors whose queries come from another distribution, as proof states do beside statements.

Two sets of unit vectors: A has clear clusters and most of its variance in few directions; B is flatter, with many weak
clusters, nearer to embeddings of text.  A query is a vector of the set, plus noise along other directions, plus a shift
that is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """Number of clusters, their share of the variance, and the directions over which it falls by e (of 768)."""

    clusters: int
    clustered: float
    fall: float
    zipf: bool


SETS = {"A": Recipe(500, 0.6, 200, True), "B": Recipe(2000, 0.33, 320, False)}
NOISE, NOISE_FALL, SHIFT = 0.9, 40.0, 0.3
"""Length of a query's noise, how its variance falls, and length of the shift, beside a vector of length 1."""


@dataclass(frozen=True)
class Problem:
    """n×D data, training queries and queries, all float32 of length 1."""

    data: Vectors
    training: Vectors
    queries: Vectors


def problem(name: str, rows: int, dimension: int, training: int, queries: int, seed: int) -> Problem:
    """The set of this name in any size."""
    recipe, random = SETS[name], np.random.default_rng([seed, ord(name)])
    scale = dimension / 768
    basis, other = (np.linalg.qr(random.standard_normal((dimension, dimension)))[0] for _ in range(2))
    spread = np.exp(-np.arange(dimension) / (2 * recipe.fall * scale))
    weights = 1 / (1 + np.arange(recipe.clusters)) if recipe.zipf else np.ones(recipe.clusters)
    member = random.choice(recipe.clusters, rows, p=weights / weights.sum())
    centres = random.standard_normal((recipe.clusters, dimension), dtype=np.float32) * spread.astype(np.float32)
    data = np.empty((rows, dimension), np.float32)
    for start in range(0, rows, 16384):
        part = member[start : start + 16384]
        own = random.standard_normal((len(part), dimension), dtype=np.float32) * spread.astype(np.float32)
        mixed = np.sqrt(recipe.clustered) * centres[part] + np.sqrt(1 - recipe.clustered) * own
        data[start : start + 16384] = unit(mixed @ basis.astype(np.float32))
    noise_spread = np.exp(-np.arange(dimension) / (2 * NOISE_FALL * scale))
    near = data[random.integers(0, rows, training + queries)]
    noise = unit(random.standard_normal(near.shape) * noise_spread @ other)
    asked = unit(near + NOISE * noise + SHIFT * other[-1])
    return Problem(data, asked[:training], asked[training:])


def unit(rows: NDArray[np.floating]) -> Vectors:
    """The rows at length 1."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def directions(rows: Vectors, share: float) -> int:
    """How many principal directions hold a share of the variance."""
    values = np.linalg.eigvalsh(np.cov(rows, rowvar=False))[::-1]
    return int(np.searchsorted(np.cumsum(values) / values.sum(), share)) + 1


def overlap(data: Vectors, queries: Vectors, dimensions: int) -> float:
    """How much of the leading directions of the queries lies in those of the data: 0 to 1."""
    bases = [np.linalg.eigh(rows.T @ rows)[1][:, -dimensions:] for rows in (data, queries)]
    return float(np.sum((bases[0].T @ bases[1]) ** 2)) / dimensions
