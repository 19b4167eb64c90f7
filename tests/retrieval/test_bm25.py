"""BM25 finds by words and parts of names, and never what may not be used, however well it fits."""

from __future__ import annotations

from pathlib import Path

from planted_library import BEFORE, NEW, USABLE, file, logical_name, planted, theorem, wanted

from proofloom.corpus.library import Library
from proofloom.proofs import ProofState, Theorem
from proofloom.retrieval.bm25 import Bm25
from proofloom.retrieval.retriever import Retriever
from proofloom.retrieval.situation import Situations

STATE = ProofState.parse("n : nat\n⊢ n + 0 = n")


def retriever(library: Library) -> Retriever:
    return Bm25(library.premises(), Situations.in_library(library, logical_name))


def found(library: Library, state: ProofState, theorem: Theorem, k: int = 100) -> list[str]:
    return [one.premise.full_name.rpartition(".")[2] for one in retriever(library).premises(state, theorem, k)]


def test_only_usable_premises_are_found(tmp_path: Path) -> None:
    """All premises have the same statement, so only the filter can tell them apart."""
    library = planted(tmp_path)
    assert set(found(library, STATE, wanted())) == USABLE
    assert len(found(library, STATE, wanted())) == len(USABLE)


def test_the_filter_comes_before_the_choice(tmp_path: Path) -> None:
    """A hundred better premises that may not be used do not push out the one that may."""
    library = planted(tmp_path)
    better = [theorem(f"L.Far.better_{i}", i, "Lemma x : zero_plus zero_plus zero_plus.") for i in range(100)]
    library.add_file(NEW, file("L.Far", better))
    usable = theorem("L.Near.good", 0, "Lemma good : forall n, some zero_plus thing and many more words of its own.")
    library.add_file(NEW, file("L.Near", [usable]))
    state = ProofState.parse("⊢ zero_plus")
    assert found(library, state, wanted("Require Import L.Near.\n"), 1) == ["good"]


def test_later_premises_of_the_same_file_become_usable_in_their_turn(tmp_path: Path) -> None:
    library = planted(tmp_path)
    assert "wanted" not in found(library, STATE, wanted())
    longer = f"{BEFORE}Lemma wanted : forall n : nat, n + 0 = n.\nProof. auto. Qed.\n"
    assert "wanted" in found(library, STATE, wanted(longer, name="late"))


def test_the_closest_comes_first(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "library.sqlite")
    statements = {
        "add_comm": "Lemma add_comm : forall n m : nat, n + m = m + n.",
        "mul_comm": "Lemma mul_comm : forall n m : nat, n * m = m * n.",
        "rev_app": "Lemma rev_app : forall l m : list A, rev (l ++ m) = rev m ++ rev l.",
    }
    premises = [theorem(f"L.Base.{name}", start, text) for start, (name, text) in enumerate(statements.items())]
    library.add_file(NEW, file("L.Base", premises))
    at = wanted("Require Import L.Base.\n", Path("Mine.v"))
    assert found(library, ProofState.parse("x y : list B\n⊢ rev (x ++ y) = rev y ++ rev x"), at)[0] == "rev_app"
    assert found(library, ProofState.parse("x y : nat\n⊢ x * y = y * x"), at)[0] == "mul_comm"
    assert found(library, ProofState.parse("⊢ plus_comm"), at)[0] in ("add_comm", "mul_comm")


def test_order_is_by_score_and_repeatable(tmp_path: Path) -> None:
    library = planted(tmp_path)
    first, second = (retriever(library).premises(STATE, wanted(), 10) for _ in range(2))
    assert first == second
    assert [one.score for one in first] == sorted((one.score for one in first), reverse=True)


def test_nothing_is_found_without_goals_words_or_premises(tmp_path: Path) -> None:
    library = planted(tmp_path)
    assert found(library, ProofState(()), wanted()) == []
    assert found(library, ProofState.parse("⊢ Unheard"), wanted()) == []
    empty = Library.open(tmp_path / "empty.sqlite")
    assert found(empty, STATE, wanted()) == []
