"""Small numbers for goals, so that states are compared and cut into suffixes without touching their text.

Goals that differ only in what their local names are called have one number: `intros H` and `intros Heq` lead to the
same place.  Hashing a state means hashing every hypothesis of every goal; here each goal is read once, when it is first
seen.
"""

from __future__ import annotations

import re

from proofloom.proofs import Goal, ProofState

_EXISTENTIAL = re.compile(r"\?[^\W\d]")
_WORD = re.compile(r"""\?[\w']+|[^\W\d][\w']*(?:\.[\w']+)*""")
"""A name, perhaps a qualified one or one of an existential variable."""

Shape = tuple[str | None, ...]
"""A goal without the names of its hypotheses."""


class GoalTable:
    """Numbers goals in order of appearance and remembers which of them mention an existential variable."""

    def __init__(self) -> None:
        self._numbers: dict[Goal, int] = {}
        self._shapes: dict[Shape, int] = {}
        self._linked: list[bool] = []

    def key(self, state: ProofState) -> tuple[int, ...]:
        """The numbers of the goals of `state`, in order."""
        return tuple(self._number(goal) for goal in state.goals)

    def linked(self, key: tuple[int, ...]) -> bool:
        """True if an existential variable (`?x`) occurs in one of the goals."""
        return any(self._linked[number] for number in key)

    def _number(self, goal: Goal) -> int:
        number = self._numbers.get(goal)
        if number is None:
            number = self._shapes.setdefault(shape(goal), len(self._shapes))
            self._numbers[goal] = number
            if number == len(self._linked):
                self._linked.append(mentions_existential(goal))
        return number


def shape(goal: Goal) -> Shape:
    """What is left of a goal if its local names are numbered in their order.

    Two goals of one shape are the same up to these names, because an assistant prints what is bound inside a term, and
    what is global, under other names than those of the hypotheses.  How it groups hypotheses of one type is printing.
    """
    places = {name: f"#{place}" for place, name in enumerate(goal.names)}

    def anonymous(text: str) -> str:
        return _WORD.sub(lambda word: places.get(word[0], word[0]), text)

    parts: list[str | None] = [goal.name, anonymous(goal.conclusion)]
    for hypothesis in goal.hypotheses:
        pair = anonymous(hypothesis.type), None if hypothesis.body is None else anonymous(hypothesis.body)
        parts += pair * len(hypothesis.names)
    return tuple(parts)


def mentions_existential(goal: Goal) -> bool:
    """True if a question mark stands before a name anywhere in the goal; `x =? y` with its space does not count."""
    texts = [goal.conclusion]
    for hypothesis in goal.hypotheses:
        texts += [hypothesis.type, hypothesis.body or ""]
    return any("?" in text and _EXISTENTIAL.search(text) for text in texts)
