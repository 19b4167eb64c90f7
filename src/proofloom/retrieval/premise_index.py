"""Vectors with numbers of their own, of which the nearest to a query are found: in memory, or mapped from one file.

A small index compares a query with all vectors; one that has grown beyond `exact_below` walks a graph over projections
that were learned from real queries (`reduced_graph`).  What may be found is part of the question, so that of a hundred
allowed premises the best ten are found even if thousands of others are nearer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.storage.array_file import ArrayFileError, open_arrays, write_arrays
from proofloom.retrieval.exact_search import ExactVectors, Mask, Vectors
from proofloom.retrieval.projection_choice import evenly
from proofloom.retrieval.reduced_graph import ReducedGraph

Ids = NDArray[np.int64]

EXACT_BELOW = 200_000
"""Up to so many vectors all are compared; docs/retrieval.md has the figures behind the number."""
RECALL = 0.95
KEPT_QUERIES = 2000
"""Training queries that an index keeps, to learn from when it grows beyond `exact_below`."""
REBUILD_SHARE = 0.25
"""When more than this share of the vectors is deleted, the others are moved together."""
INSTALL = "pip install 'proofloom[vector]'"
KIND, VERSION = "proofloom-premise-index", 1


class PremiseIndexError(ValueError):
    """An index cannot answer, change or be read; the text says what was seen and what is wanted."""


class PremiseIndex:
    """Made by `build` or `load`.  `note` is kept with the index and says what it was made from."""

    def __init__(
        self,
        ids: Ids,
        vectors: ExactVectors | ReducedGraph,
        queries: Vectors,
        alive: Mask,
        *,
        recall: float,
        exact_below: int,
        note: str,
    ) -> None:
        self._ids = ids
        self._vectors = vectors
        self._queries = queries
        self._alive = alive
        self._recall = recall
        self._exact_below = exact_below
        self.note = note

    @classmethod
    def build(
        cls,
        ids: Sequence[int] | Ids,
        vectors: Vectors,
        queries: Vectors | None = None,
        *,
        recall: float = RECALL,
        exact_below: int = EXACT_BELOW,
        note: str = "",
        generator: np.random.Generator | None = None,
    ) -> PremiseIndex:
        """An index of n×D `vectors`, one for each of the n different `ids`, compared by inner product.

        `queries` (m×D) are examples of what will be asked; a graph is made for `recall`.  Raises `PremiseIndexError`.
        """
        checked = _checked("vectors", vectors, None)
        asked = _checked("queries", checked[:0] if queries is None else queries, checked.shape[1])
        if not 0 < recall <= 1:
            raise PremiseIndexError(f"recall={recall}: wanted more than 0, at most 1")
        numbers = _numbers(ids, len(checked))
        kept = np.array(evenly(asked, KEPT_QUERIES))
        made = cls(
            numbers,
            ExactVectors(checked),
            kept,
            np.ones(len(checked), bool),
            recall=recall,
            exact_below=exact_below,
            note=note,
        )
        made._grow(asked, generator)
        return made

    def __len__(self) -> int:
        return int(np.count_nonzero(self._alive))

    @property
    def ids(self) -> Ids:
        """The numbers that are in the index, in the order in which they came."""
        return self._ids[self._alive]

    @property
    def dimension(self) -> int:
        """D."""
        return int(self._queries.shape[1])

    @property
    def kind(self) -> str:
        """`exact` or `graph`."""
        return self._vectors.kind

    @property
    def settings(self) -> dict[str, Any]:
        """What was chosen for a graph: method, dimensions, windows, and the recall that they reached."""
        return self._vectors.settings()

    @property
    def bytes_per_vector(self) -> float:
        """Bytes in memory of one vector with its links."""
        return self._vectors.bytes_per_vector

    def search(
        self, queries: Vectors, k: int, among: Sequence[int] | Ids | None = None
    ) -> tuple[Ids, NDArray[np.float32]]:
        """The numbers and inner products (m×k) of the `k` nearest to each of m×D `queries`, nearest first.

        With `among` only these numbers are looked at; where they are fewer than `k`, the row ends with −1 and −inf.
        Raises `PremiseIndexError` for queries of another width or not finite, an empty index, and a `k` that is not
        between 1 and the size of the index.
        """
        asked = _checked("queries", queries, self.dimension)
        if not len(self):
            raise PremiseIndexError("the index is empty: there is nothing to find")
        if not 1 <= k <= len(self):
            raise PremiseIndexError(f"k={k}: wanted 1 to {len(self)}, the size of the index")
        allowed = None if among is None else np.isin(self._ids, np.asarray(among, np.int64))
        if len(self) < len(self._alive):
            allowed = self._alive if allowed is None else allowed & self._alive
        places, scores = self._vectors.search(asked, k, allowed)
        if np.isnan(scores).any():
            raise PremiseIndexError("the index holds numbers that are not finite; make it again")
        return np.where(places < 0, -1, self._ids[places]), scores

    def add(self, ids: Sequence[int] | Ids, vectors: Vectors, *, generator: np.random.Generator | None = None) -> None:
        """Add n×D vectors under numbers that are not there yet, all or (`PremiseIndexError`) none."""
        checked = _checked("vectors", vectors, self.dimension)
        numbers = _numbers(ids, len(checked))
        present = numbers[np.isin(numbers, self.ids)]
        if len(present):
            raise PremiseIndexError(f"number {present[0]} is in the index already; delete it first")
        self._vectors = self._vectors.added(checked)
        self._ids = np.concatenate([self._ids, numbers])
        self._alive = np.concatenate([self._alive, np.ones(len(numbers), bool)])
        self._grow(self._queries, generator)

    def delete(self, ids: Sequence[int] | Ids) -> None:
        """Delete these numbers; raises `PremiseIndexError` if one is not there, and then nothing is deleted."""
        numbers = np.asarray(ids, np.int64)
        absent = numbers[~np.isin(numbers, self.ids)]
        if len(absent):
            raise PremiseIndexError(f"number {absent[0]} is not in the index")
        self._alive = self._alive & ~np.isin(self._ids, numbers)
        if 0 < len(self) < (1 - REBUILD_SHARE) * len(self._alive):
            places = np.flatnonzero(self._alive)
            self._vectors = self._vectors.kept(places)
            self._ids, self._alive = self._ids[places], np.ones(len(places), bool)

    def save(self, file: Path) -> None:
        """Write the index into one file.

        Raises `AssistantError` if the disk is full or the folder cannot be written; then an old file is as it was.
        """
        about = {
            "kind": KIND,
            "version": VERSION,
            "engine": self.kind,
            "recall": self._recall,
            "exact_below": self._exact_below,
            "note": self.note,
            "settings": self.settings,
        }
        arrays = {"ids": self._ids, "alive": self._alive, "queries": self._queries, **self._vectors.arrays()}
        write_arrays(file, arrays, json.dumps(about))

    @classmethod
    def load(cls, file: Path) -> PremiseIndex:
        """The index in `file`, which is mapped, not read; raises `PremiseIndexError` if it cannot be used."""
        try:
            stamp, arrays = open_arrays(file)
        except ArrayFileError as error:
            raise PremiseIndexError(str(error)) from error
        try:
            about = json.loads(stamp)
            kind, version = about["kind"], about["version"]
        except (ValueError, KeyError, TypeError) as error:
            raise PremiseIndexError(f"{file}: is no index of premises") from error
        if (kind, version) != (KIND, VERSION):
            raise PremiseIndexError(f"{file}: is a {kind} of version {version}, wanted {KIND} of version {VERSION}")
        try:
            exact = about["engine"] == ExactVectors.kind
            made = cls(
                arrays["ids"],
                ExactVectors(arrays["vectors"]) if exact else ReducedGraph.of(arrays, about["settings"]),
                arrays["queries"],
                arrays["alive"],
                recall=about["recall"],
                exact_below=about["exact_below"],
                note=about["note"],
            )
            fits = made._fits()
        except ModuleNotFoundError as error:
            raise PremiseIndexError(f"{file}: holds a graph, which needs faiss; {INSTALL}") from error
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
            raise PremiseIndexError(f"{file}: is damaged ({type(error).__name__}); make it again") from error
        if not fits:
            raise PremiseIndexError(f"{file}: is damaged (its parts are of different sizes); make it again")
        return made

    def _fits(self) -> bool:
        """Whether numbers, vectors and queries are of the same sizes."""
        return self._ids.shape == self._alive.shape == (len(self._vectors),) and (
            self.kind != ExactVectors.kind or self._vectors.decoded().shape == (len(self._ids), self.dimension)
        )

    def _grow(self, queries: Vectors, generator: np.random.Generator | None) -> None:
        """Turn an index that compares all vectors into a graph, if it has become too large."""
        if isinstance(self._vectors, ExactVectors) and len(self) > self._exact_below:
            places = np.flatnonzero(self._alive)
            vectors = self._vectors.decoded()[places]
            random = generator or np.random.default_rng(0)
            try:
                self._vectors = ReducedGraph.build(vectors, queries, self._recall, random)
            except ModuleNotFoundError as error:
                raise PremiseIndexError(
                    f"{len(self)} vectors, above {self._exact_below}, need faiss; {INSTALL}"
                ) from error
            self._ids, self._alive = self._ids[places], np.ones(len(places), bool)


def _checked(what: str, vectors: Vectors, dimension: int | None) -> Vectors:
    """Rows of finite float32 numbers; raises `PremiseIndexError`."""
    rows = np.asarray(vectors)
    if rows.ndim != 2 or (dimension is not None and rows.shape[1] != dimension) or not rows.shape[1]:
        wanted = "n rows of D numbers" if dimension is None else f"rows of {dimension} numbers"
        raise PremiseIndexError(f"{what} have the shape {rows.shape}: wanted {wanted}")
    rows = np.ascontiguousarray(rows, np.float32)
    good = np.isfinite(rows).all(axis=1)
    if not good.all():
        raise PremiseIndexError(f"{what}: row {int(np.argmin(good))} has a number that is not finite")
    return rows


def _numbers(ids: Sequence[int] | Ids, wanted: int) -> Ids:
    """As many different numbers from 0 as are wanted; raises `PremiseIndexError`."""
    numbers = np.asarray(ids, np.int64)
    if numbers.shape != (wanted,):
        raise PremiseIndexError(f"{numbers.size} numbers for {wanted} vectors: wanted one for each")
    if len(numbers) and (numbers.min() < 0 or len(np.unique(numbers)) < wanted):
        raise PremiseIndexError("numbers of vectors are negative or not different")
    return numbers
