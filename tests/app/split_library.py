"""A small library with a split, for the tests of training."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.records import Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.splits.splits import SplitSettings, divide


def traced(count: int) -> TracedFile:
    theorems = []
    for number in range(count):
        names = "abcdefgh"[number % 8]
        before = f"A : Type\n{names} : A\n⊢ {names}{number} = {names}{number}"
        steps = (TracedStep(before, "reflexivity", "no goals"), TracedStep(f"⊢ P {number}", "auto", "no goals"))
        statement = f"Lemma t{number} : p{number}."
        theorems.append(TracedTheorem(f"L.f.t{number}", statement, "Lemma", number, 1, "Qed.", False, 2, steps))
    return TracedFile("L.f", "f.v", "0" * 64, (), tuple(theorems), ())


@pytest.fixture(scope="module")
def library_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 40 theorems with a split."""
    repository = Repository("https://example.org/lib", "c0ffee", "rocq", "8.16.1", date(2026, 11, 1))
    settings = SplitSettings(val=6, test=4)
    place = tmp_path_factory.mktemp("library") / "library.sqlite"
    with Library.open(place) as library:
        library.add_file(repository, traced(40))
        library.add_split("random", divide(library.members(), settings), settings, date(2026, 11, 2))
    return place


@pytest.fixture
def here(library_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the library at the default place."""
    (tmp_path / DEFAULT_PLACE).parent.mkdir()
    shutil.copy(library_file, tmp_path / DEFAULT_PLACE)
    monkeypatch.chdir(tmp_path)
    return tmp_path
