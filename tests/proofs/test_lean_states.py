"""States as Lean 4 prints them: every printing feature by hand, and the collected states of public tools."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofloom.proofs import Goal, Hypothesis, ProofState, StateSyntaxError

COLLECTED = Path(__file__).parents[3] / "shared" / "data"
MESSAGES = ("linarith failed", "Error: unsolved goals", "theorem foo :", "∀ x\n")
"""How the six rows of the collection begin that are messages with a state inside and not states."""


def only(*hypotheses: Hypothesis, conclusion: str = "p", name: str | None = None) -> ProofState:
    return ProofState((Goal(hypotheses, conclusion, name),))


def declared(*names: str, type_: str = "Nat", body: str | None = None) -> Hypothesis:
    return Hypothesis(names, type_, body)


@pytest.mark.parametrize(
    ("printed", "state"),
    [
        ("no goals", ProofState(())),
        ("⊢ p", only()),
        ("a b : Nat\n⊢ p", only(declared("a", "b"))),
        ("n✝ x✝¹ : Nat\n⊢ p", only(declared("n✝", "x✝¹"))),
        ("inst✝ : Ring R\n⊢ p", only(declared("inst✝", type_="Ring R"))),
        ("α : Type u_1\n⊢ p", only(declared("α", type_="Type u_1"))),
        ("α β : Sort (max 1 u)\n⊢ p", only(declared("α", "β", type_="Sort (max 1 u)"))),
        ("«my name» x : Nat\n⊢ p", only(declared("«my name»", "x"))),
        ("h : ∀ x : Nat, x = x\n⊢ p", only(declared("h", type_="∀ x : Nat, x = x"))),
        ("x : Nat := 2\n⊢ p", only(declared("x", body="2"))),
        ("x : Nat := let y := 2; y\n⊢ p", only(declared("x", body="let y := 2; y"))),
        ("h : f (n := 3) = 4\n⊢ p", only(declared("h", type_="f (n := 3) = 4"))),
        ("h : let y := 2; y = 2\n⊢ p", only(declared("h", type_="let y := 2; y = 2"))),
        ("h : have y := 2; y = 2 := rfl\n⊢ p", only(declared("h", type_="have y := 2; y = 2", body="rfl"))),
        ("c : Char := ':'\n⊢ p", only(declared("c", type_="Char", body="':'"))),
        ('s : String := "a : b := c"\n⊢ p', only(declared("s", type_="String", body='"a : b := c"'))),
        ("case inl\n⊢ p", only(name="inl")),
        ("case h.mk.intro\n⊢ p", only(name="h.mk.intro")),
        ("case «case a»\n⊢ p", only(name="«case a»")),
        ("case : Nat\n⊢ p", only(declared("case"))),
        ("case x : Nat\n⊢ p", only(declared("case", "x"))),
        ("case :\n  Nat\n⊢ p", only(declared("case"))),
        ("⊢ a →\n    b", only(conclusion="a →\n  b")),
        ("h :\n  a →\n    b\n⊢ p", only(declared("h", type_="a →\n  b"))),
        ("h :\n  ∀ x : Nat, x = x\n⊢ p", only(declared("h", type_="∀ x : Nat, x = x"))),
        ("f : Nat → Nat :=\n  fun x =>\n    let z := 2;\n    x + z\n⊢ p",
         only(declared("f", type_="Nat → Nat", body="fun x =>\n  let z := 2;\n  x + z"))),
        ("f :\n  Nat →\n    Nat :=\n  id\n⊢ p", only(declared("f", type_="Nat →\n  Nat", body="id"))),
        ("case inl\n\n⊢ p", only(name="inl")),
        ("case a\n⊢ p\n\ncase b\nn : Nat\n⊢ q", ProofState((Goal((), "p", "a"), Goal((declared("n"),), "q", "b")))),
        ("⊢ p\n\n⊢ q\n\n⊢ r", ProofState((Goal((), "p"), Goal((), "q"), Goal((), "r")))),
    ],
)  # fmt: skip
def test_each_feature_of_printing_is_read(printed: str, state: ProofState) -> None:
    assert ProofState.parse(printed) == state
    assert ProofState.parse(state.text) == state


@pytest.mark.parametrize(
    "printed",
    [
        "linarith failed to find a contradiction\ncase a\n⊢ False\nfailed",
        "x : Nat",
        "⊢ p\nh : Nat",
        ": Nat\n⊢ p",
        "h :\n⊢ p",
    ],
)
def test_what_is_no_state_is_refused(printed: str) -> None:
    with pytest.raises(StateSyntaxError, match=r"wanted|after the conclusion"):
        ProofState.parse(printed)


@pytest.mark.parametrize(
    ("file", "field", "states"),
    [
        ("lean_states.jsonl", "state", 83),
        ("minif2f_lean4_valid.jsonl", "goal", 244),
        ("proofnet_lean4_valid.jsonl", "goal", 185),
    ],
)
def test_every_collected_state_reads_and_is_written_as_it_was(file: str, field: str, states: int) -> None:
    if not (COLLECTED / file).is_file():
        pytest.skip(f"{COLLECTED / file} is not here")
    rows = [json.loads(line)[field].strip("\n") for line in (COLLECTED / file).read_text("utf-8").splitlines()]
    messages = [text for text in rows if text.startswith(MESSAGES)]
    printed = [text for text in rows if text not in messages]
    assert len(printed) == states
    for text in printed:
        state = ProofState.parse(text)
        assert state.text == text.replace("case inl\n\n", "case inl\n")
        assert ProofState.parse(state.text) == state
    for text in messages:
        with pytest.raises(StateSyntaxError):
            ProofState.parse(text)
