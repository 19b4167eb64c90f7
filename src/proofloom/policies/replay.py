"""A policy that proposes what it was told to, for tests and for replaying what is known.

The one idea is that an answer depends only on the query and on the states seen before it, so that a search which is
repeated asks for the same thing and gets the same thing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from proofloom.policies.policy import Query
from proofloom.proofs import Candidate, Step


class ReplayPolicy:
    """Answers by state text: the candidates that `answers` holds for it, and none for a text that it does not hold."""

    name = "replay"

    def __init__(self, answers: Mapping[str, Sequence[Candidate]]) -> None:
        self._answers = {text: _distinct(candidates) for text, candidates in answers.items()}

    @classmethod
    def of_steps(cls, steps: Sequence[Step]) -> ReplayPolicy:
        """Proposes at each state of a known proof the tactic that was used there, with certainty."""
        answers: dict[str, list[Candidate]] = {}
        for step in steps:
            answers.setdefault(step.before.text, []).append(Candidate(step.tactic, 0.0))
        return cls(answers)

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """At most `n` of the candidates given for the text of each state, in the given order."""
        return [self._answers.get(query.state.text, [])[:n] for query in queries]


class ScriptPolicy:
    """Answers in order: the first new state gets the first tactic of `script`, the next new state the second, ...

    A state that was seen before, in the same theorem, gets the tactic that it got then; after the end there is none.
    """

    name = "script"

    def __init__(self, script: Sequence[str]) -> None:
        self._script = tuple(script)
        self._places: dict[str, dict[str, int]] = {}

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """One tactic, with certainty, for each state."""
        return [self._answer(query)[:n] for query in queries]

    def _answer(self, query: Query) -> list[Candidate]:
        places = self._places.setdefault(query.theorem.full_name, {})
        place = places.setdefault(query.state.text, len(places))
        return [Candidate(tactic, 0.0) for tactic in self._script[place : place + 1]]


def uniform(tactics: Sequence[str]) -> list[Candidate]:
    """Candidates of equal probability, in the given order."""
    return [Candidate(tactic, -math.log(len(tactics))) for tactic in tactics]


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, best first, equal ones in the given order, each tactic once."""
    best: dict[str, Candidate] = {}
    for candidate in sorted(candidates, key=lambda one: -one.logprob):
        best.setdefault(candidate.tactic, candidate)
    return list(best.values())
