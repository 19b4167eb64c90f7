"""The language of a library is that of what was traced into it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from proofloom.app.languages import LEAN, ROCQ, AnyLanguage, kit_for, language_traced
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository, TracedFile


@pytest.mark.parametrize(
    ("assistants", "wanted"), [((), ROCQ), (("rocq",), ROCQ), (("lean",), LEAN), (("lean", "rocq"), ROCQ)]
)
def test_a_library_speaks_as_all_of_it_does(tmp_path: Path, assistants: tuple[str, ...], wanted: AnyLanguage) -> None:
    with Library.open(tmp_path / "library.sqlite") as library:
        for name in assistants:
            repository = Repository(f"https://example.org/{name}", "c0ffee", name, "1", date(2026, 11, 1))
            library.add_file(repository, TracedFile(f"L.{name}", f"{name}.x", "0" * 64, (), (), ()))
        assert language_traced(library) is wanted
        with kit_for(library, str(tmp_path / "library.sqlite"), "") as kit:
            assert kit.dialect == wanted.dialect
            # Only where names of constants begin with that of their file is it taken off, and only of known files.
            shortened = wanted is ROCQ and "rocq" in assistants
            assert kit.situations.path_of("L.rocq.t") == ("t" if shortened else "L.rocq.t")


def test_what_a_model_writes_is_read_in_the_words_of_its_assistant() -> None:
    lines = "intro x\n-- go on\nsimp [x]"
    assert LEAN.dialect.tactic(f" {lines} ") == lines
    assert ROCQ.dialect.tactic("intros x (* go on *).") == "intros x"
    for dialect in (LEAN.dialect, ROCQ.dialect):
        assert dialect.tactic("(") is None
    assert LEAN.dialect.tactic("sorry") is None
    assert ROCQ.dialect.tactic("admit") is None
