"""The library on both databases: what is added comes back, adding twice changes nothing, history outlives commits."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_library import DAY, FILES, NEW, OLD, file, proved, step, theorem

from proofloom.corpus.entries import difficulty
from proofloom.corpus.exchange.restoring import traced_files
from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep
from proofloom.corpus.storage.database import LibraryError
from proofloom.proofs import Outcome

TWO_GOALS = "x : nat\n⊢ x = x\n\n⊢ True"
LISTS = file(
    "Coq.Lists.L",
    [
        theorem("Coq.Lists.L.a", "x = x", [step(TWO_GOALS, "trivial", "⊢ True", ["Coq.Init.I.I"]), step("⊢ True")]),
        theorem("Coq.Lists.L.b", "True", [step("⊢ True", "exact a", premises=["Coq.Lists.L.a", "I"])], start=100),
        theorem("Coq.Lists.L.c", "1 = 2", start=200, admitted=True),
    ],
    imports=["Coq.Init.I"],
)
INIT = file("Coq.Init.I", [theorem("Coq.Init.I.I", start=10)])


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=st.lists(FILES, max_size=3, unique_by=lambda file: file.logical_name), number=st.integers())
def test_what_is_added_comes_back(library: Library, files: list[TracedFile], number: int) -> None:
    repository = replace(OLD, commit=str(number))
    library.delete_repository(repository)
    for each in files:
        library.add_file(repository, each)
    assert list(traced_files(library, repository)) == files


def test_a_file_added_twice_changes_nothing(library: Library) -> None:
    number = library.add_file(OLD, LISTS)
    before = library.counts()
    steps = list(library.steps())
    assert library.add_file(OLD, LISTS) == number
    assert library.counts() == before
    assert list(library.steps()) == steps


def test_counts_and_texts_are_shared(library: Library) -> None:
    library.add_file(OLD, LISTS)
    assert library.counts() == {
        "files": 1, "theorems": 3, "admitted": 1, "proofs": 2, "steps": 3, "states": 3, "premises": 3,
    }  # fmt: skip
    library.add_file(NEW, LISTS)
    assert library.counts()["states"] == 3
    assert library.counts()["steps"] == 6
    assert library.counts(OLD)["steps"] == 3
    assert library.counts(replace(OLD, commit="none"))["theorems"] == 0


def test_two_commits_live_side_by_side(library: Library) -> None:
    library.add_file(OLD, LISTS)
    moved = replace(LISTS, digest="0" * 64, theorems=tuple(replace(t, start=t.start + 7) for t in LISTS.theorems))
    library.add_file(NEW, moved)
    assert [entry.repository.commit for entry in library.repositories()] == ["a1", "b2"]
    assert [t.start for t in library.theorems(OLD)] == [0, 100, 200]
    assert [t.start for t in library.theorems(NEW)] == [7, 107, 207]
    assert [t.identity_id for t in library.theorems(OLD)] == [t.identity_id for t in library.theorems(NEW)]


def test_a_theorem_that_moves_keeps_its_history(library: Library) -> None:
    library.add_file(OLD, LISTS)
    hole = library.theorems(OLD, full_name="Coq.Lists.L.c")[0]
    assert hole.proved_by == ()
    library.record_proof(hole.id, proved("c"), by="knn", on=DAY, steps=[step("⊢ 1 = 2")])
    assert library.theorems(OLD, full_name="Coq.Lists.L.c")[0].proved_by == ("knn",)
    moved = replace(LISTS, digest="0" * 64, theorems=tuple(replace(t, start=t.start + 7) for t in LISTS.theorems))
    library.add_file(NEW, moved)
    later = library.theorems(NEW, full_name="Coq.Lists.L.c")[0]
    assert later.proved_by == ()
    assert [(p.by, p.theorem_id, p.found_on) for p in library.proofs(later.id)] == [("knn", hole.id, DAY)]
    other = replace(LISTS.theorems[2], statement="Lemma c : 1 = 3.")
    library.add_file(replace(NEW, commit="c3"), replace(moved, theorems=(other,)))
    assert library.proofs(library.theorems(replace(NEW, commit="c3"))[0].id) == []


def test_the_same_text_in_other_white_space_is_the_same_theorem(library: Library) -> None:
    library.add_file(OLD, file("L", [theorem("L.a", "x  =\n x")]))
    library.add_file(NEW, file("L", [theorem("L.a", "x = x")]))
    library.add_file(replace(OLD, assistant="lean"), file("L", [theorem("L.a", "x = x")]))
    first, second, third = (t.identity_id for t in library.theorems())
    assert first == second != third


def test_another_text_at_the_same_commit_needs_a_word(library: Library) -> None:
    library.add_file(OLD, LISTS)
    changed = replace(LISTS, digest="f" * 64, theorems=LISTS.theorems[:1])
    with pytest.raises(LibraryError, match=r"Coq.Lists.L at commit 'a1' is there with other bytes"):
        library.add_file(OLD, changed)
    assert len(library.theorems()) == 3
    hole = library.theorems(full_name="Coq.Lists.L.c")[0]
    kept = library.theorems(full_name="Coq.Lists.L.a")[0]
    library.record_proof(hole.id, proved("c"), by="knn", on=DAY)
    library.record_proof(kept.id, proved("a"), by="knn", on=DAY, steps=[step("⊢ x = x")])
    library.add_file(OLD, changed, replace=True)
    (after,) = library.theorems()
    assert after.full_name == "Coq.Lists.L.a"
    assert after.proved_by == ("source",)
    assert {(p.by, p.theorem_id) for p in library.proofs(after.id)} == {("source", after.id), ("knn", None)}
    assert [s.by for s in library.steps()] == ["source", "source"]


def test_only_accepted_proofs_are_recorded(library: Library) -> None:
    library.add_file(OLD, LISTS)
    hole = library.theorems(full_name="Coq.Lists.L.c")[0]
    with pytest.raises(LibraryError, match="rejected, not proved"):
        library.record_proof(hole.id, proved("c", outcome=Outcome.REJECTED), by="knn", on=DAY)
    with pytest.raises(LibraryError, match="no theorem number 999"):
        library.record_proof(999, proved("c"), by="knn", on=DAY)
    first = library.record_proof(hole.id, proved("c"), by="knn", on=DAY, steps=[step("⊢ 1 = 2")])
    assert library.record_proof(hole.id, proved("c"), by="knn", on=date(2027, 1, 1)) == first
    assert library.record_proof(hole.id, proved("c", "lia."), by="knn", on=DAY) != first
    assert len(library.proofs(hole.id)) == 2
    found = library.proofs(hole.id)[0].found
    assert found is not None
    assert found["verdict"]["accepted"] is True
    assert [s.tactic for s in library.steps(by="knn")] == ["auto"]


def test_deletion_is_of_one_repository_and_leaves_nothing_behind(library: Library) -> None:
    library.add_file(OLD, LISTS)
    alone = library.counts()
    only_new = file("Coq.New", [theorem("Coq.New.n", "N", [step("⊢ N", "exact (new)", premises=["only.new"])])])
    library.add_file(NEW, LISTS)
    library.add_file(NEW, only_new)
    library.record_proof(library.theorems(NEW)[2].id, proved("c"), by="knn", on=DAY, steps=[step("⊢ 1 = 2")])
    assert library.delete_repository(NEW)
    assert not library.delete_repository(NEW)
    assert library.counts() == alone
    assert list(traced_files(library, OLD)) == [LISTS]
    assert library.delete_repository(OLD)
    assert set(library.counts().values()) == {0}


def test_steps_can_be_asked_for_by_theorem_and_prover(library: Library) -> None:
    library.add_file(OLD, LISTS)
    number = library.theorems(full_name="Coq.Lists.L.b")[0].id
    (only,) = library.steps(theorem=number)
    assert (only.tactic, only.premises, only.by, only.position) == ("exact a", ("Coq.Lists.L.a", "I"), "source", 0)
    assert list(library.steps(by="nobody")) == []
    assert len(list(library.steps(OLD))) == 3
    assert list(library.steps(NEW)) == []


def test_steps_can_be_left_half_read_and_written_between(library: Library) -> None:
    library.add_file(OLD, LISTS)
    reading = library.steps()
    next(reading)
    library.add_file(OLD, INIT)
    assert len(list(reading)) == 2
    half = library.steps()
    next(half)
    half.close()
    library.add_file(NEW, INIT)


def test_more_steps_than_one_chunk(library: Library) -> None:
    steps = [step(f"⊢ {i % 1500} = 0", f"t {i}", f"⊢ {(i + 1) % 1500} = 0", [f"p{i % 7}"]) for i in range(9001)]
    library.add_file(OLD, file("Big", [theorem("Big.b", "b", steps)]))
    read = list(library.steps())
    assert [(s.state_before, s.tactic, s.state_after, s.premises) for s in read] == [
        (s.state_before, s.tactic, s.state_after, s.premises) for s in steps
    ]
    assert library.counts()["states"] == 1500


def test_text_that_no_database_holds_is_spelled_out(library: Library) -> None:
    odd = TracedStep("a\x00b\n\n\ud800c", "\udcff", "no goals", ("n\x00",))
    library.add_file(OLD, file("Odd", [theorem("Odd.o", "o", [odd])]))
    (read,) = library.steps()
    assert (read.state_before, read.tactic, read.premises) == ("a\\x00b\n\n\\ud800c", "\\udcff", ("n\\x00",))


def test_accessible_is_what_stands_before_and_what_is_imported(library: Library) -> None:
    library.add_file(OLD, LISTS)
    library.add_file(OLD, INIT)
    library.add_file(OLD, file("Coq.Other", [theorem("Coq.Other.o")]))
    names = {p.id: p.full_name for p in library.premises()}
    by_name = {t.full_name: t.id for t in library.theorems()}

    def accessible(name: str) -> list[str]:
        return sorted(names[int(number)] for number in library.accessible(by_name[name]))

    assert accessible("Coq.Lists.L.a") == ["Coq.Init.I.I"]
    assert accessible("Coq.Lists.L.c") == ["Coq.Init.I.I", "Coq.Lists.L.a", "Coq.Lists.L.b"]
    assert accessible("Coq.Init.I.I") == []


def test_difficulty_is_the_exponential_of_the_steps() -> None:
    assert difficulty(1, False) == math.e
    assert difficulty(0, False) is None
    assert difficulty(5, True) is None
    assert difficulty(708, False) < difficulty(5000, False) == sys.float_info.max  # type: ignore[operator]


def test_difficulty_is_stored(library: Library) -> None:
    library.add_file(OLD, LISTS)
    assert [t.difficulty for t in library.theorems()] == [math.exp(2), math.e, None]


def test_a_library_is_not_made_unless_asked(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="there is no library; make one with"):
        Library.open(tmp_path / "none.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []


def test_folders_are_made_for_a_new_library(tmp_path: Path) -> None:
    Library.open(tmp_path / "a" / "b" / "library.sqlite").close()
    with Library.open(tmp_path / "a" / "b" / "library.sqlite", create=False) as library:
        assert library.counts()["files"] == 0


def test_a_library_keeps_what_it_was_given(place: str) -> None:
    with Library.open(place) as library:
        library.add_file(OLD, LISTS)
    with Library.open(place, create=False) as library:
        assert list(traced_files(library, OLD)) == [LISTS]
        assert library.repositories()[0].repository == OLD


def test_premises_and_files_are_given_back_with_their_places(library: Library) -> None:
    odd = Premise("Coq.Lists.L.a", "Lemma a.", "Lemma", 5, '{"end": [1, 2]}')
    number = library.add_file(OLD, replace(INIT, premises=(odd,), extra="{}"))
    (entry,) = library.premises(file=number)
    assert (entry.full_name, entry.start, entry.extra, entry.file_id) == (odd.full_name, 5, odd.extra, number)
    assert library.premises(NEW) == []
    (stored,) = library.files(OLD)
    assert (stored.logical_name, stored.path, stored.digest, stored.extra) == (
        "Coq.Init.I", "Init/I.v", INIT.digest, "{}",
    )  # fmt: skip


def test_repositories_differ_by_version_and_not_by_date(library: Library) -> None:
    library.add_file(OLD, INIT)
    library.add_file(replace(OLD, traced_on=date(2030, 1, 1)), LISTS)
    library.add_file(Repository(OLD.url, OLD.commit, "rocq", "8.17", DAY), INIT)
    assert [len(library.files(entry.repository)) for entry in library.repositories()] == [2, 1]
