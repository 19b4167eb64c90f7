"""Problems from sources: a proved theorem opened again, a hole, and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.app.languages import LEAN, ROCQ
from proofloom.assistants.rocq.project import FileSettings, settings_for
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.session import AssistantError
from proofloom.corpus.rocq.targets import find_target, library_root
from proofloom.evaluation.proofs.problems import Places, Problem, hole_posed, hole_problems, proof_near, restated

TEXT = """Lemma a : True.
Proof. exact I. Qed.
Section S.
Lemma twice : 1 = 1.
Proof. reflexivity. Qed.
End S.
Module M. Lemma twice : 2 = 2. Proof. reflexivity. Qed. End M.
Lemma b : False.
Proof.
Admitted.
Lemma c : True. Proof. split. admit. admit. Admitted.
"""
SETTINGS = FileSettings("F")


def test_a_proved_theorem_is_opened_again_and_filled() -> None:
    source = Source(TEXT.encode())
    posed = restated(source, proof_near(source, "a", 0), SETTINGS)
    assert (posed.path, posed.theorem.statement, posed.theorem.before) == ("a", "Lemma a : True.", "")
    assert posed.reference == TEXT.encode().replace(b"Proof. exact I. Qed.", b"Proof.\nAdmitted.")
    assert b"easy." in posed.candidate("easy.")
    assert b"exact I" not in posed.candidate("easy.")


@given(st.integers(0, len(TEXT)))
def test_of_two_of_a_name_the_nearest_counts(start: int) -> None:
    source = Source(TEXT.encode())
    first, second = (one for one in source.proofs if one.name == "twice")
    nearest = first if abs(first.start - start) <= abs(second.start - start) else second
    assert proof_near(source, "twice", start) == nearest


def test_a_theorem_that_is_not_there_is_named() -> None:
    with pytest.raises(AssistantError, match="no proved theorem nowhere"):
        proof_near(Source(TEXT.encode()), "nowhere", 0)


def test_a_hole_is_judged_against_the_file_as_it_was() -> None:
    original = Source(TEXT.encode())
    source = original.requiring("From Coq Require Import Lia.")
    posed = hole_posed(original, source, source.holes[0], SETTINGS)
    assert posed.reference == TEXT.encode()
    assert "Require Import Lia" in posed.theorem.before
    assert b"Require Import Lia.\nLemma b" in posed.candidate("lia.")
    with pytest.raises(AssistantError, match="c: 3 gaps, wanted one"):
        hole_posed(original, source, source.holes[1], SETTINGS)


def test_holes_of_files_are_named_by_the_file_where_one_is_enough(tmp_path: Path) -> None:
    (tmp_path / "many.v").write_text(TEXT)
    (tmp_path / "one.v").write_text("Lemma only : True.\nAdmitted.\n")
    (tmp_path / "none.v").write_text("Lemma done : True. Proof. exact I. Qed.\n")
    found = hole_problems([tmp_path, tmp_path / "one.v"], "Require.")
    assert [problem.name for problem in found] == ["many:b", "many:c", "one"]
    assert {(problem.hole, problem.require) for problem in found} == {(True, "Require.")}
    with pytest.raises(AssistantError, match="no hole to fill there"):
        hole_problems([tmp_path / "none.v"])
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.v").write_text("Lemma only : True.\nAdmitted.\n")
    with pytest.raises(AssistantError, match="one: two files are called so"):
        hole_problems([tmp_path])


def test_holes_of_lean_are_problems_too_but_not_beside_those_of_rocq(tmp_path: Path) -> None:
    readers = {".v": ROCQ.read, ".lean": LEAN.read}
    (tmp_path / "one.lean").write_text("theorem only : 1 = 1 := by\n  sorry\n")
    (tmp_path / ".lake").mkdir()
    (tmp_path / ".lake" / "other.lean").write_text("theorem other : 1 = 1 := by\n  sorry\n")
    (found,) = hole_problems([tmp_path], readers=readers)
    assert (found.name, found.theorem, found.hole) == ("one", "only", True)
    posed = Places(LEAN.read, lambda file: "settings")(found)
    assert (posed.path, posed.settings) == ("only", "settings")
    assert posed.candidate("rfl") == b"theorem only : 1 = 1 := by\n  rfl\n"
    with pytest.raises(AssistantError, match="can only be required in files of Rocq"):
        Places(LEAN.read, lambda file: "")(replace(found, require="Require Import Lia."))
    (tmp_path / "one.v").write_text("Lemma only : True.\nAdmitted.\n")
    with pytest.raises(AssistantError, match="wanted files that all end in"):
        hole_problems([tmp_path], readers=readers)


@pytest.fixture
def toolchain() -> RocqToolchain:
    return find_toolchain()


@pytest.mark.rocq
def test_places_open_files_under_their_own_names(tmp_path: Path, toolchain: RocqToolchain) -> None:
    file = tmp_path / "F.v"
    file.write_text(TEXT)
    places = Places(Source.read, lambda file: settings_for(file, toolchain))
    right = hashlib.sha256(TEXT.encode()).hexdigest()
    posed = places(Problem("a", file, "a", 0, right))
    assert (posed.settings.logical_name, posed.theorem.file) == ("F", file)
    assert places(Problem("b", file, "b", 0, hole=True, require="Require Import Lia.")).reference == TEXT.encode()
    with pytest.raises(AssistantError, match="is not the file that was traced"):
        places(Problem("a", file, "a", 0, "0" * 64))
    with pytest.raises(AssistantError, match="a is not a hole of it"):
        places(Problem("a", file, "a", 0, hole=True))


@pytest.mark.rocq
def test_the_root_of_a_library_is_where_its_paths_begin(tmp_path: Path, toolchain: RocqToolchain) -> None:
    (tmp_path / "F.v").write_text(TEXT)
    for name in ("stdlib", str(tmp_path)):
        target = find_target(name, toolchain, date(2026, 11, 29))
        some = target.files[0]
        assert (library_root(target.repository.url, toolchain) / some.path).resolve() == some.file.resolve()
