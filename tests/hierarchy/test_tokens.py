"""Levels of tokens through offsets, the markers and the tactic, and explicit tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from states import FIGURE, STATES, STEADY

from proofloom.hierarchy import (
    GOAL_MARKER,
    OUTSIDE,
    STEP_MARKER,
    TAGS,
    Level,
    LevelledText,
    Span,
    example,
    levelled_state,
    levelled_text,
    tagged,
)
from proofloom.proofs import ProofState


@STEADY
@given(STATES, st.data())
def test_a_token_has_the_level_of_its_first_visible_character(state: ProofState, data: st.DataObject) -> None:
    levelled = levelled_state(state)
    levels, text = levelled.character_levels(), levelled.text
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    offsets = list(zip([0, *cuts], [*cuts, len(text)], strict=True))
    for (start, end), level in zip(offsets, levelled.token_levels(offsets), strict=True):
        visible = [i for i in range(start, end) if not text[i].isspace()]
        wanted = levels[visible[0]] if visible else levels[start] if start < end else OUTSIDE
        assert level == wanted


def test_markers_tactic_and_special_tokens() -> None:
    whole = example(levelled_text("A : Type\n⊢ A"), "intro x.")
    assert whole.text == "[GOAL]A : Type\n⊢ A[PROOFSTEP]intro x."
    pieces = ["[GOAL]", "A", " : Type", "\n⊢", " A", "[PROOFSTEP]", "intro", " x", "."]
    ends = [len("".join(pieces[: i + 1])) for i in range(len(pieces))]
    offsets = list(zip([0, *ends[:-1]], ends, strict=True))
    T, G, X = Level.TYPE, Level.GOAL, OUTSIDE
    assert whole.token_levels([(0, 0), *offsets, (0, 0)]) == [X, Level.CONTEXT, T, T, G, G, X, X, X, X, X]
    assert whole.token_goals(offsets) == [0, 0, 0, 0, 0, X, X, X, X]
    counted = example(levelled_text("A : Type\n⊢ A"), "intro x.", step_level=Level.GOAL)
    assert counted.token_levels(offsets) == [Level.CONTEXT, T, T, G, G, G, G, G, G]


@pytest.mark.parametrize("level", [Level.CONTEXT, Level.INSTANCE])
def test_a_tactic_is_never_forbidden_to_read_the_goal(level: Level) -> None:
    with pytest.raises(ValueError, match="step_level"):
        example(levelled_text("⊢ A"), "auto", step_level=level)


@STEADY
@given(STATES, st.text(max_size=20))
def test_an_example_keeps_the_levels_of_its_state(state: ProofState, tactic: str) -> None:
    levelled = levelled_state(state)
    levels = example(levelled, tactic).character_levels()
    begin, end = len(GOAL_MARKER), len(GOAL_MARKER) + len(levelled.text)
    assert levels[begin:end] == levelled.character_levels()
    assert set(levels[:begin]) == {Level.CONTEXT}
    assert set(levels[end:]) == {OUTSIDE}
    assert len(levels) == end + len(STEP_MARKER) + len(tactic)


def test_offsets_and_spans_that_do_not_fit_are_refused() -> None:
    levelled = levelled_text("⊢ A")
    with pytest.raises(ValueError, match=r"offset 0\.\.9"):
        levelled.token_levels([(0, 9)])
    with pytest.raises(ValueError, match="spans end at 2"):
        LevelledText("abc", (Span(0, 2, 0),))
    with pytest.raises(ValueError, match="start at 1"):
        LevelledText("abc", (Span(0, 1, 0), Span(2, 3, 0)))


def test_tags_stand_before_lines_and_levels_stay() -> None:
    levelled = tagged(levelled_text(FIGURE))
    lines = levelled.text.split("\n")
    assert lines[:3] == ["<case>case closed", "<type>α : Type u_1", "<instance>inst✝¹ : TopologicalSpace α"]
    assert lines[5:8] == ["<goal>⊢ IsClosed (closure C)", "", "<case>case acc"]
    assert levelled.character_levels()[: len("<case>case closed\n<")] == [Level.CASE] * 18 + [Level.TYPE]


@STEADY
@given(STATES)
def test_tags_only_add(state: ProofState) -> None:
    plain, marked = levelled_state(state), tagged(levelled_state(state))
    text, kept = marked.text, []
    for before, after in zip(plain.spans, marked.spans, strict=True):
        part = text[after.start : after.end]
        tag = TAGS[Level(after.level)] if state.goals and part != "\n" else TAGS[Level.CONTEXT] if part != "\n" else ""
        assert part.startswith(tag)
        kept.append(part[len(tag) :])
        assert before.level == after.level
    assert "".join(kept) == plain.text
