"""Hints for the steps of a library: the neighbours that a step could have had, never itself or what came later."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.policies.model.library_hints import LibraryHints
from proofloom.policies.neighbours.knn import NearestNeighbours
from proofloom.policies.neighbours.library_memory import library_memory
from proofloom.policies.policy import Query
from proofloom.policies.premises.moves import PremiseMoves
from proofloom.proofs import ProofState, Theorem
from proofloom.retrieval.bm25 import Bm25
from proofloom.retrieval.situation import Situations

REPOSITORY = Repository("https://example.org/lib", "a1", "rocq", "8.16.1", date(2026, 11, 1))
STATE = "n : nat\n⊢ n + 0 = n"


def theorem(name: str, start: int, cut: bool = False) -> TracedTheorem:
    """Its one step says who it is."""
    path = name.rpartition(".")[2]
    steps = (TracedStep("n : na" if cut else STATE, f"auto_{path}", "no goals", cut=cut),)
    return TracedTheorem(name, f"Lemma {path} : True.", "Lemma", start, 1, "Qed.", False, 1, steps)


def filled(place: Path) -> Library:
    library = Library.open(place)
    files = (
        TracedFile("L.A", "A.v", "0" * 64, (), (theorem("L.A.a1", 0), theorem("L.A.a2", 50)), ()),
        TracedFile("L.C", "C.v", "2" * 64, (), (theorem("L.C.c1", 0),), ()),
        TracedFile(
            "L.B", "B.v", "1" * 64, ("L.A",),
            (theorem("L.B.b1", 0), theorem("L.B.b2", 50), theorem("L.B.b3", 90), theorem("L.B.cut", 120, True)), (),
        ),
    )  # fmt: skip
    for file in files:
        library.add_file(REPOSITORY, file)
    return library


def test_only_what_stands_before_a_step_gives_hints(tmp_path: Path) -> None:
    with filled(tmp_path / "library.sqlite") as library:
        situations = Situations.in_library(library, str)
        hints = LibraryHints(library, situations, NearestNeighbours(library_memory(library, None), situations))
        names = {entry.id: entry.full_name for entry in library.theorems()}
        found = {names[step.theorem_id]: set(hints(step)) for step in library.steps()}
    assert found == {
        "L.A.a1": set(),
        "L.A.a2": {"auto_a1"},
        "L.B.b1": {"auto_a1", "auto_a2"},
        "L.B.b2": {"auto_a1", "auto_a2", "auto_b1"},
        "L.B.b3": {"auto_a1", "auto_a2", "auto_b1", "auto_b2"},
        "L.B.cut": set(),
        "L.C.c1": set(),
    }


def test_a_source_gives_the_hints_that_the_library_gave(tmp_path: Path) -> None:
    """The same question, asked as a search asks it: with the text before the theorem, not with the library's rows."""
    before = "Require Import A.\nLemma b1 : True. Proof. auto. Qed.\n"
    with filled(tmp_path / "library.sqlite") as library:
        memory = library_memory(library, None)
        step = next(step for step in library.steps() if step.tactic == "auto_b2")
        situations = Situations.in_library(library, lambda file: f"L.{file.stem}")
        at = Theorem("b2", "Lemma b2 : True.", before, file=Path("B.v"), path="b2")
        (asked,) = NearestNeighbours(memory, situations).suggest([Query(ProofState.parse(STATE), at)], 16)
        hints = LibraryHints(library, situations, NearestNeighbours(memory, situations))
        assert [one.tactic for one in asked] == list(hints(step)) != []


def test_premises_that_stand_before_a_step_give_hints(tmp_path: Path) -> None:
    premises = [
        Premise(f"L.A.{name}", f"Lemma {name} : forall n, n + 0 = n.", "theorem", at)
        for name, at in (("old", 0), ("new", 90))
    ]
    with Library.open(tmp_path / "library.sqlite") as library:
        library.add_file(
            REPOSITORY,
            TracedFile("L.A", "A.v", "0" * 64, (), (theorem("L.A.a", 50), theorem("L.A.b", 99)), tuple(premises)),
        )
        situations = Situations.in_library(library, str)
        retriever = Bm25(library.premises(), situations)
        moves = PremiseMoves(retriever, lambda name, query: situations.sure_name(name, query.theorem))
        hints = LibraryHints(library, situations, moves)
        first, second = (hints(step) for step in library.steps())
        (asked,) = moves.suggest(
            [
                Query(
                    ProofState.parse(STATE),
                    Theorem("b", "Lemma b : True.", "(* A *) old new", file=Path("A.v"), path="b"),
                )
            ],
            16,
        )
    assert first == ("rewrite old", "apply old", "rewrite <- old")
    assert set(second) == {*first, "rewrite new", "apply new", "rewrite <- new"}
    assert len(second) == 6
    assert asked == []  # without a file of that name nothing is known
