"""From levels of characters to levels of tokens, through the offsets that a fast tokenizer reports.

A training example is `[GOAL]` state `[PROOFSTEP]` tactic, without separators (the format of LLMSTEP, which the paper
follows).  The first marker is CONTEXT; the second and the tactic are outside the state, so they are in no flow: a
tactic must be free to read the goal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from proofloom.hierarchy.levels import OUTSIDE, Level, Span

GOAL_MARKER = "[GOAL]"
STEP_MARKER = "[PROOFSTEP]"
HINT_MARKERS = tuple(f"[HINT{number}]" for number in range(1, 17))
"""The numbers of hints: each stands before its hint, and is what a model writes that means the hint."""


@dataclass(frozen=True, slots=True)
class LevelledText:
    """A text whose characters have levels: `spans` are in order, without gaps, and end where the text ends."""

    text: str
    spans: tuple[Span, ...]

    def __post_init__(self) -> None:
        position = 0
        for span in self.spans:
            if span.start != position:
                raise ValueError(f"span {span.start}..{span.end}: wanted it to start at {position}, where one ends")
            position = span.end
        if position != len(self.text):
            raise ValueError(f"spans end at {position}: wanted {len(self.text)}, where the text ends")

    def character_levels(self) -> list[int]:
        """One level for each character."""
        return [span.level for span in self.spans for _ in range(span.start, span.end)]

    def token_levels(self, offsets: Sequence[tuple[int, int]]) -> list[int]:
        """One level for each token, given where it starts and ends in the text (`return_offsets_mapping`).

        A token has the level of its first character that is no white space, or of its first.  A token of no
        characters (special tokens, padding) is OUTSIDE.
        """
        return [OUTSIDE if span is None else span.level for span in self.token_spans(offsets)]

    def token_goals(self, offsets: Sequence[tuple[int, int]]) -> list[int]:
        """The number of the goal that each token belongs to, from 0; OUTSIDE where the level is."""
        spans = self.token_spans(offsets)
        return [OUTSIDE if span is None or span.level == OUTSIDE else span.goal for span in spans]

    def token_spans(self, offsets: Sequence[tuple[int, int]]) -> list[Span | None]:
        """The span that gives each token its level, None for a token of no characters."""
        kept = [span for span in self.spans if span.start < span.end]
        starts = [span.start for span in kept]
        found: list[Span | None] = []
        for start, end in offsets:
            if not 0 <= start <= end <= len(self.text):
                raise ValueError(f"token offset {start}..{end}: wanted it inside 0..{len(self.text)}")
            token = self.text[start:end]
            blank = len(token) - len(token.lstrip())
            place = start if blank == len(token) else start + blank
            found.append(kept[bisect_right(starts, place) - 1] if token else None)
        return found


def example(state: LevelledText, tactic: str = "", *, step_level: int = OUTSIDE) -> LevelledText:
    """`[GOAL]` state `[PROOFSTEP]` tactic with levels.

    `step_level` is the level of the second marker and the tactic: OUTSIDE, or GOAL, which adds them to the count of
    tokens and nothing else.  Any other level would punish the tactic for reading the goal, and is refused.
    """
    if step_level not in (OUTSIDE, Level.GOAL):
        raise ValueError(f"step_level={step_level}: wanted {OUTSIDE} (outside) or {int(Level.GOAL)} (goal)")
    begin = len(GOAL_MARKER)
    end = begin + len(state.text)
    text = f"{GOAL_MARKER}{state.text}{STEP_MARKER}{tactic}"
    goal = state.spans[-1].goal if state.spans else 0
    return LevelledText(
        text,
        (
            Span(0, begin, Level.CONTEXT),
            *(span.moved(begin) for span in state.spans),
            Span(end, len(text), step_level, goal),
        ),
    )
