"""Which maps to use: those that find most true neighbours of queries that were not learned from.

A smaller loss does not mean a better search, so each solver's maps are tried on held-out queries, exhaustively over the
data: the share of the true nearest among the candidates of the reduced space.  What is not better than PCA there is
not used.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofloom.retrieval.projection import SOLVERS, Moments, Projection, Rows, blocks, pca, rotated

METHODS = ("eigenvectors", "closed_form")
"""What is tried against PCA; Frank–Wolfe takes a hundred times as long and never had the smaller loss."""
HELD_OUT, MOST_HELD_OUT = 0.2, 300
"""The share of the queries that is kept for the trial, and their number at most."""
FEWEST_QUERIES = 30
"""With fewer queries nothing can be held out: PCA is used, and vectors of the data are the queries of the trial."""
TRAINING_ROWS = 100_000
"""Vectors that the moments are taken of, at most, evenly from all."""
TRIAL_ROWS = 25_000
"""Vectors that candidate recall is measured on, at most."""
NEAREST, CANDIDATES = 10, 50
"""Candidate recall is the share of the true nearest among so many candidates."""


@dataclass(frozen=True)
class Choice:
    """The maps that were chosen and the candidate recall of each method that was tried."""

    projection: Projection
    recall: dict[str, float]

    @property
    def expected(self) -> float:
        """The candidate recall of the chosen maps."""
        return self.recall[self.projection.method]


@dataclass(frozen=True)
class Trial:
    """Moments of data and training queries, with held-out queries and their true neighbours in a sample of the data."""

    data: Moments
    queries: Moments
    sample: NDArray[np.float32]
    held_out: NDArray[np.float32]
    nearest: NDArray[np.int64]

    @classmethod
    def of(cls, data: Rows, queries: Rows, generator: np.random.Generator) -> Trial:
        """Read `data` (n×D, perhaps mapped) once and split `queries` (m×D) at random."""
        dimension = data.shape[1]
        order = generator.permutation(len(queries)) if len(queries) >= FEWEST_QUERIES else np.empty(0, np.int64)
        held = min(MOST_HELD_OUT, int(HELD_OUT * len(order)))
        held_out = queries[order[:held]] if held else evenly(data, MOST_HELD_OUT)
        held_out, sample = np.asarray(held_out, np.float32), np.asarray(evenly(data, TRIAL_ROWS), np.float32)
        of_data = Moments.of(blocks(evenly(data, TRAINING_ROWS)), dimension)
        of_queries = Moments.of(blocks(queries[order[held:]]), dimension)
        return cls(of_data, of_queries, sample, held_out, best(held_out, sample, NEAREST))

    def recall(self, projection: Projection, candidates: int = CANDIDATES) -> float:
        """The candidate recall of some maps on the held-out queries."""
        found = best(projection.of_queries(self.held_out), projection.of_data(self.sample), candidates)
        return shared(self.nearest, found)

    def choose(
        self, dimensions: int, generator: np.random.Generator, methods: Sequence[str] = METHODS, margin: float = 0.0
    ) -> Choice:
        """The best maps to `dimensions`, rotated; PCA unless another is better by more than `margin`."""
        chosen = pca(self.data, self.queries, dimensions)
        tried = {chosen.method: self.recall(chosen)}
        least = tried[chosen.method] + margin
        for method in methods if self.queries.count else ():
            projection = SOLVERS[method](self.data, self.queries, dimensions)
            tried[method] = self.recall(projection)
            if tried[method] > least:
                chosen, least = projection, tried[method]
        return Choice(rotated(chosen, generator), tried)

    def fewest(self, steps: Sequence[int], wanted: float) -> int:
        """The first of `steps`, in ascending order, whose maps have the candidate recall that is wanted; else the last.

        Tried is the solver that is most often the best, `closed_form`, which without queries is PCA; it is taken for
        granted that more dimensions find more.
        """

        def enough(step: int) -> bool:
            return self.recall(SOLVERS["closed_form"](self.data, self.queries, step)) >= wanted

        return steps[min(bisect_left(steps, True, key=enough), len(steps) - 1)]


def best(queries: Rows, rows: Rows, k: int) -> NDArray[np.int64]:
    """The places of the `k` rows (all, if they are fewer) of largest inner product with each query, best first: m×k."""
    k = min(k, len(rows))
    found = np.empty((len(queries), k), np.int64)
    for start in range(0, len(queries), 256):
        scores = queries[start : start + 256] @ rows.T
        found[start : start + 256] = largest(scores, k)
    return found


def largest(scores: Rows, k: int) -> NDArray[np.int64]:
    """The columns of the `k` largest scores of each row, largest first, the earlier of equal ones first."""
    k = min(k, scores.shape[1])
    if k < scores.shape[1]:
        some = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1) if k else np.empty((len(scores), 0), int)
    else:
        some = np.broadcast_to(np.arange(k), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(some, order, axis=1), np.int64)


def shared(wanted: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """The mean share of each row of `wanted` that is in the same row of `found`; 1 if nothing is wanted."""
    if not wanted.size:
        return 1.0
    hits = (wanted[:, :, None] == found[:, None, :]).any(axis=2) if found.shape[1] else np.zeros_like(wanted, bool)
    return float(hits.mean())


def evenly(rows: Rows, most: int) -> Rows:
    """At most `most` of the rows, evenly from all."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
