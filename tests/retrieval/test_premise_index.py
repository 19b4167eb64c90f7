"""The index: what both engines find, what may be found, files that come back mapped, one error for each bad input."""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skewed_vectors import skewed

from proofloom.assistants.session import AssistantError
from proofloom.corpus.storage.array_file import open_arrays, write_arrays
from proofloom.retrieval import reduced_graph
from proofloom.retrieval.premise_index import VERSION, PremiseIndex, PremiseIndexError
from proofloom.retrieval.projection_choice import best, shared

ROWS, WIDTH = 4000, 64
ENGINES = ["exact", "graph"]


@pytest.fixture(scope="module")
def vectors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Data, training queries and queries."""
    pytest.importorskip("faiss")
    data, queries = skewed(ROWS, 1000, WIDTH)
    return data, queries[:800], queries[800:]


Three = tuple[np.ndarray, np.ndarray, np.ndarray]


def made(vectors: Three, engine: str, recall: float = 0.9) -> PremiseIndex:
    """An index whose numbers are not the places: 10, 13, 16, ..."""
    ids = 10 + 3 * np.arange(ROWS)
    return PremiseIndex.build(
        ids, vectors[0], vectors[1], recall=recall, exact_below=ROWS if engine == "exact" else 100, note="n"
    )


@pytest.fixture(scope="module")
def indexes(vectors: Three) -> dict[str, PremiseIndex]:
    return {engine: made(vectors, engine) for engine in ENGINES}


@pytest.fixture(scope="module")
def files(indexes: dict[str, PremiseIndex], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same in files, for tests that change an index."""
    folder = tmp_path_factory.mktemp("indexes")
    for engine in ENGINES:
        indexes[engine].save(folder / engine)
    return {engine: folder / engine for engine in ENGINES}


def test_which_engine(indexes: dict[str, PremiseIndex]) -> None:
    assert [indexes[engine].kind for engine in ENGINES] == ENGINES
    assert indexes["exact"].bytes_per_vector == 4 * WIDTH
    assert indexes["exact"].settings == {}
    assert indexes["graph"].settings["dimensions"] < WIDTH


def test_exact_search_is_a_full_sort(vectors: Three, indexes: dict[str, PremiseIndex]) -> None:
    ids, scores = indexes["exact"].search(vectors[2], 10)
    true = best(vectors[2], vectors[0], 10)
    assert np.array_equal(ids, 10 + 3 * true)
    assert np.allclose(scores, np.take_along_axis(vectors[2] @ vectors[0].T, true, axis=1), atol=1e-6)


def test_a_graph_reaches_the_wanted_recall(vectors: Three, indexes: dict[str, PremiseIndex]) -> None:
    """On queries that it has not seen; a higher wish needs a wider window."""
    true = 10 + 3 * best(vectors[2], vectors[0], 100)
    found = {}
    for wanted, index in ((0.8, made(vectors, "graph", 0.8)), (0.9, indexes["graph"])):
        found[wanted] = shared(true[:, :10], index.search(vectors[2], 10)[0])
        assert found[wanted] > wanted - 0.04
        assert shared(true, index.search(vectors[2], 100)[0]) > wanted - 0.04
        assert min(index.settings["recall"]) >= wanted
    assert found[0.8] < found[0.9]


