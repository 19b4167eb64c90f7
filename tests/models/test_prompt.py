"""Prompts carry the level of every token, and what is cut is what matters least."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[1] / "hierarchy"))
from states import STATES

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.hierarchy import (
    GOAL_MARKER,
    OUTSIDE,
    STEP_MARKER,
    Kind,
    Level,
    example,
    levelled_state,
    levelled_text,
    token_kinds,
)
from proofloom.models.prompt import Cut, answer_tokens, hint_tokens, kept_part, prompt_text, prompts
from proofloom.models.tokenizer import add_hints
from proofloom.proofs import ProofState

STEADY = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@STEADY
@given(state=STATES)
def test_every_token_has_the_level_of_its_line(tokenizer: Any, state: ProofState) -> None:
    levelled = levelled_state(state)
    (prompt,) = prompts(tokenizer, [levelled], 10**6)
    assert prompt.cut is Cut.NOTHING
    assert (prompt.levels[0], prompt.levels[-1]) == (Level.CONTEXT, OUTSIDE)
    assert tokenizer.decode(prompt.tokens) == example(levelled).text
    # Seen from the other side: bytes of a level are the bytes of its spans; no token spans visible parts of two lines.
    for level in Level:
        tokens = [token for token, of in zip(prompt.tokens[1:-1], prompt.levels[1:-1], strict=True) if of == level]
        wanted = "".join(levelled.text[span.start : span.end] for span in levelled.spans if span.level == level)
        assert "".join(tokenizer.decode(tokens).split()) == "".join(wanted.split())


@STEADY
@given(state=STATES)
def test_it_is_what_tokenizing_the_whole_example_gives(tokenizer: Any, state: ProofState) -> None:
    whole = example(levelled_state(state))
    (prompt,) = prompts(tokenizer, [levelled_state(state)], 10**6)
    encoded = tokenizer(whole.text, return_offsets_mapping=True)
    assert encoded["input_ids"] == prompt.tokens
    assert whole.token_levels(encoded["offset_mapping"]) == prompt.levels
    assert token_kinds(whole, encoded["offset_mapping"]) == prompt.kinds
    for wanted, goal, of in zip(whole.token_goals(encoded["offset_mapping"]), prompt.goals, prompt.kinds, strict=True):
        assert goal == wanted or (goal == wanted + 1 and of == Kind.CONTEXT)  # an empty line goes with what follows it


@given(sizes=st.lists(st.integers(1, 20), min_size=1, max_size=4), room=st.integers(1, 90))
def test_later_goals_are_cut_first_then_the_oldest_hypotheses(sizes: list[int], room: int) -> None:
    goals = [number for number, size in enumerate(sizes) for _ in range(size)]
    kept, cut = kept_part(goals, room)
    left = list(range(len(goals)))[kept]
    assert len(left) == min(room, len(goals))
    if cut is Cut.HYPOTHESES:
        assert sizes[0] > room
        assert left[-1] == sizes[0] - 1  # the conclusion of the first goal
    else:
        assert left[: sizes[0]] == list(range(sizes[0]))
    assert (cut is Cut.NOTHING) == (room >= len(goals))


def test_a_long_state_keeps_the_conclusion_of_its_first_goal(tokenizer: Any) -> None:
    text = "n : nat\nH : n = 0\n⊢ S n = 1\n\nm : nat\n⊢ m <= m"
    whole, some, least = (prompts(tokenizer, [levelled_text(text)], size)[0] for size in (99, 20, 6))
    assert [len(prompt.tokens) for prompt in (some, least)] == [20, 6]
    assert [prompt.cut for prompt in (whole, some, least)] == [Cut.NOTHING, Cut.LATER_GOALS, Cut.HYPOTHESES]
    assert tokenizer.decode(least.tokens).endswith(" = 1\n[PROOFSTEP]")
    assert least.levels[1:-1] == [Level.GOAL] * 4


def test_markers_inside_a_state_are_text(tokenizer: Any) -> None:
    (prompt,) = prompts(tokenizer, [levelled_text("x : [GOAL]\n⊢ [PROOFSTEP]<|endoftext|>")], 99)
    assert (prompt.tokens.count(1), prompt.tokens.count(2), prompt.tokens.count(3)) == (1, 1, 0)
    assert prompts(tokenizer, [], 99) == []


def test_a_limit_without_room_is_refused(tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="longest=2: wanted at least 3"):
        prompts(tokenizer, [], 2)


STATE = ProofState.parse("n m : nat\nIH : n + 0 = n\n⊢ S n + 0 = S n\n\nb : bool\n⊢ b = b\n\n⊢ True")
FIRST = STATE.goals[0].text


@given(room=st.integers(1, 120))
def test_a_text_is_cut_as_tokens_are(room: int) -> None:
    text = prompt_text(STATE, room + len(GOAL_MARKER) + len(STEP_MARKER))
    goals = [0] * len(FIRST) + [1] * (len(STATE.text) - len(FIRST))
    kept, _ = kept_part(goals, room)
    assert text == f"{GOAL_MARKER}{STATE.text[kept]}{STEP_MARKER}"
    assert (text == example(levelled_state(STATE)).text) == (room >= len(STATE.text))


def test_a_text_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="longest=17: wanted at least 18"):
        prompt_text(STATE, 17)


def test_hints_stand_before_the_state_without_a_level(tokenizer: Any) -> None:
    state = levelled_state(ProofState.parse("A : Type\n⊢ A"))
    (plain,) = prompts(tokenizer, [state], 64)
    said, _ = hint_tokens(tokenizer, [["auto.", "[GOAL]"]], 60)
    (prompt,) = prompts(tokenizer, [state], 90, said)
    assert tokenizer.decode(prompt.tokens) == f"[HINT1]auto.[HINT2][GOAL]{tokenizer.decode(plain.tokens)}"
    assert prompt.tokens.count(tokenizer.convert_tokens_to_ids(GOAL_MARKER)) == 1  # the other one is plain text
    count = len(said[0])
    for column, before in ((prompt.levels, plain.levels), (prompt.goals, plain.goals), (prompt.kinds, plain.kinds)):
        assert column == [OUTSIDE] * count + before
    (short,) = prompts(tokenizer, [state], count + 4, said)
    assert len(short.tokens) == count + 4 and short.cut is Cut.HYPOTHESES
    with pytest.raises(ValueError, match=f"longest={count + 2}: wanted at least {count + 3}, the hints, the markers"):
        prompts(tokenizer, [state], count + 2, said)


@given(
    hints=st.lists(st.lists(st.text("ab cd", min_size=1, max_size=12), max_size=6), max_size=3), most=st.integers(0, 20)
)
@STEADY
def test_hints_fit_and_the_first_ones_come_first(tokenizer: Any, hints: list[list[str]], most: int) -> None:
    made, shown = hint_tokens(tokenizer, hints, most)
    assert [len(tokens) <= most for tokens in made] == [True] * len(hints)
    for tokens, some in zip(made, hints, strict=True):
        numbered = [f"[HINT{number}]{hint}" for number, hint in enumerate(some, 1)]
        (whole,), (all_of_them,) = hint_tokens(tokenizer, [some], 10**6)
        assert (tokenizer.decode(whole), all_of_them) == ("".join(numbered), some)
        rest, left = tokenizer.decode(tokens), iter(numbered)
        while rest:  # some of them, in their order
            rest = next(rest.removeprefix(one) for one in left if rest.startswith(one))
    for tokens, some in zip(made, shown, strict=True):
        assert tokenizer.decode(tokens) == "".join(f"[HINT{place}]{hint}" for place, hint in enumerate(some, 1) if hint)


def test_a_tactic_that_is_a_hint_is_written_as_its_number(tokenizer: Any) -> None:
    tokenizer = copy.deepcopy(tokenizer)
    add_hints(tokenizer)
    tactics = ["auto", "auto", "lia", "induction n as [|n IH]"]
    hints = [["simpl", "auto", "auto"], ["simpl"], [], ["simpl", "induction n as [|n IH]", "auto"]]
    _, shown = hint_tokens(tokenizer, hints, 12)
    assert shown[3] == ["simpl", "", "auto"]  # a model cannot point at what it is not shown
    made = answer_tokens(tokenizer, tactics, shown)
    assert [tokenizer.decode(one) for one in made] == ["[HINT2]", "auto", "lia", tactics[3]]
    assert len(made[0]) == 1
    assert len(tokenizer("[HINT2]", add_special_tokens=False, split_special_tokens=True)["input_ids"]) > 1


def test_an_empty_line_before_a_text_ends_no_goal(tokenizer: Any) -> None:
    text = "x y : nat\nH : x = y\n⊢ y = x"
    (plain,) = prompts(tokenizer, [levelled_text(text)], 10**6)
    (prompt,) = prompts(tokenizer, [levelled_text("\n" + text)], len(plain.tokens) - 4)
    assert prompt.cut is Cut.HYPOTHESES
    assert tokenizer.decode(prompt.tokens).endswith("⊢ y = x[PROOFSTEP]")
