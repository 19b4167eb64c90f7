"""Indexes to compare: each builds itself, searches at an effort, and says how many bytes a vector takes.

All compute inner products on one thread.  Packages that are not installed are left out.  `svs` ends the process if its
LVQ or LeanVec is used on a processor of another vendor than Intel, so it is only asked for what it offers on all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from proofloom.retrieval.premise_index import PremiseIndex
from proofloom.retrieval.reduced_graph import WINDOWS, ReducedGraph
from skewed_sets import Problem, Vectors

Ids = NDArray[np.int64]
Search = Callable[[Vectors, int, int], Ids]
EFFORTS = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640)


@dataclass(frozen=True)
class Built:
    """A search by queries, k and effort; the efforts to try, cheapest first; bytes of a vector in memory."""

    search: Search
    efforts: tuple[int, ...]
    bytes_each: float
    note: str = ""


def ours(problem: Problem) -> Built:
    """The premise index as a graph, with the dimensions that it chooses itself."""
    rows = len(problem.data)
    index = PremiseIndex.build(range(rows), problem.data, problem.training, recall=0.95, exact_below=0)
    graph = index._vectors  # its windows are swept here, as every other system's
    assert isinstance(graph, ReducedGraph)
    chosen = index.settings
    note = f"{chosen['method']} d={chosen['dimensions']} windows {chosen['windows']} reached {chosen['recall']}"
    return Built(lambda q, k, effort: graph.search(q, k, None, effort)[0], WINDOWS, index.bytes_per_vector, note)


def faiss_graph(problem: Problem, kind: str) -> Built:
    """HNSW with 16 links, built with a window of 200."""
    index = faiss.index_factory(problem.data.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 200
    index.train(problem.data)
    index.add(problem.data)

    def search(queries: Vectors, k: int, effort: int) -> Ids:
        return np.asarray(index.search(queries, k, params=faiss.SearchParametersHNSW(efSearch=max(k, effort)))[1])

    return Built(search, EFFORTS, _serialized(index, len(problem.data)))


def faiss_lists(problem: Problem, kind: str) -> Built:
    """Inverted lists of short codes, and a refinement by the whole vectors; lists and refined grow together."""
    index = faiss.index_factory(problem.data.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(problem.data)
    index.add(problem.data)

    def search(queries: Vectors, k: int, effort: int) -> Ids:
        lists = faiss.SearchParametersIVF(nprobe=effort)
        settings = faiss.IndexRefineSearchParameters(k_factor=5 if effort < 64 else 10, base_index_params=lists)
        return np.asarray(index.search(queries, k, params=settings)[1])

    return Built(search, (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256), _serialized(index, len(problem.data)))


def exact(problem: Problem) -> Built:
    """Every vector, for many queries at once."""
    index = PremiseIndex.build(range(len(problem.data)), problem.data, exact_below=len(problem.data))
    return Built(lambda queries, k, effort: index.search(queries, k)[0], (1,), index.bytes_per_vector)


def hnswlib_graph(problem: Problem) -> Built:
    """The library that HNSW came with."""
    import hnswlib

    index: Any = hnswlib.Index(space="ip", dim=problem.data.shape[1])
    index.init_index(max_elements=len(problem.data), M=16, ef_construction=200, random_seed=0)
    index.set_num_threads(1)
    index.add_items(problem.data, num_threads=1)

    def search(queries: Vectors, k: int, effort: int) -> Ids:
        index.set_ef(max(k, effort))
        return np.asarray(index.knn_query(queries, k=k, num_threads=1)[0], np.int64)

    return Built(search, EFFORTS, 4 * problem.data.shape[1] + 4 * 2 * 16)


def usearch_graph(problem: Problem) -> Built:
    """usearch in bfloat16."""
    from usearch.index import Index

    index: Any = Index(
        ndim=problem.data.shape[1], metric="ip", dtype="bf16", connectivity=16, expansion_add=200, expansion_search=64
    )
    index.add(np.arange(len(problem.data)), problem.data, threads=1)

    def search(queries: Vectors, k: int, effort: int) -> Ids:
        index.expansion_search = max(k, effort)
        return np.asarray(index.search(queries, k, threads=1).keys, np.int64).reshape(len(queries), -1)

    return Built(search, EFFORTS, 2 * problem.data.shape[1] + 4 * 2 * 16)


def svs_graph(problem: Problem) -> Built:
    """Vamana of scalable-vs on float16 vectors."""
    import svs

    settings = svs.VamanaBuildParameters(alpha=0.95, graph_max_degree=64, prune_to=60, window_size=200)
    index: Any = svs.Vamana.build(settings, problem.data.astype(np.float16), svs.DistanceType.MIP, num_threads=1)

    def search(queries: Vectors, k: int, effort: int) -> Ids:
        index.search_window_size = max(k, effort)
        return np.asarray(index.search(queries, k)[0], np.int64)

    return Built(search, EFFORTS, 2 * problem.data.shape[1] + 4 * 64)


def systems() -> dict[str, Callable[[Problem], Built]]:
    """What can be compared here, by name."""
    found: dict[str, Callable[[Problem], Built]] = {
        "ours": ours,
        "exact": exact,
        "faiss_hnsw16": lambda problem: faiss_graph(problem, "HNSW16,Flat"),
        "faiss_hnsw16_sq8": lambda problem: faiss_graph(problem, "HNSW16,SQ8"),
        "faiss_ivf_pq_fastscan": lambda problem: faiss_lists(
            problem, f"IVF{_lists(len(problem.data))},PQ{problem.data.shape[1] // 4}x4fs,RFlat"
        ),
    }
    optional: dict[str, Callable[[Problem], Built]] = {
        "hnswlib": hnswlib_graph,
        "usearch": usearch_graph,
        "svs": svs_graph,
    }
    return found | {name: build for name, build in optional.items() if find_spec(name) is not None}


def _lists(rows: int) -> int:
    return 256 if rows >= 20_000 else 64


def _serialized(index: Any, rows: int) -> float:
    return float(faiss.serialize_index(index).nbytes) / rows
