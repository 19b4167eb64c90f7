"""Small numbers for goals, so that states are compared and cut into suffixes without touching their text.

Hashing a state means hashing every hypothesis of every goal; here each goal is hashed once, when it is first seen.
"""

from __future__ import annotations

import re

from proofloom.proofs import Goal, ProofState

_EXISTENTIAL = re.compile(r"\?[^\W\d]")


class GoalTable:
    """Numbers goals in order of appearance and remembers which of them mention an existential variable."""

    def __init__(self) -> None:
        self._numbers: dict[Goal, int] = {}
        self._linked: list[bool] = []

    def key(self, state: ProofState) -> tuple[int, ...]:
        """The numbers of the goals of `state`, in order."""
        return tuple(self._number(goal) for goal in state.goals)

    def linked(self, key: tuple[int, ...]) -> bool:
        """True if an existential variable (`?x`) occurs in one of the goals."""
        return any(self._linked[number] for number in key)

    def _number(self, goal: Goal) -> int:
        number = self._numbers.setdefault(goal, len(self._numbers))
        if number == len(self._linked):
            self._linked.append(mentions_existential(goal))
        return number


def mentions_existential(goal: Goal) -> bool:
    """True if a question mark stands before a name anywhere in the goal; `x =? y` with its space does not count."""
    texts = [goal.conclusion]
    for hypothesis in goal.hypotheses:
        texts += [hypothesis.type, hypothesis.body or ""]
    return any("?" in text and _EXISTENTIAL.search(text) for text in texts)
