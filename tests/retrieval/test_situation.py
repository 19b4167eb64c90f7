"""What counts as usable at a theorem: imports read from the text, and what the text still holds before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted_library import BEFORE, STATEMENT, logical_name, planted, wanted

from proofloom.retrieval.situation import Situations, required


def situations(place: Path) -> tuple[Situations, dict[int, str]]:
    library = planted(place)
    names = {file.id: file.logical_name for file in library.files()}
    return Situations.in_library(library, logical_name), names


def test_imports_are_followed_and_the_prelude_is_there(tmp_path: Path) -> None:
    found, names = situations(tmp_path)
    situation = found.of(wanted())
    assert sorted(names[number] for number in situation.files) == ["Coq.Init.Prelude", "L.Base", "L.Deep"]
    assert situation.file is not None
    assert names[situation.file] == "L.Own"
    assert situation.start == len(BEFORE.encode())


def test_only_the_newest_commit_counts(tmp_path: Path) -> None:
    found, names = situations(tmp_path)
    situation = found.of(wanted())
    assert situation.file is not None
    old_ones = len(names) // 2
    assert min(*situation.files, situation.file) > old_ones


def test_a_file_that_the_library_lacks_has_its_imports(tmp_path: Path) -> None:
    found, names = situations(tmp_path)
    situation = found.of(wanted("Require Import L.User.\n", Path("Mine.v")))
    assert situation.file is None
    assert {names[number] for number in situation.files} >= {"L.User", "L.Own", "L.Base", "L.Deep"}


def test_without_a_file_there_is_the_prelude(tmp_path: Path) -> None:
    found, names = situations(tmp_path)
    assert [names[number] for number in found.of(wanted("", None)).files] == ["Coq.Init.Prelude"]


def test_no_commit_of_the_own_file_is_imported(tmp_path: Path) -> None:
    found, names = situations(tmp_path)
    situation = found.of(wanted("Require Import L.User.\n" + BEFORE))
    assert "L.Own" not in {names[number] for number in situation.files}


@pytest.mark.parametrize(
    ("before", "earlier"),
    [
        (BEFORE, True),
        ("(* a new comment *)\n" + BEFORE, True),
        (BEFORE.replace("early", "other_"), False),
        ("", False),
    ],
)
def test_earlier_is_what_the_text_still_holds(tmp_path: Path, before: str, earlier: bool) -> None:
    found, _ = situations(tmp_path)
    situation = found.of(wanted(before))
    assert situation.earlier("L.Own.early", BEFORE.index("Lemma early")) is earlier


def test_neither_the_theorem_itself_nor_what_follows_is_earlier(tmp_path: Path) -> None:
    found, _ = situations(tmp_path)
    situation = found.of(wanted(f"(* {'x' * 500} *)\n{BEFORE}"))
    assert not situation.earlier("L.Own.wanted", len(BEFORE))
    assert not situation.earlier("L.Own.late", len(BEFORE) + len(STATEMENT) + 1)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Require Import A B.C.", [("", "A"), ("", "B.C")]),
        ("From L Require Export Base (* From X Require Y. *) Deep.", [("L", "Base"), ("L", "Deep")]),
        ("From L.M Require A.", [("L.M", "A")]),
        ("(* Require Import A. *) Lemma a : True.", []),
        ("From L Require Import (notations) A.", [("L", "A")]),
        ("Require Import A(x, y).", [("", "A")]),
        ("Require Import A. Proof (", [("", "A")]),
        ('Definition a := "Require Import A.".', []),
    ],
)
def test_what_a_text_requires(text: str, names: list[tuple[str, str]]) -> None:
    assert list(required(text)) == names


def test_paths_inside_files(tmp_path: Path) -> None:
    found, _ = situations(tmp_path)
    assert found.path_of("L.Base.base") == "base"
    assert found.path_of("L.Base.M.base") == "M.base"
    assert found.path_of("Unknown.x") == "Unknown.x"
