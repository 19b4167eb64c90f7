"""What a model is shown of a state, and what of it stays when it is too long."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.hierarchy import GOAL_MARKER, STEP_MARKER, example, levelled_text
from proofloom.models.prompt import Prompt
from proofloom.proofs import Goal, Hypothesis, ProofState

STATE = ProofState(
    (
        Goal((Hypothesis(("n", "m"), "nat"), Hypothesis(("IH",), "n + 0 = n")), "S n + 0 = S n"),
        Goal((Hypothesis(("b",), "bool"),), "b = b"),
        Goal((), "True"),
    )
)
FIRST = STATE.goals[0].text


def characters(text: str) -> tuple[list[int], list[int]]:
    """Each character is a token, but a marker is one."""
    tokens, ends, place = [], [], 0
    while place < len(text):
        size = next((len(mark) for mark in (GOAL_MARKER, STEP_MARKER) if text.startswith(mark, place)), 1)
        tokens.append(-size if size > 1 else ord(text[place]))
        place += size
        ends.append(place)
    return tokens, ends


def test_the_prompt_is_that_of_a_training_example() -> None:
    assert Prompt.of(STATE).text == example(levelled_text(STATE.text)).text
    assert Prompt.of(STATE).cut_to_characters(10_000) == Prompt.of(STATE).text


def test_later_goals_go_first_and_the_last_of_them_before() -> None:
    whole = Prompt.of(STATE).text
    without_last = f"[GOAL]{FIRST}\n\nb : bool\n⊢ b = b[PROOFSTEP]"
    assert Prompt.of(STATE).cut_to_characters(len(whole)) == whole
    assert Prompt.of(STATE).cut_to_characters(len(whole) - 1) == without_last
    assert Prompt.of(STATE).cut_to_characters(len(without_last) - 1) == f"[GOAL]{FIRST}[PROOFSTEP]"


@settings(max_examples=40, deadline=None)
@given(st.integers(18, 120))
def test_the_first_goal_is_cut_on_the_left(limit: int) -> None:
    text = Prompt.of(STATE).cut_to_characters(limit)
    assert len(text) <= limit
    assert text.startswith("[GOAL]")
    assert text.endswith("[PROOFSTEP]")
    body = text.removeprefix("[GOAL]").removesuffix("[PROOFSTEP]")
    assert FIRST.endswith(body) if len(body) <= len(FIRST) else STATE.text.startswith(body)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 120))
def test_tokens_and_characters_are_cut_alike(limit: int) -> None:
    tokens = Prompt.of(STATE).cut_to_tokens(limit, characters)
    assert len(tokens) <= limit
    markers = len("[GOAL]") + len("[PROOFSTEP]")
    assert tokens == characters(Prompt.of(STATE).cut_to_characters(limit - 2 + markers))[0]


def test_a_limit_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="prompt limit 17: wanted more than 17"):
        Prompt.of(STATE).cut_to_characters(17)
    with pytest.raises(ValueError, match="prompt limit 1: wanted more than 1"):
        Prompt.of(STATE).cut_to_tokens(1, characters)