def test_scores_of_a_graph_are_those_of_the_whole_vectors(vectors: Three, indexes: dict[str, PremiseIndex]) -> None:
    """Ranked anew by all dimensions, in the order of the scores that are given."""
    ids, scores = indexes["graph"].search(vectors[2], 10)
    plain = np.take_along_axis(vectors[2] @ vectors[0].T, (ids - 10) // 3, axis=1)
    assert np.abs(plain - scores).max() < 0.01
    assert (np.diff(scores, axis=1) <= 0).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_the_best_of_those_that_may_be_found(
    vectors: Three, indexes: dict[str, PremiseIndex], engine: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter is in the search: as many as are wanted are found, however few are allowed, and no other."""
    monkeypatch.setattr(reduced_graph, "FEW", 500)
    index = indexes[engine]
    allowed = np.flatnonzero(np.random.default_rng(1).random(ROWS) < share)
    ids, _ = index.search(vectors[2], 10, among=10 + 3 * allowed)
    assert set(ids.ravel()) <= set(10 + 3 * allowed)
    true = 10 + 3 * allowed[best(vectors[2], vectors[0][allowed], 10)]
    assert shared(true, ids) > (0.999 if engine == "exact" else 0.85)


@pytest.mark.parametrize("engine", ENGINES)
def test_fewer_allowed_than_wanted(vectors: Three, engine: str, indexes: dict[str, PremiseIndex]) -> None:
    """Numbers that the index does not have may be named too."""
    ids, scores = indexes[engine].search(vectors[2][:3], 5, among=[10, 16, 11, 999_999])
    assert {*ids[:, :2].ravel()} == {10, 16}
    assert (ids[:, 2:] == -1).all() and (scores[:, 2:] == -np.inf).all()
    none, _ = indexes[engine].search(vectors[2][:3], 5, among=[])
    assert (none == -1).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_index_comes_back_mapped(
    vectors: Three, engine: str, indexes: dict[str, PremiseIndex], tmp_path: Path
) -> None:
    file = tmp_path / "index"
    indexes[engine].save(file)
    loaded = PremiseIndex.load(file)
    for k, among in ((10, None), (3, 10 + 3 * np.arange(0, ROWS, 2))):
        first, second = (index.search(vectors[2], k, among) for index in (indexes[engine], loaded))
        assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])
    assert (loaded.kind, loaded.note, len(loaded), loaded.dimension) == (engine, "n", ROWS, WIDTH)
    assert loaded.bytes_per_vector == indexes[engine].bytes_per_vector
    assert not loaded._ids.flags.writeable  # its arrays are those of the mapped file
    loaded.save(file)
    assert np.array_equal(PremiseIndex.load(file).search(vectors[2], 10)[0], indexes[engine].search(vectors[2], 10)[0])


@pytest.mark.parametrize("engine", ENGINES)
def test_add_and_delete(vectors: Three, engine: str, files: dict[str, Path]) -> None:
    """What is added to a mapped index is found; what is deleted is not, and its number is free again."""
    index = PremiseIndex.load(files[engine])
    asked = vectors[2][:20]
    index.add(range(100_000, 100_020), asked * 2)
    assert len(index) == ROWS + 20
    wanted = np.arange(100_000, 100_020)[:, None]
    assert shared(wanted, index.search(asked, 3)[0]) >= (1 if engine == "exact" else 0.9)
    index.delete(range(100_000, 100_010))
    assert len(index) == ROWS + 10
    found = index.search(asked, 3)[0]
    assert not np.isin(found, range(100_000, 100_010)).any()
    index.add([100_005], asked[5:6] * 2)
    assert index.search(asked[5:6], 1)[0][0, 0] == 100_005


@pytest.mark.parametrize("engine", ENGINES)
def test_many_deletions_make_the_index_smaller(
    vectors: Three, engine: str, files: dict[str, Path], tmp_path: Path
) -> None:
    index = PremiseIndex.load(files[engine])
    kept = 10 + 3 * np.arange(0, ROWS, 4)
    index.delete(np.setdiff1d(index.ids, kept))
    assert np.array_equal(index.ids, kept)
    true = kept[best(vectors[2], vectors[0][::4], 10)]
    assert shared(true, index.search(vectors[2], 10)[0]) > (0.999 if engine == "exact" else 0.85)
    index.save(tmp_path / "index")
    assert len(open_arrays(tmp_path / "index")[1]["ids"]) == len(kept)
    index.delete(kept)
    with pytest.raises(PremiseIndexError, match="the index is empty"):
        index.search(vectors[2], 1)
    index.add([7], vectors[0][:1])
    assert index.search(vectors[2], 1)[0].tolist() == [[7]] * len(vectors[2])


def test_an_index_that_grows_becomes_a_graph(vectors: Three) -> None:
    data, learned, asked = vectors
    index = PremiseIndex.build(range(500), data[:500], learned, exact_below=1000, recall=0.9)
    index.delete([3])
    index.add(range(500, 1000), data[500:1000])
    assert index.kind == "exact"
    index.add(range(1000, 3000), data[1000:3000])
    assert index.kind == "graph" and len(index) == 2999
    true = best(asked, np.delete(data[:3000], 3, axis=0), 10)
    assert shared(true + (true >= 3), index.search(asked, 10)[0]) > 0.85
    index.add([9000], asked[:1] * 2)
    assert index.search(asked[:1], 1)[0].tolist() == [[9000]]


def test_without_queries_the_maps_are_those_of_the_data(vectors: Three) -> None:
    index = PremiseIndex.build(range(1500), vectors[0][:1500], exact_below=100)
    assert index.settings["method"] == "pca"
    assert shared(np.arange(50)[:, None], index.search(vectors[0][:50], 3)[0]) > 0.95


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 999))
def test_small_indexes_of_all_sizes(rows: int, k: int, seed: int) -> None:
    data, queries = skewed(rows, 3, 8, seed)
    index = PremiseIndex.build(range(rows), data)
    if k > rows:
        with pytest.raises(PremiseIndexError, match=f"k={k}: wanted 1 to {rows}"):
            index.search(queries, k)
    else:
        assert np.array_equal(index.search(queries, k)[0], best(queries, data, k))


def broken(rows: np.ndarray, value: float) -> np.ndarray:
    changed = rows[:3].copy()
    changed[1, 2] = value
    return changed


def test_bad_queries_are_named(vectors: Three, indexes: dict[str, PremiseIndex]) -> None:
    for index in indexes.values():
        with pytest.raises(PremiseIndexError, match=r"queries have the shape \(5, 63\): wanted rows of 64 numbers"):
            index.search(vectors[2][:5, 1:], 3)
        with pytest.raises(PremiseIndexError, match=r"the shape \(64,\)"):
            index.search(vectors[2][0], 3)
        for value in (np.nan, np.inf):
            with pytest.raises(PremiseIndexError, match="queries: row 1 has a number that is not finite"):
                index.search(broken(vectors[2], value), 3)
        for k in (0, ROWS + 1):
            with pytest.raises(PremiseIndexError, match=f"k={k}: wanted 1 to {ROWS}"):
                index.search(vectors[2], k)
        assert index.search(vectors[2][:0], 3)[0].shape == (0, 3)


@pytest.mark.parametrize("engine", ENGINES)
def test_bad_changes_change_nothing(vectors: Three, engine: str, files: dict[str, Path]) -> None:
    index = PremiseIndex.load(files[engine])
    before = index.search(vectors[2], 5)[0]
    for ids, rows, message in (
        ([1], vectors[2][:1, 1:], "wanted rows of 64 numbers"),
        ([1, 2, 3], broken(vectors[2], np.nan), "row 1 has a number that is not finite"),
        ([1, 2], vectors[2][:3], "2 numbers for 3 vectors"),
        ([1, 1], vectors[2][:2], "not different"),
        ([-1], vectors[2][:1], "negative"),
        ([10], vectors[2][:1], "number 10 is in the index already"),
    ):
        with pytest.raises(PremiseIndexError, match=message):
            index.add(ids, rows)
    with pytest.raises(PremiseIndexError, match="number 11 is not in the index"):
        index.delete([10, 11])
    assert len(index) == ROWS
    assert np.array_equal(index.search(vectors[2], 5)[0], before)


def test_bad_builds_are_named(vectors: Three) -> None:
    with pytest.raises(PremiseIndexError, match="queries have the shape"):
        PremiseIndex.build(range(ROWS), vectors[0], vectors[1][:, 1:])
    with pytest.raises(PremiseIndexError, match="recall=0: wanted"):
        PremiseIndex.build(range(ROWS), vectors[0], recall=0)
    with pytest.raises(PremiseIndexError, match=r"vectors have the shape \(3, 0\)"):
        PremiseIndex.build(range(3), np.empty((3, 0)))
    empty = PremiseIndex.build([], np.empty((0, 4)))
    with pytest.raises(PremiseIndexError, match="the index is empty"):
        empty.search(np.ones((1, 4)), 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_bad_files_are_named(indexes: dict[str, PremiseIndex], engine: str, tmp_path: Path) -> None:
    file = tmp_path / "index"
    indexes[engine].save(file)
    whole = file.read_bytes()
    for length in (0, 10, 300, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(PremiseIndexError, match=r"index: .*cut short"):
            PremiseIndex.load(file)
    file.write_bytes(whole)
    stamp, arrays = open_arrays(file)
    write_arrays(tmp_path / "other", arrays, json.dumps(json.loads(stamp) | {"version": 99}))
    with pytest.raises(PremiseIndexError, match=f"version 99, wanted .* of version {VERSION}"):
        PremiseIndex.load(tmp_path / "other")
    write_arrays(tmp_path / "other", arrays, "a memory of steps")
    with pytest.raises(PremiseIndexError, match="is no index of premises"):
        PremiseIndex.load(tmp_path / "other")
    with pytest.raises(PremiseIndexError, match="cannot be read"):
        PremiseIndex.load(tmp_path / "none")
    damages = [{name: rows for name, rows in arrays.items() if name != "alive"}, {**arrays, "ids": arrays["ids"][:2]}]
    if engine == "exact":
        damages.append({**arrays, "queries": arrays["queries"][:, :9]})
    for damaged in damages:
        write_arrays(tmp_path / "other", damaged, stamp)
        with pytest.raises(PremiseIndexError, match=r"other: is damaged \(.*\); make it again"):
            PremiseIndex.load(tmp_path / "other")
    write_arrays(tmp_path / "other", arrays, json.dumps(json.loads(stamp) | {"engine": "graph", "settings": {}}))
    with pytest.raises(PremiseIndexError, match="is damaged"):
        PremiseIndex.load(tmp_path / "other")


def test_numbers_that_became_not_finite_are_told(indexes: dict[str, PremiseIndex], tmp_path: Path) -> None:
    indexes["exact"].save(tmp_path / "index")
    stamp, arrays = open_arrays(tmp_path / "index")
    write_arrays(tmp_path / "index", {**arrays, "vectors": arrays["vectors"] * np.float32(np.nan)}, stamp)
    with pytest.raises(PremiseIndexError, match="holds numbers that are not finite; make it again"):
        PremiseIndex.load(tmp_path / "index").search(np.ones((1, WIDTH)), 3)


def test_a_full_disk_leaves_the_old_index(vectors: Three, indexes: dict[str, PremiseIndex], tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the write fails in the middle."""
    file = tmp_path / "index"
    small = PremiseIndex.build(range(5), vectors[0][:5])
    small.save(file)
    old = file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(AssistantError, match=r"cannot be written .*it is as it was"):
            indexes["exact"].save(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert file.read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
    assert len(PremiseIndex.load(file)) == 5


def test_without_faiss_a_large_index_says_what_is_missing(
    vectors: Three, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(PremiseIndexError, match=r"need faiss; pip install 'proofloom\[vector\]'"):
        made(vectors, "graph")
    with pytest.raises(PremiseIndexError, match=r"holds a graph, which needs faiss; pip install 'proofloom\[vector\]'"):
        PremiseIndex.load(files["graph"])
    assert len(made(vectors, "exact")) == len(PremiseIndex.load(files["exact"])) == ROWS
