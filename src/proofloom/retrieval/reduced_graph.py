"""A graph over vectors of few dimensions, and the vectors themselves in 8 bits to rank what it finds (LeanVec).

The graph (HNSW of faiss, its vectors in 8 bits) is walked with the query in the reduced space; everything that is in
its window at the end is ranked anew by the full vectors.  How many dimensions and how wide a window are needed for a
wanted recall is measured when it is built, on queries that were not learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.storage.array_file import Arrays
from proofloom.retrieval.exact_search import Found, Mask, Vectors
from proofloom.retrieval.lvq import Codec, LvqVectors
from proofloom.retrieval.projection import Projection, blocks
from proofloom.retrieval.projection_choice import Trial, best, evenly, largest, shared

LINKS, BUILD_WINDOW = 32, 120
"""Links of a node in the upper layers (twice as many in the lowest), and the window in which they are looked for."""
PORTIONS = (1 / 8, 1 / 6, 1 / 4, 1 / 3, 5 / 12, 1 / 2, 2 / 3)
"""Dimensions that are tried, as portions of D, the fewest first."""
RESERVE = 0.02
"""Candidate recall must be so far above the wanted recall: a graph finds less than an exhaustive search."""
WINDOWS = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 1000)
"""Windows that are tried, the smallest first."""
DEPTHS = (10, 100)
"""Numbers of results for which a window is measured; between and beyond them it is interpolated."""
MEASURED = 10_000
"""Neighbours that a window is measured on, at most: a hundred queries for a hundred results."""
FEW = 10_000
"""So few allowed vectors are compared one by one, without the graph."""
_SECONDARY = Codec(8)
_RANKED = 1 << 18
"""Numbers that are decoded at once when candidates are ranked anew: they stay in the processor's cache."""


@dataclass(frozen=True)
class Windows:
    """The window for each of `DEPTHS` and the recall that it reached."""

    sizes: tuple[int, ...]
    recall: tuple[float, ...]

    def at(self, k: int) -> int:
        """The window for `k` results."""
        slope = (self.sizes[1] - self.sizes[0]) / (DEPTHS[1] - DEPTHS[0])
        return max(k, self.sizes[0], round(self.sizes[0] + slope * (k - DEPTHS[0])))


