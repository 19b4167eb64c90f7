"""Kinds of lines are finer than levels, and never contradict them."""

from __future__ import annotations

import pytest
from hypothesis import given
from states import FIGURE, STATES, STEADY

from proofloom.hierarchy import (
    KIND_LEVELS,
    OUTSIDE,
    TAGS,
    Kind,
    Level,
    example,
    kind,
    levelled_state,
    levelled_text,
    token_kinds,
)
from proofloom.proofs import ProofState


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("[GOAL]", Kind.CONTEXT),
        ("case inl", Kind.CASE),
        ("α β : Type u_1", Kind.UNIVERSE),
        ("inst✝¹ : Group α", Kind.INSTANCE),
        ("inst : Group α", Kind.INSTANCE),
        ("inst_1 : Group α", Kind.INSTANCE),
        ("instr : nat", Kind.VARIABLE),
        ("install : n = m", Kind.FACT),
        ("n m : nat", Kind.VARIABLE),
        ("f : nat -> nat", Kind.VARIABLE),
        ("C : Set α", Kind.VARIABLE),
        ("k : ℕ := 3", Kind.DEFINITION),
        ("H : n = m", Kind.FACT),
        ("h : ∀ x, P x → Q x", Kind.FACT),
        ("H : forall x : nat, P x", Kind.FACT),
        ("⊢ n = m", Kind.CONCLUSION),
    ],
)
def test_the_kind_of_a_line(line: str, wanted: Kind) -> None:
    level = levelled_text(line).spans[0].level
    assert kind(level, line) is wanted
    assert kind(level, TAGS[Level(level)] + line) is wanted
    assert KIND_LEVELS[wanted] == level


@STEADY
@given(STATES)
def test_kinds_have_the_levels_of_their_tokens(state: ProofState) -> None:
    levelled = example(levelled_state(state), "auto")
    offsets = [(i, i + 1) for i in range(len(levelled.text))] + [(0, 0)]
    levels = [OUTSIDE if one == OUTSIDE else KIND_LEVELS[one] for one in token_kinds(levelled, offsets)]
    assert levels == levelled.token_levels(offsets)


def test_every_level_has_a_kind_and_the_figure_has_instances_and_facts() -> None:
    assert set(KIND_LEVELS) == set(Level)
    levelled = levelled_text(FIGURE)
    kinds = token_kinds(levelled, [(span.start, span.end) for span in levelled.spans])
    assert kinds[:6] == [Kind.CASE, Kind.UNIVERSE, Kind.INSTANCE, Kind.VARIABLE, Kind.VARIABLE, Kind.CONCLUSION]
