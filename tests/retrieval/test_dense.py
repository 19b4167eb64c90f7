"""Dense and mixed retrieval: nearest first, nothing that may not be used, and scores that add up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from planted_library import BEFORE, NEW, USABLE, file, logical_name, planted, theorem, wanted

from proofloom.corpus.library import Library
from proofloom.proofs import Goal, ProofState
from proofloom.retrieval.bm25 import Bm25
from proofloom.retrieval.dense import WORDS_WEIGHT, Dense, Hybrid, mixed
from proofloom.retrieval.encoder import HashedWords, goal_text, premise_text
from proofloom.retrieval.library_index import check_encoder, library_index, origin_of, step_goals
from proofloom.retrieval.premise_index import PremiseIndex, PremiseIndexError
from proofloom.retrieval.retriever import Retriever
from proofloom.retrieval.situation import Situations
from proofloom.retrieval.usable import UsablePremises

STATE = ProofState.parse("n : nat\n⊢ n + 0 = n")


def silent(done: int, total: int) -> None:
    """Progress is not shown."""


def made(library: Library, name: str) -> Retriever:
    premises, situations = library.premises(), Situations.in_library(library, logical_name)
    usable, encoder = UsablePremises(premises, situations), HashedWords()
    dense = Dense(usable, library_index(library, encoder, "hashed", silent), encoder)
    return dense if name == "dense" else Hybrid(usable, Bm25(premises, situations), dense)


@pytest.mark.parametrize("name", ["dense", "hybrid"])
def test_only_usable_premises_are_found(tmp_path: Path, name: str) -> None:
    retriever = made(planted(tmp_path), name)
    found = retriever.premises(STATE, wanted(), 100)
    assert {one.premise.full_name.rpartition(".")[2] for one in found} == USABLE
    assert len(found) == len(USABLE)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert len(retriever.premises(STATE, wanted(), 2)) == 2
    assert retriever.premises(ProofState(()), wanted(), 5) == []
    longer = f"{BEFORE}Lemma wanted : forall n : nat, n + 0 = n.\nProof. auto. Qed.\n"
    names = {one.premise.full_name for one in retriever.premises(STATE, wanted(longer, name="late"), 100)}
    assert "L.Own.wanted" in names and "L.Own.late" not in names


@pytest.mark.parametrize("name", ["dense", "hybrid"])
def test_the_closest_comes_first(tmp_path: Path, name: str) -> None:
    library = Library.open(tmp_path / "library.sqlite")
    statements = {
        "add_comm": "Lemma add_comm : forall n m : nat, n + m = m + n.",
        "rev_app": "Lemma rev_app : forall l m : list A, rev (l ++ m) = rev m ++ rev l.",
    }
    premises = [theorem(f"L.Base.{name}", start, text) for start, (name, text) in enumerate(statements.items())]
    library.add_file(NEW, file("L.Base", premises))
    at = wanted("Require Import L.Base.\n", Path("Mine.v"))
    state = ProofState.parse("x y : list B\n⊢ rev (x ++ y) = rev y ++ rev x")
    assert made(library, name).premises(state, at, 1)[0].premise.full_name == "L.Base.rev_app"


def test_nothing_is_found_in_an_empty_library(tmp_path: Path) -> None:
    empty = Library.open(tmp_path / "empty.sqlite")
    assert made(empty, "dense").premises(STATE, wanted(), 5) == []
    assert made(empty, "hybrid").premises(STATE, wanted(), 5) == []


def test_words_and_vectors_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best of both, by a score that is worked out premise by premise; what only one of them finds has both."""
    library = planted(tmp_path)
    premises, situations = library.premises(), Situations.in_library(library, logical_name)
    usable, encoder, words = UsablePremises(premises, situations), HashedWords(), Bm25(premises, situations)
    dense = Dense(usable, library_index(library, encoder, "hashed", silent), encoder)
    goal, places = STATE.goals[0], np.arange(len(premises))
    products = encoder.premises(premises) @ encoder.goals([goal])[0]
    by_words = {one.premise.id: one.score for one in words.among(goal, places, 100)}
    expected = [product + WORDS_WEIGHT * np.log1p(by_words.get(premise.id, 0.0))
                for premise, product in zip(premises, products, strict=True)]  # fmt: skip
    assert dense.scores(goal, places[::-2]) == pytest.approx(products[::-2], abs=1e-6)
    for depth in (1, 100):
        monkeypatch.setattr("proofloom.retrieval.dense.MIXED_DEPTH", depth)
        found = Hybrid(usable, words, dense).among(goal, places, 3)
        assert [one.score for one in found] == pytest.approx(sorted(expected, reverse=True)[: len(found)], abs=1e-6)
        assert len(found) == 3
    assert mixed(np.array([0.0, np.e - 1]), np.array([0.5, 0.5])) == pytest.approx([0.5, 0.5 + WORDS_WEIGHT])


def test_an_index_says_what_it_was_made_from(tmp_path: Path) -> None:
    library, encoder = planted(tmp_path), HashedWords()
    steps = list[tuple[int, int]]()
    place = tmp_path / "index"
    library_index(library, encoder, "here", lambda done, total: steps.append((done, total))).save(place)
    premises = library.premises()
    assert steps == [(len(premises), len(premises))]
    index = PremiseIndex.load(place)
    origin = origin_of(index, place, premises)
    assert origin.source == "here"
    check_encoder(index, origin, place, encoder)
    assert np.array_equal(index.ids, [premise.id for premise in premises])
    other = HashedWords()
    other.name = "other"
    with pytest.raises(PremiseIndexError, match="encoder hashed-words-256, here is now other"):
        check_encoder(index, origin, place, other)
    with pytest.raises(PremiseIndexError, match="has vectors of 256 numbers, those of here have 64"):
        check_encoder(index, origin, place, HashedWords(64))
    library.add_file(NEW, file("L.Far", [theorem("L.Far.away", 0)]))
    with pytest.raises(PremiseIndexError, match="the library has changed since it was made"):
        origin_of(index, place, library.premises())
    for note in ("", "[1]", '{"x": 1}'):
        with pytest.raises(PremiseIndexError, match="is not the index of a library"):
            origin_of(PremiseIndex.build([1], np.ones((1, 4)), note=note), place, premises)


def test_a_large_library_has_a_graph_that_fits_its_states(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    library = planted(tmp_path)
    index = library_index(library, HashedWords(), "here", silent, exact_below=5)
    assert index.kind == "graph" and len(index) == len(library.premises())


def test_goals_are_taken_evenly(tmp_path: Path) -> None:
    library = planted(tmp_path)
    goals = step_goals(library, 100)
    assert len(goals) == len(list(library.steps()))
    assert set(goals) == {STATE.goals[0]}
    assert len(step_goals(library, 3)) == 3
    assert step_goals(Library.open(tmp_path / "empty.sqlite"), 3) == []


def test_the_texts_of_goals_and_premises(tmp_path: Path) -> None:
    goal = Goal.parse("case inl\nA : Type\nx y : A\nz : A := x\n⊢ z = x")
    assert goal_text(goal) == "⊢ z = x\nA : Type\nx y : A\nz : A := x"
    premise = planted(tmp_path).premises()[0]
    assert premise_text(premise) == f"Prelude.first\n{premise.statement}"
