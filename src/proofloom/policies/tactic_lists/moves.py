"""A policy of moves that an assistant knows for a goal: a function from goals to tactics, as a policy.

What a tactic is called is the assistant's business, so the moves are handed in; a tactic's place in the list is all
that its log-probability says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from proofloom.policies.policy import Query
from proofloom.proofs import Candidate, Goal

Moves = Callable[[Goal], Iterable[str]]
"""Tactics for a goal, best first; repetitions are dropped."""


class MovesPolicy:
    """Proposes the moves for the first goal of a state; the one at place k (from 1) has log-probability -log(k + 1).

    `after` makes the moves from the text that stands before a theorem, where they depend on it.
    """

    def __init__(self, moves: Moves, name: str = "list", after: Callable[[str], Moves] | None = None) -> None:
        self._moves = moves
        self._name = name
        self._after = after
        self._text: str | None = None

    @property
    def name(self) -> str:
        """How the policy is called on the command line and in reports."""
        return self._name

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """For each query the first `n` moves; none where no goal is left."""
        return [self._of(query)[:n] for query in queries]

    def _of(self, query: Query) -> list[Candidate]:
        if not query.state.goals:
            return []
        if self._after is not None and query.theorem.before != self._text:
            self._text = query.theorem.before
            self._moves = self._after(self._text)
        tactics = dict.fromkeys(self._moves(query.state.goals[0]))
        return [Candidate(tactic, -math.log(place + 1)) for place, tactic in enumerate(tactics, 1)]
