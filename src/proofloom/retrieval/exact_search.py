"""Vectors that are all compared with a query: exact, without anything to tune, and fast enough for a library.

One product of the queries with all vectors, in blocks that stay in memory; what may not be found is left out before
the best are chosen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.storage.array_file import Arrays
from proofloom.retrieval.projection_choice import largest

Vectors = NDArray[np.float32]
Mask = NDArray[np.bool_]
Found = tuple[NDArray[np.int64], Vectors]

_SCORES = 1 << 24
"""Scores that are held at once."""
_FEW = 0.1
"""Below this share of allowed vectors only those are read."""


class ExactVectors:
    """n float32 vectors of D numbers, perhaps mapped from a file."""

    kind = "exact"

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, queries: Vectors, k: int, allowed: Mask | None) -> Found:
        """Places and inner products (m×k) of the best `allowed` vectors, best first; −1 and −inf where none is left."""
        if allowed is not None and allowed.mean() < _FEW:
            return _of(np.flatnonzero(allowed), queries, self._vectors[allowed], k)
        return _of(None if allowed is None else np.flatnonzero(allowed), queries, self._vectors, k)

    def added(self, vectors: Vectors) -> ExactVectors:
        """With more vectors behind the others."""
        return ExactVectors(np.concatenate([self._vectors, vectors]))

    def kept(self, places: NDArray[np.int64]) -> ExactVectors:
        """Only the vectors at `places`, in that order."""
        return ExactVectors(self._vectors[places])

    def decoded(self) -> Vectors:
        """All vectors."""
        return self._vectors

    def arrays(self) -> Arrays:
        """What is written to a file."""
        return {"vectors": self._vectors}

    def settings(self) -> dict[str, Any]:
        """Nothing: there is nothing to tune."""
        return {}

    @property
    def bytes_per_vector(self) -> float:
        """4 D."""
        return 4.0 * int(self._vectors.shape[1])


def _of(places: NDArray[np.int64] | None, queries: Vectors, vectors: Vectors, k: int) -> Found:
    """The best `k`; `places` are those of `vectors` if these are fewer, else the columns that may be found."""
    found = np.full((len(queries), k), -1, np.int64)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    step = max(1, _SCORES // max(1, len(vectors)))
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        products = queries[rows] @ vectors.T
        if places is not None and len(places) < len(vectors):
            products = products[:, places]
        best = largest(products, k)
        found[rows, : best.shape[1]] = best if places is None else places[best]
        scores[rows, : best.shape[1]] = np.take_along_axis(products, best, axis=1)
    return found, scores
