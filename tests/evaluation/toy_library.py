"""A small traced library with a split, whose theorems have steps that toy models can be asked about."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.splits.splits import SplitSettings, divide


def toy_library(place: Path) -> Path:
    """20 theorems of two steps in one file; `toy@1` holds out 6 to validate and 4 to test."""
    theorems = []
    for number in range(20):
        before = f"A : Type\nx{number} : A\n⊢ x{number} = x{number}"
        steps = (TracedStep(before, "reflexivity", "no goals"), TracedStep(f"⊢ P {number}", "exact I", "no goals"))
        statement = f"Lemma t{number} : p{number}."
        theorems.append(TracedTheorem(f"L.f.t{number}", statement, "Lemma", number, 1, "Qed.", False, 2, steps))
    repository = Repository("https://example.org/lib", "c0ffee", "rocq", "8.16.1", date(2026, 11, 1))
    settings = SplitSettings(val=6, test=4)
    with Library.open(place) as library:
        library.add_file(repository, TracedFile("L.f", "f.v", "0" * 64, (), tuple(theorems), ()))
        library.add_split("toy", divide(library.members(), settings), settings, date(2026, 11, 2))
    return place