class ReducedGraph:
    """Graph, maps and encoded vectors.  `mapped` holds the bytes that `graph` reads, if it reads them from a file."""

    kind = "graph"

    def __init__(
        self,
        projection: Projection,
        secondary: LvqVectors,
        graph: Any,
        windows: Windows,
        mapped: NDArray[np.uint8] | None = None,
    ) -> None:
        self.projection = projection
        self.secondary = secondary
        self.windows = windows
        self._graph = graph
        self._mapped = mapped
        self._query_map = projection.query.T.astype(np.float32)

    @classmethod
    def build(
        cls,
        vectors: Vectors,
        queries: Vectors,
        recall: float,
        generator: np.random.Generator,
        dimensions: int | None = None,
    ) -> ReducedGraph:
        """Over n×D `vectors`, for queries like these (m×D, perhaps none) and a wanted recall@10 and @100.

        `dimensions` is chosen if it is not given.  Raises `ModuleNotFoundError` without faiss.
        """
        trial = Trial.of(vectors, queries, generator)
        width = dimensions or trial.fewest(_steps(vectors.shape[1]), recall + RESERVE)
        projection = trial.choose(width, generator).projection
        secondary = _SECONDARY.encode(vectors, vectors.mean(axis=0, dtype=np.float64).astype(np.float32))
        made = cls(projection, secondary, _grown(projection, vectors), Windows(DEPTHS, (0.0, 0.0)))
        made.windows = made._measured(trial.held_out, vectors, recall)
        return made

    def __len__(self) -> int:
        return len(self.secondary)

    def search(self, queries: Vectors, k: int, allowed: Mask | None, window: int | None = None) -> Found:
        """Places and inner products (m×k) of the best `allowed` vectors, best first; −1 and −inf where there is none.

        `window` is as measured if it is not given; it is wider where few are allowed, and of very few all are ranked.
        """
        if allowed is None:
            return self._ranked(queries, self._walked(queries, window or self.windows.at(k), None), k)
        places = np.flatnonzero(allowed)
        if len(places) <= max(FEW, k):
            return self._among(queries, places, k)
        wide = min(len(self), round((window or self.windows.at(k)) * len(self) / len(places)))
        return self._ranked(queries, self._walked(queries, wide, np.packbits(allowed, bitorder="little")), k)

    def added(self, vectors: Vectors) -> ReducedGraph:
        """With more vectors behind the others; maps and windows are kept, and the graph is changed in place."""
        faiss = _faiss()
        old, new = self.secondary, self.secondary.codec.encode(vectors, self.secondary.mean)
        if self._mapped is not None:
            self._graph = faiss.deserialize_index(np.array(self._mapped))
        for block in blocks(vectors):
            self._graph.add(self.projection.of_data(block))
        both = (
            np.concatenate([getattr(old, name), getattr(new, name)]) for name in ("first", "second", "scale", "low")
        )
        return ReducedGraph(self.projection, LvqVectors(old.codec, old.mean, *both), self._graph, self.windows)

    def kept(self, places: NDArray[np.int64]) -> ReducedGraph:
        """Only the vectors at `places`, in that order, with a new graph."""
        old = self.secondary
        some = LvqVectors(
            old.codec, old.mean, old.first[places], old.second[places], old.scale[places], old.low[places]
        )
        return ReducedGraph(self.projection, some, _grown(self.projection, some.decoded()), self.windows)

    def decoded(self) -> Vectors:
        """All vectors, as far as 8 bits tell them."""
        return self.secondary.decoded()

    def arrays(self) -> Arrays:
        """What is written to a file."""
        faiss = _faiss()
        return {
            "graph": faiss.serialize_index(self._graph) if self._mapped is None else self._mapped,
            "query_map": self.projection.query,
            "data_map": self.projection.data,
            **{name: getattr(self.secondary, name) for name in ("mean", "first", "second", "scale", "low")},
        }

    def settings(self) -> dict[str, Any]:
        """What is written to a file beside the arrays."""
        return {
            "method": self.projection.method,
            "dimensions": self.projection.dimensions,
            "windows": self.windows.sizes,
            "recall": self.windows.recall,
        }

    @classmethod
    def of(cls, arrays: Arrays, settings: dict[str, Any]) -> ReducedGraph:
        """From what was written; nothing is copied."""
        faiss = _faiss()
        mapped = arrays["graph"]
        graph = faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(mapped), mapped.nbytes))
        projection = Projection(arrays["query_map"], arrays["data_map"], settings["method"])
        parts = (arrays[name] for name in ("mean", "first", "second", "scale", "low"))
        windows = Windows(tuple(settings["windows"]), tuple(settings["recall"]))
        return cls(projection, LvqVectors(_SECONDARY, *parts), graph, windows, mapped)

    @property
    def bytes_per_vector(self) -> float:
        """Bytes of codes and links in memory, the maps left out."""
        faiss = _faiss()
        graph = faiss.serialize_index(self._graph) if self._mapped is None else self._mapped
        return self.secondary.codec.bytes_per_vector(self.secondary.dimension) + graph.nbytes / max(1, len(self))

    def _walked(self, queries: Vectors, window: int, bits: NDArray[np.uint8] | None) -> NDArray[np.int64]:
        """The places in the window at the end of a walk: m×`window`, −1 where there are fewer."""
        faiss = _faiss()
        settings = faiss.SearchParametersHNSW(efSearch=window)
        if bits is not None:
            settings.sel = faiss.IDSelectorBitmap(len(self), faiss.swig_ptr(bits))
        found = self._graph.search(queries @ self._query_map, min(window, len(self)), params=settings)[1]
        return np.asarray(found, np.int64)

    def _ranked(self, queries: Vectors, candidates: NDArray[np.int64], k: int) -> Found:
        """The best `k` of the candidates (m×c) by their full vectors."""
        found = np.full((len(queries), k), -1, np.int64)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        step = max(1, _RANKED // max(1, candidates.shape[1] * self.secondary.dimension))
        for start in range(0, len(queries), step):
            rows = slice(start, start + step)
            products = self.secondary.products(queries[rows], candidates[rows])
            best_first = largest(products, k)
            found[rows, : best_first.shape[1]] = np.take_along_axis(candidates[rows], best_first, axis=1)
            scores[rows, : best_first.shape[1]] = np.take_along_axis(products, best_first, axis=1)
        return found, scores

    def _among(self, queries: Vectors, places: NDArray[np.int64], k: int) -> Found:
        """The best `k` of all the vectors at `places`."""
        found = np.full((len(queries), k), -1, np.int64)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        products = queries @ self.secondary.decoded(places).T
        best_first = largest(products, k)
        found[:, : best_first.shape[1]] = places[best_first]
        scores[:, : best_first.shape[1]] = np.take_along_axis(products, best_first, axis=1)
        return found, scores

    def _measured(self, queries: Vectors, vectors: Vectors, recall: float) -> Windows:
        """For each depth the smallest window that reaches the recall, or the largest, with what it reaches."""
        sizes, reached = list[int](), list[float]()
        for depth in DEPTHS:
            asked = queries[: max(1, MEASURED // depth)]
            true = best(asked, vectors, min(depth, len(vectors)))
            share = 0.0
            for window in (size for size in WINDOWS if size >= depth):
                share = shared(true, self.search(asked, depth, None, window)[0])
                if share >= recall:
                    break
            sizes.append(window)
            reached.append(round(share, 4))
        return Windows(tuple(sizes), tuple(reached))


def _grown(projection: Projection, vectors: Vectors) -> Any:
    """The graph over all vectors, reduced; faiss counts them in the order in which they come."""
    faiss = _faiss()
    graph = faiss.IndexHNSWSQ(projection.dimensions, faiss.ScalarQuantizer.QT_8bit, LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = BUILD_WINDOW
    graph.train(projection.of_data(evenly(vectors, 20_000)))
    for block in blocks(vectors):
        graph.add(projection.of_data(block))
    return graph


def _steps(dimension: int) -> Sequence[int]:
    """The dimensions that are tried, multiples of 8 where there are enough, and at last all."""
    widths = (max(1, int(dimension * portion)) for portion in PORTIONS)
    return [*dict.fromkeys(width if width < 16 else width // 8 * 8 for width in widths), dimension]


def _faiss() -> Any:
    """faiss, whose types are not complete."""
    import faiss

    return faiss
