"""The text layout of proof states: what is written is read back to an equal value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.proofs import NO_GOALS, Goal, Hypothesis, ProofState, StateSyntaxError

NAMES = st.from_regex(r"[a-zA-Zαβγλ_𝔸][a-zA-Z0-9_'₀₁é]{0,6}", fullmatch=True)
ATOMS = NAMES | st.sampled_from(["S n", "x + 0", "0 <= n", "∀ x, P x", "A -> B", "∃ y : nat, y = 0", '"a := b"%string'])


def _terms(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Terms as assistants print them: brackets match, and `:=` stands in a `let` or in brackets."""
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda t: f"{t[0]} = {t[1]}"),
        two.map(lambda t: f"{t[0]}\n{t[1]}"),
        two.map(lambda t: f"{t[0]}\n\n{t[1]}"),
        two.map(lambda t: f"let x := {t[0]} in {t[1]}"),
        two.map(lambda t: f"let '(a, b) := {t[0]} in\n{t[1]}"),
        two.map(lambda t: f"{{| first := {t[0]}; second := {t[1]} |}}"),
        two.map(lambda t: f"match {t[0]} with\n| O => {t[1]}\n| S _ => 1\nend"),
        inner.map(lambda t: f"({t})"),
        inner.map(lambda t: f"[{t}; ⟨{t}, y⟩]"),
        inner.map(lambda t: f"forall (x : nat) {{y : A}}, {t}"),
        inner.map(lambda t: f"(fix f (n : nat) : nat := {t}) 0"),
    )


TERMS = st.recursive(ATOMS, _terms, max_leaves=6)
HYPOTHESES = st.builds(Hypothesis, st.lists(NAMES, min_size=1, max_size=3).map(tuple), TERMS, st.none() | TERMS)
GOALS = st.builds(Goal, st.lists(HYPOTHESES, max_size=4).map(tuple), TERMS, st.none() | NAMES)
STATES = st.builds(ProofState, st.lists(GOALS, max_size=3).map(tuple))
STEADY = settings(max_examples=60, deadline=None)


@STEADY
@given(STATES)
def test_a_state_reads_back_from_its_text(state: ProofState) -> None:
    assert ProofState.parse(state.text) == state


@STEADY
@given(HYPOTHESES)
def test_a_declaration_reads_back_from_its_text(hypothesis: Hypothesis) -> None:
    assert Hypothesis.parse(hypothesis.text) == hypothesis


@STEADY
@given(GOALS)
def test_only_margin_lines_begin_something(goal: Goal) -> None:
    margin = [line for line in goal.text.split("\n") if not line.startswith("  ")]
    assert len(margin) == len(goal.hypotheses) + 1 + (goal.name is not None)


def test_layout_of_a_state() -> None:
    first = Goal(
        (
            Hypothesis(("A",), "Type"),
            Hypothesis(("x", "y"), "nat"),
            Hypothesis(("n",), "nat", "let m := 2 in\nm + m"),
        ),
        "x = y \\/\nx <> y",
        "inl",
    )
    second = Goal((), "True")
    assert ProofState((first, second)).text == (
        "case inl\nA : Type\nx y : nat\nn : nat := let m := 2 in\n  m + m\n⊢ x = y \\/\n  x <> y\n\n⊢ True"
    )


def test_a_body_begins_at_the_first_definition_outside_brackets_and_lets() -> None:
    assert Hypothesis.parse("n : let m := 2 in P m := let k := 1 in k") == Hypothesis(
        ("n",), "let m := 2 in P m", "let k := 1 in k"
    )
    assert Hypothesis.parse("r : R {| f := 1 |}") == Hypothesis(("r",), "R {| f := 1 |}")
    assert Hypothesis.parse("outlet : nat := 1") == Hypothesis(("outlet",), "nat", "1")


def test_no_goals() -> None:
    assert ProofState(()).text == NO_GOALS
    assert ProofState.parse(NO_GOALS) == ProofState.parse("\n") == ProofState(())


def test_names_of_a_goal_keep_their_order() -> None:
    goal = Goal((Hypothesis(("b", "a"), "nat"), Hypothesis(("c",), "a = b")), "True")
    assert goal.names == ("b", "a", "c")


def test_a_hypothesis_may_be_called_case() -> None:
    goal = Goal((Hypothesis(("case",), "nat"), Hypothesis(("case", "x"), "nat")), "True")
    assert Goal.parse(goal.text) == goal


def test_finished_means_no_goal_of_any_kind() -> None:
    assert ProofState(()).finished
    assert not ProofState((), shelved=1).finished
    assert not ProofState((), given_up=1).finished
    assert not ProofState((Goal((), "True"),)).finished


def test_the_handle_takes_no_part_in_equality() -> None:
    assert ProofState((), handle=1) == ProofState((), handle=2)
    assert len({ProofState((), handle=1), ProofState((), handle=2)}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x : nat", "wanted a line that starts with"),
        ("nonsense\n⊢ True", "names : type"),
        ("⊢ True\nx : nat", "after the conclusion"),
        (" : nat\n⊢ True", "names : type"),
    ],
)
def test_what_is_not_a_state_is_named(text: str, message: str) -> None:
    with pytest.raises(StateSyntaxError, match=message):
        ProofState.parse(text)
