"""The fixed list: what it proposes for which goal, in which order, and that Rocq can read all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proofloom.assistants.rocq.session import Rocq
from proofloom.assistants.rocq.tactics import tactic_sentence
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.assistants.session import Failure, TacticError
from proofloom.policies.policy import Query
from proofloom.policies.tactic_lists.rocq import CLOSERS, TacticList
from proofloom.proofs import ProofState, Theorem

BEFORE = """Require Import List Lia Reals.
Fixpoint snoc (l : list nat) (x : nat) := match l with nil => cons x nil | cons y k => cons y (snoc k x) end.
Lemma length_snoc : forall l x, length (snoc l x) = S (length l).
Proof. induction l; simpl; congruence. Qed.
Lemma unproved : forall l : list nat, l = nil. Admitted.
"""
STATES = {
    "induction l": "l : list nat\nx : nat\n⊢ length (snoc l x) = S (length l)",
    "rewrite length_snoc": "l : list nat\nx : nat\n⊢ length (snoc l x) = S (length l)",
    "unfold snoc": "l : list nat\nx : nat\n⊢ length (snoc l x) = S (length l)",
    "intros": "⊢ forall n : nat, n = n",
    "split": "A B : Prop\nH : A\n⊢ A /\\ B",
    "left": "A B : Prop\n⊢ A \\/ B",
    "destruct H": "A B : Prop\nH : A \\/ B\n⊢ B \\/ A",
    "rewrite IHn": "n : nat\nIHn : n + 0 = n\n⊢ S (n + 0) = S n",
    "apply H": "A B : Prop\nH : A -> B\n⊢ B",
    "exists 3": "⊢ exists n : nat, n = 3 * 1",
    "destruct b": "b : bool\n⊢ orb b true = true",
    "field_simplify; lra": "x : R\nH : (x > 0)%R\n⊢ (x / x = 1)%R",
}


def at(before: str = BEFORE) -> Theorem:
    return Theorem("t", "Lemma t : True.", before, path="t")


def proposed(state: str, n: int = 1000, before: str = BEFORE) -> list[str]:
    (candidates,) = TacticList().suggest([Query(ProofState.parse(state), at(before))], n)
    logs = [candidate.logprob for candidate in candidates]
    assert logs == sorted(logs, reverse=True) and all(log <= 0 for log in logs)
    tactics = [candidate.tactic for candidate in candidates]
    assert len(set(tactics)) == len(tactics)
    return tactics


@pytest.mark.parametrize(("tactic", "state"), STATES.items())
def test_what_a_person_would_try_is_proposed(tactic: str, state: str) -> None:
    assert tactic in proposed(state)[:64]


def test_an_easy_end_is_tried_first_and_the_number_is_kept() -> None:
    state = STATES["induction l"]
    assert proposed(state)[:2] == [CLOSERS[0][1], CLOSERS[1][1]]
    assert proposed(state, 7) == proposed(state)[:7]


def test_a_lemma_that_is_admitted_or_comes_later_is_not_proposed() -> None:
    tactics = proposed("l : list nat\n⊢ l = nil")
    assert not any("unproved" in tactic for tactic in tactics)
    assert not any("length_snoc" in tactic for tactic in proposed(STATES["induction l"], before="Require Import List."))


def test_hammer_is_proposed_where_it_is_loaded() -> None:
    assert "sauto" not in proposed(STATES["intros"])
    assert "sauto" in proposed(STATES["intros"], before="From Hammer Require Import Tactics.\n")


def test_a_finished_state_gets_nothing() -> None:
    assert TacticList().suggest([Query(ProofState(()), at())], 5) == [[]]


@pytest.fixture(scope="module")
def rocq() -> Iterator[Rocq]:
    with Rocq(find_toolchain()) as assistant:
        yield assistant


@pytest.mark.rocq
def test_rocq_can_read_everything_that_is_proposed(rocq: Rocq) -> None:
    """A tactic may fail, but not as a text: that would be a line of the list that never works."""
    goal = (
        "forall (l : list nat) (x y : nat), x <= y -> (x < length l \\/ y = 0) -> exists n, n + x = length (snoc l y)"
    )
    theorem = Theorem("t", f"Lemma t : {goal}.", BEFORE, opening=("Proof.", "intros l x y H K."), path="t")
    session = rocq.open(theorem)
    (candidates,) = TacticList().suggest([Query(session.root, theorem)], 1000)
    wrong = []
    for candidate in candidates:
        assert tactic_sentence(candidate.tactic)
        result = session.apply(session.root, candidate.tactic, 0.3)
        if isinstance(result, TacticError) and result.kind is Failure.SYNTAX:
            wrong.append((candidate.tactic, result.message))
    session.close()
    assert len(candidates) > 40 and not wrong
