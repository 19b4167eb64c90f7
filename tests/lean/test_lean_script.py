"""A proof by tactics is taken apart by layout: what stands side by side, what holds what, and what stays whole."""

from __future__ import annotations

import pytest

from proofloom.assistants.lean.text.layout import Form, Tactic, plain, script_of
from proofloom.assistants.lean.text.outline import commands


def tactics(proof: str) -> list[Tactic]:
    """The tactics of a theorem with this proof."""
    text = f"theorem t : p := by {proof}\n"
    (command,) = commands(text)
    script = script_of(text, command)
    assert script is not None
    return list(script.tactics)


def outlined(tactic: Tactic) -> object:
    """The text of a plain tactic, or the form with what it holds."""
    if not tactic.parts:
        return tactic.text
    return tactic.form.name, *([outlined(one) for one in part] for part in tactic.parts)


@pytest.mark.parametrize(
    ("proof", "wanted"),
    [
        ("simp; rfl", ["simp", "rfl"]),
        ("\n  intro x\n  exact f\n    x", ["intro x", "exact f\n  x"]),
        ("\n  a\n  <;> b", [("CHAIN", ["a"], ["b"])]),
        ("a <;> b <;> c; d", [("CHAIN", ["a"], ["b"], ["c"]), "d"]),
        ("exact f (by a <;> b; c)", ["exact f (by a <;> b; c)"]),
        ("(a; b); c", ["(a; b)", "c"]),
        ("\n  · a; b\n    c\n  · d", [("FOCUS", ["a", "b", "c"]), ("FOCUS", ["d"])]),
        ("\n  { a\n    b }\n  c", [("FOCUS", ["a", "b"]), "c"]),
        ("\n  all_goals a <;> b; c\n  d", ["all_goals a <;> b; c", "d"]),
        ("\n  case inl h => a; b\n  next => c", [("CASE", ["a", "b"]), ("CASE", ["c"])]),
        ("cases h with | inl a => x | inr b => y; z", [("ALTERNATIVES", ["x"], ["y", "z"])]),
        (
            "\n  induction n with\n  | zero => a\n  | succ n ih =>\n    cases h with\n    | inl x => b",
            [("ALTERNATIVES", ["a"], [("ALTERNATIVES", ["b"])])],
        ),
        ("\n  have h : p := by\n    a; b\n  exact h", [("STATING", ["a", "b"]), "exact h"]),
        ("\n  have h : p := f\n  have := by a\n  exact h", ["have h : p := f", "have := by a", "exact h"]),
        ("\n  rcases h with a | b <;> c", [("CHAIN", ["rcases h with a | b"], ["c"])]),
        ("\n  cases h with simp\n  | inl => a", ["cases h with simp\n| inl => a"]),
        ("\n  cases h with\n  | inl a => ?_\n  | inr b => c", ["cases h with\n| inl a => ?_\n| inr b => c"]),
        ("\n  calc a = b := by simp\n    _ = c := by simp; rfl", ["calc a = b := by simp\n  _ = c := by simp; rfl"]),
        ("\n  a -- one\n\n  -- two\n  b (c) /- three -/", ["a", "b (c)"]),
        ("a\ntermination_by n", ["a"]),
    ],
)
def test_proofs_are_taken_apart_by_layout(proof: str, wanted: list[object]) -> None:
    assert [outlined(tactic) for tactic in tactics(proof)] == wanted


@pytest.mark.parametrize("proof", [":= h", ":= f (by a)", ":= f h |>.trans by\n    a\n  |>.symm", "| 0 => h"])
def test_a_term_is_no_script(proof: str) -> None:
    text = f"theorem t (h : p) : p {proof}\n"
    (command,) = commands(text)
    assert script_of(text, command) is None


def test_a_term_may_end_in_tactics() -> None:
    text = "theorem t : (by decide : p) = q → p := fun h => by\n  a\n  b\n"
    (command,) = commands(text)
    script = script_of(text, command)
    assert script is not None
    assert text[: script.start].endswith("fun h => by")
    assert [tactic.text for tactic in script.tactics] == ["a", "b"]


def test_tactics_are_counted_as_people_write_them() -> None:
    (alternatives,) = tactics("\n  cases h with\n  | inl a => x <;> y\n  | inr b =>\n    · z; w")
    assert alternatives.form is Form.ALTERNATIVES
    assert alternatives.count == 4


def test_the_words_before_a_case_and_the_left_sides_are_known() -> None:
    (case,) = tactics("\n  case inl h _ => a")
    assert case.words == ("case", "inl", "h", "_")
    text = "theorem t : p := by\n    match h with\n    | .inl a => x\n    | .inr ⟨b, c⟩ => y\n"
    script = script_of(text, commands(text)[0])
    assert script is not None
    (match,) = script.tactics
    assert plain(text, match.header) == "match h with"
    assert [plain(text, left) for left in match.lefts] == ["| .inl a", "| .inr ⟨b, c⟩"]
