"""From steps of a library to rows of the memory, and the file that keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from proofloom.corpus.entries import StepEntry
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.policies.neighbours.library_memory import (
    alternatives,
    library_memory,
    library_stamp,
    seen_steps,
    single_goal_steps,
)
from proofloom.policies.neighbours.step_memory import StepMemory
from proofloom.proofs.state import StateSyntaxError

REPOSITORY = Repository("https://example.org/lib", "a1", "rocq", "8.16.1", date(2026, 11, 1))
STATE = "n : nat\nIHn : n + 0 = n\n⊢ S n + 0 = S n"


def entry(before: str, tactic: str, goals: int = 1, cut: bool = False) -> StepEntry:
    return StepEntry(1, 1, 0, before, tactic, "no goals", (), cut, goals, "source")


def small(place: Path, tactics: int = 3) -> Library:
    library = Library.open(place / "library.sqlite")
    steps = tuple(TracedStep(STATE, f"rewrite IHn, lemma{i}", "no goals", (f"L.A.lemma{i}",)) for i in range(tactics))
    theorem = TracedTheorem("L.A.t", "Lemma t : True.", "Lemma", 5, 1, "Qed.", False, 1, steps)
    library.add_file(REPOSITORY, TracedFile("L.A", "A.v", "0" * 64, (), (theorem,), ()))
    return library


@pytest.mark.parametrize(
    ("tactic", "parts"),
    [
        ("[> a | b ]", ["a", "b"]),
        ("[> a; [x | y] | (b | c) || d | ]", ["a; [x | y]", "(b | c) || d", ""]),
        ("[> a | .. ]", []),
        ("[> a | b ]; c", []),
        ("[> | ]", ["", ""]),
        ("[> a", []),
    ],
)
def test_alternatives(tactic: str, parts: list[str]) -> None:
    assert alternatives(tactic) == parts


def test_each_goal_gets_what_was_run_on_it() -> None:
    goals = "⊢ A\n\n⊢ B\n\n⊢ C\n\n⊢ D\n\n⊢ E"

    def seen(*arguments: object, **more: object) -> list[tuple[str, str]]:
        return [(goal.conclusion, tactic) for goal, tactic in single_goal_steps(entry(goals, *arguments, **more))]  # type: ignore[arg-type]

    assert seen("auto") == [("A", "auto")]
    assert seen("auto", goals=2) == [("A", "auto"), ("B", "auto")]
    assert seen("auto", goals=5) == [("A", "auto"), ("B", "auto"), ("C", "auto")]
    assert seen("[> a | b | ]", goals=3) == [("A", "a"), ("B", "b")]
    assert seen("[> a | b ]", goals=3) == []


def test_a_goal_that_was_cut_is_left_out() -> None:
    text = "⊢ A\n\nn : nat\nH : n ="
    assert [tactic for _, tactic in single_goal_steps(entry(text, "auto", 2, cut=True))] == ["auto"]
    with pytest.raises(StateSyntaxError):
        list(single_goal_steps(entry(text, "auto", 2)))
    assert list(single_goal_steps(entry("no goals", "auto", 0))) == []


def test_rows_have_their_place_and_their_template(tmp_path: Path) -> None:
    memory = StepMemory.of(seen_steps(small(tmp_path)))
    assert len(memory) == 3
    assert memory.theorem(1) == "L.A.t"
    assert memory.starts.tolist() == [5, 5, 5]
    template = memory.template(1)
    assert (template.names, template.lemmas, template.calls) == (("IHn",), ("L.A.lemma1",), ("lemma1",))
    assert template.filled(template.names) == "rewrite IHn, lemma1"
    assert len(memory.templates) == 1


def test_the_file_is_built_once_and_gives_the_same(tmp_path: Path) -> None:
    library, file = small(tmp_path), tmp_path / "library.knn"
    built = library_memory(library, file)
    written = file.stat().st_mtime_ns
    mapped = library_memory(library, file)
    assert file.stat().st_mtime_ns == written
    assert isinstance(mapped.files, np.ndarray)
    assert not mapped.index.rows.flags.owndata
    for row in range(len(built)):
        assert mapped.template(row) == built.template(row)
        assert np.array_equal(mapped.index.features(row), built.index.features(row))


def test_the_file_is_built_anew_when_the_library_changes(tmp_path: Path) -> None:
    library, file = small(tmp_path), tmp_path / "library.knn"
    assert len(library_memory(library, file)) == 3
    library.add_file(replace(REPOSITORY, commit="b2"), TracedFile("L.B", "B.v", "1" * 64, (), (), ()))
    stamp = library_stamp(library)
    library_memory(library, file)
    assert stamp.encode() in file.read_bytes()


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    library_memory(small(tmp_path), None)
    assert sorted(path.name for path in tmp_path.iterdir() if "sqlite" not in path.name) == []
