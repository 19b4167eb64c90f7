"""Closings: kept a theorem a line, learned in the training part and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.assistants.session import AssistantError
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.splits.splits import SplitSettings, divide
from proofloom.training.closings import NO_CLOSINGS, Closings, TheoremClosings, add_closings, read_closings
from proofloom.training.library_pairs import library_pairs

FOUND = TheoremClosings("L.f", "L.f.t", 7, "all@1", "Coq 8.16.1", 3, 0.5, (("⊢ 1 = 1\n", "easy"), ("⊢ ∀ x", "auto")))


def test_a_file_gives_back_what_was_added_and_no_line_that_was_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "closings.jsonl"
    other = replace(FOUND, theorem="L.f.u", start=9, closings=())
    add_closings(file, FOUND)
    add_closings(file, other)
    assert read_closings(file) == [FOUND, other]
    whole = file.read_bytes()
    file.write_bytes(whole[:-5])
    assert read_closings(file) == [FOUND]
    add_closings(file, other)
    assert read_closings(file) == [FOUND, other]
    assert file.read_bytes() == whole


@pytest.mark.parametrize("text", ["{}\n", "[1]\n", "{not json\n", '{"file": "L.f", "closings": [["⊢ a"]]}\n'])
def test_another_file_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "closings.jsonl"
    file.write_text(text)
    with pytest.raises(AssistantError, match=r"closings.jsonl:1: no closings of a theorem"):
        read_closings(file)
    with pytest.raises(AssistantError, match=r"missing.jsonl: cannot be read"):
        read_closings(tmp_path / "missing.jsonl")


def test_the_digest_tells_contents_apart_whatever_their_order() -> None:
    other = replace(FOUND, start=9)
    assert Closings([FOUND, other]).digest == Closings([other, FOUND]).digest != Closings([FOUND]).digest
    assert NO_CLOSINGS.digest == Closings([replace(FOUND, closings=())]).digest == ""
    assert len(Closings([FOUND, other])) == 4


def test_closings_are_learned_with_their_theorem_and_in_its_part_only(tmp_path: Path) -> None:
    theorems = []
    for number in range(20):
        steps = (TracedStep(f"⊢ P {number}", "auto", "no goals"),)
        theorems.append(TracedTheorem(f"L.f.t{number}", f"Lemma t{number} : P {number}.", "Lemma", number, 1, "Qed.",
                                      False, 1, steps))  # fmt: skip
    settings = SplitSettings(val=4, test=4)
    everything = Closings(
        [
            replace(FOUND, theorem=f"L.f.t{number}", start=number, closings=((f"⊢ Q {number}", "easy"),))
            for number in range(20)
        ]
        + [replace(FOUND, file="L.g", theorem="L.f.t1", start=1), replace(FOUND, theorem="L.f.other", start=2)]
    )
    with Library.open(tmp_path / "library.sqlite") as library:
        library.add_file(
            Repository("https://example.org/lib", "a1", "rocq", "8.16.1", date(2026, 11, 1)),
            TracedFile("L.f", "f.v", "0" * 64, (), tuple(theorems), ()),
        )
        library.add_split("all", divide(library.members(), settings), settings, date(2026, 11, 2))
        pairs = [(pair.state.text, pair.tactic) for pair in library_pairs(library, "all", "train", closings=everything)]
        members = [one.start for one in library.theorems(split="all", part="train")]
    assert len(members) == 12
    assert pairs == [pair for at in members for pair in ((f"⊢ Q {at}", "easy"), (f"⊢ P {at}", "auto"))]
