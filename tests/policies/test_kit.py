"""Policies made from their names: mixtures, portfolios, and what they open."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.storage.database import LibraryError
from proofloom.policies.kit import PolicyKit
from proofloom.policies.policy import Learner, Query
from proofloom.policies.portfolio import Portfolio
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


def test_a_list_needs_no_library(tmp_path: Path) -> None:
    with kit(str(tmp_path / "none.sqlite")) as tools:
        tools.prepare("list")
        assert tools.policy("list").name == "list"
        with pytest.raises(LibraryError, match="there is no library; make one with `proofloom trace`"):
            tools.prepare("list+premises")


def test_what_several_policies_propose_stands_side_by_side(place: str) -> None:
    with kit(place) as tools:
        policy = tools.mixture("knn+0.5*premises+list")
        (candidates,) = policy.suggest([Query(STATE, AT)], 500)
    logs = {candidate.tactic: candidate.logprob for candidate in candidates}
    assert {"induction n; planted", "easy", "apply A.double_plus"} <= set(logs)
    with kit(place) as tools:
        (alone,) = tools.mixture("premises").suggest([Query(STATE, AT)], 500)
    apply = next(candidate for candidate in alone if candidate.tactic == "apply A.double_plus")
    assert logs["apply A.double_plus"] == pytest.approx(apply.logprob + math.log(0.5))


def test_those_who_take_turns_are_mixtures_of_their_own(place: str) -> None:
    with kit(place) as tools:
        portfolio = tools.policy("knn+0.5*list/list:0.25")
        assert isinstance(portfolio, Portfolio) and portfolio.name == "knn+0.5*list/list:0.25"
        assert [(part.name, share) for part, share in portfolio.parts] == [("knn+0.5*list", 1.0), ("list", 0.25)]


def test_who_comes_later_is_made_when_asked_and_sees_what_was_proved_before(place: str) -> None:
    goal = ProofState.parse("⊢ odd 3")
    later = Theorem("u", "Lemma u : True.", AT.before + "Lemma t : True. Proof. Qed.\n", file=AT.file, path="u")
    with kit(place) as tools:
        portfolio = tools.policy("list/knn")
        assert isinstance(portfolio, Portfolio)
        portfolio.learn(AT, [Step(goal, "by learning", ProofState(()))])
        assert "knn" not in tools.__dict__
        (candidates,) = portfolio.parts[1][0].suggest([Query(goal, later)], 500)
        assert "by learning" in {candidate.tactic for candidate in candidates}
        portfolio.learn(AT, [Step(goal, "by more learning", ProofState(()))])
        (candidates,) = portfolio.parts[1][0].suggest([Query(goal, later)], 500)
        assert "by more learning" in {candidate.tactic for candidate in candidates}
    with kit("nowhere") as tools, pytest.raises(ValueError, match="unknown policy 'lst'"):
        tools.policy("list/lst")


def test_the_memory_is_kept_beside_a_database_that_is_a_file(place: str) -> None:
    with kit(place) as tools:
        tools.prepare("knn")
    assert Path(f"{place}.steps").is_file()


def test_a_mixture_hands_on_what_it_learns(place: str) -> None:
    with kit(place) as tools:
        policy = tools.mixture("list+knn")
        assert isinstance(policy, Learner) and not isinstance(tools.policy("list"), Learner)
        goal = ProofState.parse("⊢ odd 3")
        policy.learn(AT, [Step(goal, "by learning", ProofState(()))])
        later = Theorem("u", "Lemma u : True.", AT.before + "Lemma t : True. Proof. Qed.\n", file=AT.file, path="u")
        (candidates,) = policy.suggest([Query(goal, later)], 500)
    assert "by learning" in {candidate.tactic for candidate in candidates}
