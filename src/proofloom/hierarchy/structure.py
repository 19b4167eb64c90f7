"""Levels from structure: each line of a `ProofState` has the level of what it is.

The unit is the declaration, as in the paper's figure: all characters of a goal's tag, of a declaration with its body
and its continuation lines, or of a conclusion share one level.  No text is searched, so nothing that a term may print
(a `case`, a colon, a turnstile at the start of a continuation line) can mislead it.
"""

from __future__ import annotations

from collections.abc import Iterator

from proofloom.hierarchy.levels import Level, Span
from proofloom.hierarchy.universes import Universes, is_universe
from proofloom.proofs import Goal, Hypothesis, ProofState


def declaration_level(hypothesis: Hypothesis, universes: Universes = Universes.EITHER) -> Level:
    """TYPE if the declared type is a universe, INSTANCE if not; a body changes nothing."""
    return Level.TYPE if is_universe(hypothesis.type, universes) else Level.INSTANCE


def state_spans(state: ProofState, universes: Universes = Universes.EITHER) -> tuple[Span, ...]:
    """The levels of every character of `state.text`, in order and without gaps.

    A line's newline belongs to the line; the empty line between two goals is CONTEXT, and so is `no goals`.
    """
    if not state.goals:
        return (Span(0, len(state.text), Level.CONTEXT),)
    spans: list[Span] = []
    position = 0
    for text, level, goal in _blocks(state, universes):
        spans.append(Span(position, position + len(text), level, goal))
        position += len(text)
    return tuple(spans)


def _blocks(state: ProofState, universes: Universes) -> Iterator[tuple[str, Level, int]]:
    last = len(state.goals) - 1
    for number, goal in enumerate(state.goals):
        if goal.name is not None:
            yield f"case {goal.name}\n", Level.CASE, number
        for hypothesis in goal.hypotheses:
            yield f"{hypothesis.text}\n", declaration_level(hypothesis, universes), number
        conclusion = Goal((), goal.conclusion).text
        yield conclusion if number == last else f"{conclusion}\n", Level.GOAL, number
        if number < last:
            yield "\n", Level.CONTEXT, number
