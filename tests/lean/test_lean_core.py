"""The small Lean is a real one: it runs tactics, prints goals, names axioms, and refuses what is wrong."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from small_lean import HEADER

from proofloom.proofs import Goal, Hypothesis, ProofState

THEOREMS = {
    "exact": ("(p : Prop) (h : p) : p", "exact h"),
    "intro, constructor, bullets": ("(p q : Prop) : p → q → p ∧ q", "intro a b\nconstructor\n· exact a\n· exact b"),
    "cases with names": ("(p q : Prop) (h : p ∧ q) : q ∧ p", "cases h with\n| intro a b => exact ⟨b, a⟩"),
    "cases without names": ("(p q : Prop) (h : p ∨ q) : q ∨ p", "cases h\n· right; assumption\n· left; assumption"),
    "rcases": ("(p q : Prop) (h : p ∨ q) : q ∨ p", "rcases h with a | b\n· exact .inr a\n· exact .inl b"),
    "obtain": ("(p q r : Prop) (h : p ∧ q ∧ r) : q", "obtain ⟨_, b, _⟩ := h\nexact b"),
    "rintro": ("(p q : Prop) : p ∧ q → q", "rintro ⟨_, b⟩\nexact b"),
    "exists": ("(f : Nat → Prop) (h : f 2) : ∃ x, f x", "exists 2"),
    "apply and <;>": ("(p q : Prop) (h : p → p → q) (a : p) : q", "apply h <;> assumption"),
    "have and show": ("(p q : Prop) (h : p → q) (a : p) : q", "have b : q := h a\nshow q\nexact b"),
    "have with a block": ("(p q : Prop) (h : p → q) (a : p) : q", "have b : q := by\n  exact h a\nexact b"),
    "suffices": ("(p q : Prop) (h : p → q) (a : p) : q", "suffices b : p from h b\nexact a"),
    "exfalso": ("(p : Prop) (h : False) : p", "exfalso\nexact h"),
    "contradiction": ("(p q : Prop) (a : p) (b : ¬p) : q", "contradiction"),
    "other constructors": ("(n : Nat) (h : n + 1 = 0) : False", "cases h"),
    "injection": ("(n m : Nat) (h : n + 1 = m + 1) : n = m", "injection h"),
    "subst": ("(n m : Nat) (h : n = m) : m = n", "subst h\nrfl"),
    "rw": ("(n m k : Nat) (h : n = m) (g : m = k) : n = k", "rw [h, g]"),
    "rw at, backwards": ("(n m k : Nat) (h : n = m) (g : n = k) : m = k", "rw [← g]\nrw [← h] "),
    "simp": ("(p : Prop) (n : Nat) (h : p) : (n = n ∧ p) ∧ True", "simp [h]"),
    "decide": (": 2 ≤ 5 ∧ 3 = 3", "constructor <;> decide"),
    "induction": (
        "(n : Nat) : 0 + n = n",
        "induction n with\n| zero => rfl\n| succ n ih => exact congrArg Nat.succ ih",
    ),
    "first and try": ("(p : Prop) (h : p) : p", "try contradiction\nfirst | rfl | exact h"),
    "let and change": (": 1 + 1 = 2", "let n := 2\nchange 1 + 1 = n\nrfl"),
    "revert, generalize": ("(n : Nat) (h : n = n) : n = n", "revert h\ngeneralize n = m\nintro h\nexact h"),
    "unfold": ("(p : Prop) (h : p → False) : ¬p", "unfold Not\nexact h"),
}


def messages(lean: Path, folder: Path, text: str, *options: str) -> list[dict[str, Any]]:
    """What Lean says about a file with this text."""
    (folder / "T.lean").write_text(HEADER + text, encoding="utf-8")
    command = [lean, "--json", *options, "T.lean"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_version(lean: Path) -> None:
    done = subprocess.run([lean, "--version"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("Lean (version 4.35.0,")


def test_tactics_prove(lean: Path, tmp_path: Path) -> None:
    parts = []
    for number, (statement, script) in enumerate(THEOREMS.values()):
        lines = "\n".join(f"  {line}" for line in script.split("\n"))
        parts.append(f"theorem t{number} {statement} := by\n{lines}\n")
    assert messages(lean, tmp_path, "".join(parts)) == []


def test_goals_are_printed_with_notation_tags_and_line_breaks(lean: Path, tmp_path: Path) -> None:
    text = "theorem t (n m : Nat) (p : Nat → Prop) (h : n = m ∧ ¬p n ∨ ∃ x, p (x + 2 * n)) : n ≠ 0 ↔ p m := by\n"
    text += "  constructor\n  skip\n"
    (message,) = messages(lean, tmp_path, text)
    title, _, goals = message["data"].partition("\n")
    context = (
        Hypothesis(("n", "m"), "Nat"),
        Hypothesis(("p",), "Nat → Prop"),
        Hypothesis(("h",), "n = m ∧ ¬p n ∨ ∃ x, p (x + 2 * n)"),
    )
    first, second = Goal(context, "n ≠ 0 → p m", "mp"), Goal(context, "p m → n ≠ 0", "mpr")
    assert title == "unsolved goals"
    assert ProofState.parse(goals) == ProofState((first, second))


def test_long_declarations_are_read_from_several_lines(lean: Path, tmp_path: Path) -> None:
    total = " + ".join("abcdefghijklmnop")
    text = f"theorem t ({' '.join('abcdefghijklmnop')} : Nat) (hyp : {total} = 0 → {total} = 0 ∧ {total} = 1) :\n"
    text += (
        f"    {total} = 0 → {total} = 1 := by\n  induction a\n  all_goals\n    let sum := {total.replace('a', '1')}\n"
    )
    text += "    let add := fun (x : Nat) => let z := 2; x + z\n"
    (message,) = messages(lean, tmp_path, text)
    printed = message["data"].partition("\n")[2]
    state = ProofState.parse(printed)
    assert " ".join(state.text.split()) == " ".join(printed.split())
    assert ProofState.parse(state.text) == state
    goal = state.goals[1]
    assert goal.name == "succ"
    assert [hypothesis.names for hypothesis in goal.hypotheses][-4:] == [
        ("a✝",),
        ("hyp",),
        ("sum",),
        ("add",),
    ]
    assert [hypothesis.type for hypothesis in goal.hypotheses][-2:] == ["Nat", "Nat → Nat"]
    assert goal.hypotheses[-1].body == "fun x =>\n  let z := 2;\n  x + z"
    assert all(not (hypothesis.type[0].isspace()) for hypothesis in goal.hypotheses)


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("rfl", "Tactic `rfl` failed"),
        ("exact h", "Unknown identifier"),
        ("wish", "unknown tactic"),
        ("cases n", "unsolved"),
    ],
)
def test_what_is_wrong_is_refused(lean: Path, tmp_path: Path, script: str, kind: str) -> None:
    found = messages(lean, tmp_path, f"theorem t (n : Nat) : n = 0 := by\n  {script}\n")
    assert any(message["severity"] == "error" and kind.lower() in message["data"].lower() for message in found), found


def test_axioms_are_named(lean: Path, tmp_path: Path) -> None:
    text = "axiom mine : 1 = 2\ntheorem a : 1 = 2 := mine\ntheorem b (p : Prop) (h : p) : p ∧ True := by simp [h]\n"
    text += "theorem c : 1 = 2 := by sorry\ntheorem d : 1 = 1 := rfl\n"
    text += "".join(f"#print axioms {name}\n" for name in "abcd")
    found = [message["data"] for message in messages(lean, tmp_path, text)]
    assert found == [
        "declaration uses `sorry`",
        "'a' depends on axioms: [mine]",
        "'b' depends on axioms: [propext]",
        "'c' depends on axioms: [sorryAx]",
        "'d' does not depend on any axioms",
    ]
