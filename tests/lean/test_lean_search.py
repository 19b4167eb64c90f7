"""Search with the fixed list of tactics proves small theorems against the real Lean, and the whole file compiles."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from small_lean import HEADER
from small_theorems import THEOREMS

from proofloom.app.proving.settings import ProveSettings
from proofloom.assistants.lean.moves import fresh, moves
from proofloom.assistants.lean.session import Lean
from proofloom.assistants.lean.text.place import Opening
from proofloom.policies.policy import Query
from proofloom.policies.tactic_lists.moves import MovesPolicy
from proofloom.proofs import Budget, Finding, Goal, Hypothesis, Outcome, ProofState, Theorem, Verdict
from proofloom.search.driver import attempt


def trusting(steps: object) -> Verdict:
    """Not a gate: the file with all scripts is compiled at the end of the test."""
    return Verdict("t", Finding.ACCEPTED, 1, "for the test only", {})


def test_every_small_theorem_is_found_and_the_scripts_compile(assistant: Lean, lean: Path, tmp_path: Path) -> None:
    text = HEADER
    for number, claim in enumerate(THEOREMS):
        statement = f"theorem t{number} {claim} := by"
        found = attempt(
            Theorem(f"t{number}", statement, before=HEADER, ending=""),
            assistant,
            MovesPolicy(moves),
            ProveSettings().strategy.start,
            Budget(seconds=120, tactics=1000, tactic_seconds=20),
            trusting,
        )
        assert found.outcome is Outcome.PROVED, (claim, found.reason)
        assert found.proof is not None
        text += statement + Opening(statement).lines(found.proof) + "\n"
    (tmp_path / "Found.lean").write_text(text, encoding="utf-8")
    command = [lean, "--json", "Found.lean"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert [json.loads(line)["data"] for line in done.stdout.splitlines()] == []
    assert len(THEOREMS) >= 30


def test_a_wrong_claim_is_not_found(assistant: Lean) -> None:
    theorem = Theorem("t", "theorem t (p q : Prop) : p ∨ q → p ∧ q := by", before=HEADER, ending="")
    budget = Budget(seconds=60, tactics=60, tactic_seconds=20)
    found = attempt(theorem, assistant, MovesPolicy(moves), ProveSettings().strategy.start, budget, trusting)
    assert found.outcome is Outcome.OUT_OF_BUDGET


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        ("⊢ ∀ n : Nat, n = n", "intro n"),
        ("⊢ ∀ (n : Nat), n = n", "intro n"),
        ("⊢ (∀ x, p x) → ∀ (x y : Nat) {z : Nat}, x = y → ¬p 1", "intro h x y z h1 h2"),
        ("⊢ (∀ x, p x) → ∀ (x y : Nat) {z : Nat}, x = y → ¬p 1", "intro h"),
        ("h : p\n⊢ p ∧ q → ∃ x, x → x", "intro h1"),
        ("⊢ ∀ x✝, x✝ ≠ 0", "intro x h"),
        ("n : Nat\n⊢ ∀ n : Nat, n = n", "intro n1"),
        ("p : Prop\nh : p\n⊢ ¬p", "intro h1"),
        ("p q : Prop\nh : p ∨ q\n⊢ q ∨ p", "rcases h with h1 | h1"),
        ("p q : Prop\nh : p ∧ q\n⊢ q", "obtain ⟨h1, g⟩ := h"),
        ("p : Nat → Prop\nh : ∃ y, p y\n⊢ False", "obtain ⟨x, h1⟩ := h"),
        ("n ih : Nat\n⊢ n = ih", "induction n with\n| zero => ?_\n| succ n ih1 => ?_"),
        ("a b : Nat\nh : a = b\n⊢ b = a", "rw [← h]"),
        ("p q : Prop\nh : p → q\n⊢ q", "apply h"),
    ],
)
def test_moves_are_made_from_the_goal(goal: str, wanted: str) -> None:
    (only,) = ProofState.parse(goal).goals
    assert wanted in list(moves(only))


def test_names_that_lean_hides_are_not_used() -> None:
    hidden = Goal((Hypothesis(("a✝",), "p ∨ q"),), "q ∨ p")
    assert not any("✝" in tactic for tactic in moves(hidden))
    assert fresh("h", Goal((Hypothesis(("h", "h1"), "p"),), "q")) == "h2"


def test_the_policy_orders_the_moves_and_drops_repetitions() -> None:
    policy = MovesPolicy(lambda goal: ["a", "b", "a", "c"])
    theorem = Theorem("t", "")
    state = ProofState((Goal((), "p"),))
    (candidates,) = policy.suggest([Query(state, theorem)], 3)
    assert [candidate.tactic for candidate in candidates] == ["a", "b", "c"]
    assert candidates[0].logprob > candidates[1].logprob > candidates[2].logprob
    assert policy.suggest([Query(ProofState(()), theorem)], 3) == [[]]
