"""The import closure against a plain search, on random graphs; names across repositories; cycles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofloom.corpus.accessibility import Accessibility, ImportCycle, Places
from proofloom.corpus.entries import FileEntry

NOTHING = Places.of([])


def entry(number: int, imports: list[str], repository: int = 1, name: str | None = None) -> FileEntry:
    return FileEntry(number, repository, name or f"f{number}", f"f{number}.v", "", tuple(imports))


def access(files: list[FileEntry], premises: Places = NOTHING, theorems: Places = NOTHING) -> Accessibility:
    repositories = sorted({file.repository_id for file in files})
    return Accessibility(files, {r: -r for r in repositories}, dict.fromkeys(repositories, "rocq"), premises, theorems)


@st.composite
def graphs(draw: st.DrawFn) -> list[FileEntry]:
    """Files that import files drawn before them, with numbers in any order."""
    count = draw(st.integers(1, 12))
    numbers = draw(st.permutations(range(1, count + 1)))
    files = []
    for position, number in enumerate(numbers):
        imports = draw(st.lists(st.sampled_from(["gone", *(f"f{n}" for n in numbers[:position])]), max_size=4))
        files.append(entry(number, imports))
    return draw(st.permutations(files))


def reached(files: list[FileEntry], number: int) -> set[int]:
    by_name = {file.logical_name: file for file in files}
    seen: set[int] = set()
    pending = [file for file in files if file.id == number]
    while pending:
        for name in pending.pop().imports:
            if name in by_name and by_name[name].id not in seen:
                seen.add(by_name[name].id)
                pending.append(by_name[name])
    return seen


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.data())
def test_the_closure_is_what_a_search_reaches(files: list[FileEntry], data: st.DataObject) -> None:
    places = st.lists(st.tuples(st.integers(1, len(files)), st.integers(0, 5)), max_size=20)
    premises = [(i, file, start) for i, (file, start) in enumerate(data.draw(places), start=1)]
    theorems = [(i, file, start) for i, (file, start) in enumerate(data.draw(places), start=1)]
    access_to = access(files, Places.of(premises), Places.of(theorems))
    for file in files:
        closure = reached(files, file.id)
        assert access_to.files(file.id).tolist() == sorted(closure)
        assert access_to.imported([file.logical_name]).tolist() == sorted(closure | {file.id})
    for theorem, file_number, start in theorems:
        closure = reached(files, file_number)
        for rows, seen in ((premises, access_to.premises(theorem)), (theorems, access_to.theorems(theorem))):
            wanted = [i for i, at, begins in rows if at in closure or (at == file_number and begins < start)]
            assert seen.tolist() == sorted(wanted)
    order = access_to.in_order()
    assert sorted(order) == sorted(file.id for file in files)
    for file in files:
        assert all(order.index(other) < order.index(file.id) for other in reached(files, file.id))


def test_a_name_is_looked_for_at_home_first() -> None:
    files = [
        entry(1, [], 1, "Base"),
        entry(2, [], 2, "Base"),
        entry(3, ["Base"], 1, "UseOld"),
        entry(4, ["Base"], 2, "UseNew"),
        entry(5, ["Base"], 3, "Stranger"),
    ]
    access_to = access(files)
    assert access_to.files(3).tolist() == [1]
    assert access_to.files(4).tolist() == [2]
    assert access_to.files(5).tolist() == [2]
    assert access_to.imported(["Base"], repository=1).tolist() == [1]
    assert access_to.imported(["Base", "UseOld"]).tolist() == [1, 2, 3]
    assert access_to.imported(["nothing"]).tolist() == []


def test_another_assistant_is_another_world() -> None:
    files = [entry(1, [], 1, "Base"), entry(2, ["Base"], 2, "Use")]
    access_to = Accessibility(files, {1: 0, 2: 1}, {1: "lean", 2: "rocq"}, NOTHING, NOTHING)
    assert access_to.files(2).tolist() == []


@pytest.mark.parametrize(
    ("imports", "cycle"),
    [({1: [1]}, "f1 -> f1"), ({1: [2], 2: [3], 3: [2]}, "f2 -> f3 -> f2"), ({1: [2], 2: [1]}, "f1 -> f2 -> f1")],
)
def test_a_cycle_is_named(imports: dict[int, list[int]], cycle: str) -> None:
    files = [entry(n, [f"f{m}" for m in imports.get(n, [])]) for n in range(1, 5)]
    with pytest.raises(ImportCycle, match=f"files import each other: {cycle}$"):
        access(files)


def test_a_long_chain_needs_no_recursion() -> None:
    files = [entry(n, [f"f{n - 1}"]) for n in range(5000, 0, -1)]
    assert len(access(files).files(5000)) == 4999


def test_many_files_more_than_eight_bits() -> None:
    files = [entry(n * 7, [], name=f"f{n}") for n in range(1, 20)] + [entry(500, [f"f{n}" for n in range(1, 20)])]
    assert access(files).files(500).tolist() == [n * 7 for n in range(1, 20)]
    assert access(files).premises_of(np.array([500])).tolist() == []
