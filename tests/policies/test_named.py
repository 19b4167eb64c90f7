"""Policies by name: weights, mixtures, and what needs a library."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.storage.database import LibraryError
from proofloom.policies.named import PolicyKit, default_policy, needs_library, parts_of
from proofloom.policies.policy import Learner, Query
from proofloom.proofs import ProofState, Step, Theorem

REPOSITORY = Repository("https://example.org/lib", "a1", "rocq", "8.16.1", date(2026, 11, 1))
STATE = ProofState.parse("n : nat\n⊢ double n = n + n")
AT = Theorem("t", "Lemma t : True.", "Require Import A.\n", file=Path("B.v"), path="t")


@pytest.fixture
def place(tmp_path: Path) -> str:
    """A library of one file with one proof and one lemma."""
    steps = (TracedStep(STATE.text, "induction n; planted", "no goals"),)
    theorem = TracedTheorem("L.A.t0", "Lemma t0 : True.", "Lemma", 5, 1, "Qed.", False, 1, steps)
    lemma = Premise("L.A.double_plus", "Lemma double_plus : forall n, double n = n + n.", "theorem", 1)
    with Library.open(tmp_path / "library.sqlite") as library:
        library.add_file(REPOSITORY, TracedFile("L.A", "A.v", "0" * 64, (), (theorem,), (lemma,)))
    return str(tmp_path / "library.sqlite")


def kit(place: str, split: str = "") -> PolicyKit:
    return PolicyKit(place, split, lambda file: f"L.{file.stem}")


def test_weights_stand_before_names() -> None:
    assert parts_of("list") == [("list", 1.0)]
    assert parts_of("0.5*knn+list+2*premises") == [("knn", 0.5), ("list", 1.0), ("premises", 2.0)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("lst", "unknown policy 'lst'; valid: list, knn"), ("list+", "unknown policy ''"), ("x*list", "'x' is not a we")],
)
def test_what_is_wrong_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parts_of(text)


def test_a_list_needs_no_library(tmp_path: Path) -> None:
    with kit(str(tmp_path / "none.sqlite")) as tools:
        tools.prepare("list")
        assert tools.policy("list").name == "list"
        assert not needs_library("2*list") and needs_library("list+0.5*knn") and needs_library("premises")
        with pytest.raises(LibraryError, match="there is no library; make one with `proofloom trace`"):
            tools.prepare("list+premises")


def test_the_default_is_what_can_be_used() -> None:
    assert default_policy(library=False, model=False) == "list"
    assert default_policy(library=True, model=False) == "knn+premises+list"
    assert default_policy(library=True, model=True) == "model+knn+premises+list"


def test_what_several_policies_propose_stands_side_by_side(place: str) -> None:
    with kit(place) as tools:
        policy = tools.policy("knn+0.5*premises+list")
        (candidates,) = policy.suggest([Query(STATE, AT)], 500)
    logs = {candidate.tactic: candidate.logprob for candidate in candidates}
    assert {"induction n; planted", "easy", "apply A.double_plus"} <= set(logs)
    with kit(place) as tools:
        (alone,) = tools.policy("premises").suggest([Query(STATE, AT)], 500)
    apply = next(candidate for candidate in alone if candidate.tactic == "apply A.double_plus")
    assert logs["apply A.double_plus"] == pytest.approx(apply.logprob + math.log(0.5))


def test_the_memory_is_kept_beside_a_database_that_is_a_file(place: str) -> None:
    with kit(place) as tools:
        tools.prepare("knn")
    assert Path(f"{place}.steps").is_file()


def test_a_mixture_hands_on_what_it_learns(place: str) -> None:
    with kit(place) as tools:
        policy = tools.policy("list+knn")
        assert isinstance(policy, Learner) and not isinstance(tools.policy("list"), Learner)
        goal = ProofState.parse("⊢ odd 3")
        policy.learn(AT, [Step(goal, "by learning", ProofState(()))])
        later = Theorem("u", "Lemma u : True.", AT.before + "Lemma t : True. Proof. Qed.\n", file=AT.file, path="u")
        (candidates,) = policy.suggest([Query(goal, later)], 500)
    assert "by learning" in {candidate.tactic for candidate in candidates}
