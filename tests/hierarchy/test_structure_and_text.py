"""Levels from structure and from text: the paper's figure, and agreement on everything that a state can print."""

from __future__ import annotations

import pytest
from hypothesis import given
from states import FIGURE, STATES, STEADY

from proofloom.hierarchy import (
    PAPER_RULES,
    Level,
    Universes,
    declaration_level,
    is_universe,
    levelled_state,
    levelled_text,
    state_spans,
    text_spans,
)
from proofloom.proofs import NO_GOALS, Goal, Hypothesis, ProofState

C, K, T, N, G = Level  # context, case, type, instance, goal


def lines(text: str, levels: list[int]) -> list[tuple[str, int]]:
    """Each line with the level of its first character; a line of several levels fails."""
    found, position = [], 0
    for line in text.split("\n"):
        of_line = set(levels[position : position + len(line) + 1])
        assert len(of_line) == 1
        found.append((line, of_line.pop()))
        position += len(line) + 1
    return found


def test_the_figure_of_the_paper_line_by_line() -> None:
    wanted = [K, T, N, N, N, G, C, K, T, N, N, N, G]
    for levelled in (
        levelled_state(ProofState.parse(FIGURE)),
        levelled_text(FIGURE),
        levelled_text(FIGURE, PAPER_RULES),
    ):
        assert [level for _, level in lines(FIGURE, levelled.character_levels())] == wanted
    assert [span.goal for span in text_spans(FIGURE) if span.level == K] == [0, 1]


@STEADY
@given(STATES)
def test_text_and_structure_give_every_character_the_same_level_and_goal(state: ProofState) -> None:
    text, structure = levelled_text(state.text), levelled_state(state)
    assert text.text == structure.text == state.text
    assert text.character_levels() == structure.character_levels()
    goals = [[span.goal for span in one.spans if span.level != Level.CONTEXT] for one in (text, structure)]
    assert goals[0] == goals[1]


@STEADY
@given(STATES)
def test_structure_has_one_span_for_each_declaration(state: ProofState) -> None:
    levels = [span.level for span in state_spans(state)]
    hypotheses = [hypothesis for goal in state.goals for hypothesis in goal.hypotheses]
    assert levels.count(G) == len(state.goals)
    assert levels.count(K) == sum(goal.name is not None for goal in state.goals)
    assert levels.count(T) == sum(is_universe(hypothesis.type) for hypothesis in hypotheses)
    assert levels.count(T) + levels.count(N) == len(hypotheses)


@pytest.mark.parametrize(
    ("type_", "universe"),
    [
        ("Type", True),
        ("Type u_1", True),
        ("Type (max u (v + 1))", True),
        ("Type ?u.12", True),
        ("Sort (u+1)", True),
        ("Type@{Top.1}", True),
        ("Set", True),
        ("Prop", True),
        ("SProp", True),
        ("Set α", False),
        ("Type -> Type", False),
        ("α → Type", False),
        ("nat -> Prop", False),
        ("TypeOf x", False),
        ("Type u → Type v", False),
        ("nat", False),
        ("Prop -> Prop", False),
    ],
)
def test_a_universe_is_a_universe_and_nothing_more(type_: str, universe: bool) -> None:
    assert is_universe(type_) is universe
    level = Level.TYPE if universe else Level.INSTANCE
    for body in (None, "nat", "let x := 1 in\nx"):
        hypothesis = Hypothesis(("A", "B"), type_, body)
        assert declaration_level(hypothesis) is level
        assert text_spans(hypothesis.text)[0].level == level


@pytest.mark.parametrize(
    ("text", "ours", "paper"),
    [
        ("P Q : Prop", T, N),
        ("A : Set", T, N),
        ("A : Type@{u}", T, N),
        ("F : Type u → Type v", N, T),
        ("F : Type ->\n  Type", N, T),
        ("case : nat", N, K),
        ("case x : nat", N, K),
        ("h :\n    ∀ x, P x", N, N),
        ("m n : ℕ", N, N),
        ("f : {x : A | P x}", N, N),
        ("linarith failed", C, C),
        ("  x : nat", C, C),
        ("⊢ x : Type", G, G),
    ],
)
def test_where_the_rules_of_the_paper_differ(text: str, ours: Level, paper: Level) -> None:
    assert {span.level for span in text_spans(text)} == {ours}
    assert {span.level for span in text_spans(text, PAPER_RULES)} == {paper}


@pytest.mark.parametrize(
    ("type_", "rocq", "lean"),
    [
        ("Sort l", False, True),
        ("Type u", False, True),
        ("Type*", False, True),
        ("Set", True, False),
        ("SProp", True, False),
        ("Type@{u}", True, False),
        ("Type", True, True),
        ("Prop", True, True),
        ("nat", False, False),
    ],
)
def test_who_knows_the_assistant_is_told_apart(type_: str, rocq: bool, lean: bool) -> None:
    assert is_universe(type_, Universes.ROCQ) is rocq
    assert is_universe(type_, Universes.LEAN) is lean
    assert is_universe(type_) is (rocq or lean)
    state = ProofState((Goal((Hypothesis(("x",), type_),), "x = x"),))
    assert [span.level for span in state_spans(state, Universes.ROCQ)] == [T if rocq else N, G]


def test_no_goals_is_context_and_an_empty_text_has_no_level() -> None:
    assert {span.level for span in state_spans(ProofState(()))} == {Level.CONTEXT}
    assert {span.level for span in text_spans(NO_GOALS)} == {Level.CONTEXT}
    assert text_spans("") == ()


def test_an_empty_line_inside_a_goal_is_context_and_ends_no_goal() -> None:
    spans = text_spans("case inl\n\n⊢ a\n\n⊢ b\n")
    assert [(span.level, span.goal) for span in spans] == [(K, 0), (C, 0), (G, 0), (C, 0), (G, 1)]


def test_a_goal_whose_conclusion_spans_lines_is_one_span() -> None:
    state = ProofState((Goal((), "a\n\ncase b"), Goal((), "c")))
    assert [span.level for span in state_spans(state)] == [G, C, G]
