"""Theorems of a file that may help with a goal further down."""

from __future__ import annotations

from proofloom.assistants.lean.moves import moves, moves_after
from proofloom.assistants.lean.text.lemmas import FileLemmas
from proofloom.policies.policy import Query
from proofloom.policies.tactic_lists.moves import MovesPolicy
from proofloom.proofs import ProofState, Theorem

TEXT = """
theorem outside (n : Nat) : double n = n + n := rfl
namespace Numbers
@[simp] theorem zero_plus (n : Nat) : 0 + n = n := by simp
private theorem hidden (n : Nat) : 0 + n = n := by simp
theorem open_one (n : Nat) : n + 0 = n := by
  sorry
section
lemma half_of (n : Nat) : half (double n) = n := by simp
theorem odd_or (n : Nat) (h : Odd n) : ¬Even n := fun e => h.elim e
def not_a_theorem (n : Nat) : Nat := n
mutual
theorem one_of_two : Even 2 := two
end
end
namespace Deeper
"""


def names(conclusion: str, text: str = TEXT, most: int = 9) -> list[str]:
    return [lemma.name for lemma in FileLemmas(text).ranked(conclusion, most)]


def test_proved_theorems_are_called_by_the_names_that_hold_at_the_end() -> None:
    assert [lemma.name for lemma in FileLemmas(TEXT + "end Deeper\n").lemmas] == [
        "outside",
        "zero_plus",
        "half_of",
        "odd_or",
    ]
    assert [lemma.name for lemma in FileLemmas(TEXT).lemmas][1] == "Numbers.zero_plus"
    assert [lemma.equation for lemma in FileLemmas(TEXT).lemmas] == [True, True, True, False]
    assert FileLemmas("/- no end").lemmas == ()


def test_the_closest_come_first_and_what_shares_nothing_does_not_come() -> None:
    text = TEXT + "end Deeper\n"
    assert names("half (double m) = m", text)[:2] == ["half_of", "outside"]
    assert names("Even 3", text) == ["odd_or"]
    assert names("p", text) == []
    assert len(names("half (double m) = m + m", text, most=1)) == 1


def test_moves_try_them_after_what_closes_goals_at_once() -> None:
    (goal,) = ProofState.parse("m : Nat\n⊢ half (double m) = m").goals
    tried = list(moves_after(TEXT + "end Deeper\n")(goal))
    assert "simp_all [half_of, outside]" in tried
    assert {"apply half_of", "exact half_of ..", "rw [half_of]", "rw [← half_of]"} <= set(tried)
    assert not any("odd_or" in tactic for tactic in tried)
    assert [tactic for tactic in tried if "half_of" not in tactic and "outside" not in tactic] == list(moves(goal))


def test_a_policy_reads_the_file_of_each_theorem() -> None:
    state = ProofState.parse("⊢ 0 + 1 = 1")
    read: list[str] = []

    def after(text: str) -> object:
        read.append(text)
        return lambda goal: [text]

    policy = MovesPolicy(moves, after=after)  # type: ignore[arg-type]
    for text in ("one", "one", "two"):
        ((candidate,),) = policy.suggest([Query(state, Theorem("t", "", before=text))], 5)
        assert candidate.tactic == text
    assert read == ["one", "two"]
