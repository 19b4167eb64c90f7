"""From a state to what a model reads: hints `[GOAL]` state `[PROOFSTEP]` as tokens with levels, cut if it is too long.

Training and search both come here, so a model is asked what it was taught.  The parts are tokenized apart: a marker
that a state happens to contain is plain text, and no token reaches over the end of the state.

What is cut: the tactic acts on the first goal, so later goals go first, from the end; if the first goal alone is too
long, its oldest hypotheses go.  The conclusion stays as long as anything does.  Hints are tactics that were run in
goals like the first one; they have no level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from proofloom.hierarchy import (
    GOAL_MARKER,
    HINT_MARKERS,
    OUTSIDE,
    STEP_MARKER,
    Kind,
    Level,
    LevelledText,
    Span,
    span_kinds,
)
from proofloom.proofs import ProofState

if TYPE_CHECKING:  # an endpoint needs prompts too, and no transformers
    from transformers import PreTrainedTokenizerBase


_BEGIN = (int(Level.CONTEXT), 0, int(Kind.CONTEXT))
"""Level, goal and kind of the first marker."""
_NOWHERE = (OUTSIDE, OUTSIDE, OUTSIDE)


class Cut(StrEnum):
    """What a prompt lacks of its state: nothing, the end (later goals), or the beginning of the first goal too."""

    NOTHING = "nothing"
    LATER_GOALS = "later goals"
    HYPOTHESES = "hypotheses"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens and, for each, its level, the goal it stands in and the kind of its line, -1 outside; what was cut."""

    tokens: list[int]
    levels: list[int]
    goals: list[int]
    kinds: list[int]
    cut: Cut


def plain_tokens(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """The tokens of texts in which nothing is special."""
    if not texts:
        return []
    encoded = tokenizer(list(texts), add_special_tokens=False, split_special_tokens=True)
    tokens: list[list[int]] = encoded["input_ids"]
    return tokens


def hint_tokens(
    tokenizer: PreTrainedTokenizerBase, hints: Sequence[Sequence[str]], longest: int
) -> tuple[list[list[int]], list[list[str]]]:
    """For each state the tokens of its hints, each behind its number, as many as fit into `longest` from the first on,
    and which these are: the hints by number, an empty text for one that is not there.

    A hint that does not fit is passed over, so that a shorter one behind it may; numbers are places in `hints`.
    """
    if not longest:
        return [[] for _ in hints], [[] for _ in hints]
    numbers = [_marker(tokenizer, text) for text in HINT_MARKERS]
    texts = list({hint for some in hints for hint in some})
    tokens = dict(zip(texts, plain_tokens(tokenizer, texts), strict=True))
    made: list[list[int]] = []
    shown: list[list[str]] = []
    for some in hints:
        kept: list[int] = []
        named: list[str] = []
        for number, hint in zip(numbers, some, strict=False):
            said = number + tokens[hint]
            fits = len(kept) + len(said) <= longest
            kept += said if fits else []
            named.append(hint if fits else "")
        made.append(kept)
        shown.append(named)
    return made, shown


def answer_tokens(
    tokenizer: PreTrainedTokenizerBase, tactics: Sequence[str], shown: Sequence[Sequence[str]]
) -> list[list[int]]:
    """What a model is to write for each tactic: the number of the hint that says it, of those that are `shown`, else
    the tactic itself.
    """
    made = plain_tokens(tokenizer, tactics)
    for place, (tactic, some) in enumerate(zip(tactics, shown, strict=True)):
        if tactic in some:
            made[place] = _marker(tokenizer, HINT_MARKERS[some.index(tactic)])
    return made


def prompts(
    tokenizer: PreTrainedTokenizerBase,
    states: Sequence[LevelledText],
    longest: int,
    before: Sequence[Sequence[int]] | None = None,
) -> list[Prompt]:
    """The prompts of `states`, each of at most `longest` tokens with both markers and what stands `before` each state.

    The tokenizer must be a fast one, which knows offsets.  Raises `ValueError` if not even one token of a state fits.
    """
    first, last = (_marker(tokenizer, text) for text in (GOAL_MARKER, STEP_MARKER))
    begin = _beginning(tokenizer)
    before = [[]] * len(states) if before is None else before
    least = len(begin) + max(map(len, before), default=0) + len(first) + len(last) + 1
    if longest < least:
        raise ValueError(f"longest={longest}: wanted at least {least}, the hints, the markers and one token")
    if not states:
        return []
    texts = [state.text for state in states]
    options = {
        "add_special_tokens": False,
        "split_special_tokens": True,
        "return_offsets_mapping": True,
        "verbose": False,
    }
    encoded = tokenizer(texts, **options)
    made: list[Prompt] = []
    for state, tokens, offsets, said in zip(
        states, encoded["input_ids"], encoded["offset_mapping"], before, strict=True
    ):
        room = longest - len(begin) - len(said) - len(first) - len(last)
        spans = state.token_spans(offsets)
        goals = [_goal(state, span) for span in spans]
        kept, cut = kept_part(goals, room)
        kinds = span_kinds(state)
        found = zip(spans[kept], goals[kept], strict=True)
        rows = [_NOWHERE if span is None else (span.level, goal, kinds[span]) for span, goal in found]
        rows = [
            *[_BEGIN] * len(begin),
            *[_NOWHERE] * len(said),
            *[_BEGIN] * len(first),
            *rows,
            *[_NOWHERE] * len(last),
        ]
        levels, numbers, lines = (list(column) for column in zip(*rows, strict=True))
        made.append(Prompt([*begin, *said, *first, *tokens[kept], *last], levels, numbers, lines, cut))
    return made


def prompt_text(state: ProofState, longest: int) -> str:
    """The prompt as a text of at most `longest` characters, for a model whose tokens only its server knows; cut alike.

    Raises `ValueError` if not even one character of a state fits.
    """
    room = longest - len(GOAL_MARKER) - len(STEP_MARKER)
    if room < 1:
        raise ValueError(f"longest={longest}: wanted at least {longest - room + 1}, the markers and one character")
    text, first = state.text, state.goals[0].text
    kept = text[:room] if len(first) <= room else first[-room:]
    return f"{GOAL_MARKER}{kept}{STEP_MARKER}"


def kept_part(goals: Sequence[int], room: int) -> tuple[slice, Cut]:
    """Which tokens of a state stay if there is `room` for so many; `goals` is the goal of each token, ascending."""
    if len(goals) <= room:
        return slice(0, len(goals)), Cut.NOTHING
    first = sum(goal == goals[0] for goal in goals)
    if first <= room:
        return slice(0, room), Cut.LATER_GOALS
    return slice(first - room, first), Cut.HYPOTHESES


def _goal(state: LevelledText, span: Span | None) -> int:
    """The goal that a token belongs to; the empty line between two goals goes with the second."""
    if span is None:
        return 0
    between = not state.text[span.start : span.end].strip() and bool(state.text[: span.start].strip())
    return span.goal + between


def _beginning(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The token that a tokenizer of somebody else puts before every text; ours puts none."""
    begin = tokenizer.bos_token_id
    if begin is None:
        return []
    put: list[int] = tokenizer("")["input_ids"][:1]
    return put if put == [begin] else []


def _marker(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """The tokens of a marker: one if the tokenizer knows it, several for a model of somebody else."""
    tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return tokens
