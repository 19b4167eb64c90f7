"""Proof states made at random, and the figure of the paper as a text."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from proofloom.proofs import Goal, Hypothesis, ProofState

FIGURE = """\
case closed
α : Type u_1
inst✝¹ : TopologicalSpace α
C : Set α
hC : Preperfect C
⊢ IsClosed (closure C)

case acc
α : Type u_1
inst✝¹ : TopologicalSpace α
C : Set α
hC : Preperfect C
⊢ Preperfect (closure C)"""
"""The training input that the paper's overview figure draws, with the lines that it leaves out of the second goal."""

NAMES = st.from_regex(r"[a-zA-Zαβ_][a-zA-Z0-9_'✝₁]{0,5}", fullmatch=True) | st.just("case")
UNIVERSES = st.sampled_from(
    ["Type", "Prop", "Set", "SProp", "Type u_1", "Type (max u (v + 1))", "Sort u", "Type@{u}", "Type\nu", "Sort (u+1)"]
)
ATOMS = NAMES | st.sampled_from(
    ["S n", "0 <= n", "∀ x : T, P x", "nat -> Prop", "Type -> Type", "Set α", "case x : y", "⊢ x", "{x : A | P x}"]
)


def _terms(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda t: f"{t[0]} = {t[1]}"),
        two.map(lambda t: f"{t[0]}\n{t[1]}"),
        two.map(lambda t: f"{t[0]}\n\ncase x\n{t[1]}"),
        two.map(lambda t: f"let x := {t[0]} in {t[1]}"),
        two.map(lambda t: f"Type ->\n{t[0]} -> {t[1]}"),
        inner.map(lambda t: f"({t})"),
    )


TERMS = st.recursive(ATOMS, _terms, max_leaves=5)
HYPOTHESES = st.builds(
    Hypothesis, st.lists(NAMES, min_size=1, max_size=3).map(tuple), TERMS | UNIVERSES, st.none() | TERMS
)
GOALS = st.builds(Goal, st.lists(HYPOTHESES, max_size=4).map(tuple), TERMS, st.none() | NAMES)
STATES = st.builds(ProofState, st.lists(GOALS, max_size=3).map(tuple))

STEADY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For tests over states: they are slow to make, and a busy machine is no fault of the code."""
