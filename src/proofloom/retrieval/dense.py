"""Premises by the vectors of an encoder, and several ways of finding them mixed by the ranks that they give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proofloom.proofs import Goal, ProofState, Theorem
from proofloom.retrieval.encoder import Encoder
from proofloom.retrieval.premise_index import PremiseIndex
from proofloom.retrieval.retriever import Places, Ranker, Retrieved
from proofloom.retrieval.usable import UsablePremises

RANK_OFFSET = 60
"""Added to a rank before it is inverted (Cormack, Clarke and Büttcher 2009): how little the first places are above."""
MIXED_DEPTH = 100
"""How many of each way are mixed, at least."""


class Dense:
    """Over an index whose numbers are those of the premises (`PremiseEntry.id`), made by the same encoder."""

    def __init__(self, usable: UsablePremises, index: PremiseIndex, encoder: Encoder) -> None:
        self._usable = usable
        self._ids = np.array([premise.id for premise in usable.premises], np.int64)
        self._premises = {premise.id: premise for premise in usable.premises}
        self._index = index
        self._encoder = encoder

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        """The `k` nearest of the premises that may be used at `theorem`, nearest first."""
        return self.among(state.goals[0], self._usable.at(theorem), k) if state.goals else []

    def among(self, goal: Goal, places: Places, k: int) -> list[Retrieved]:
        """The `k` nearest of those at `places`; the score is the inner product."""
        if not len(places):
            return []
        query = self._encoder.goals([goal])
        ids, scores = self._index.search(query, min(k, len(self._index)), self._ids[places])
        found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [Retrieved(self._premises[number], score) for number, score in found if number >= 0]


class Hybrid:
    """Several rankers by reciprocal rank: the score of a premise is the sum of 1 / (60 + rank) over them."""

    def __init__(self, usable: UsablePremises, rankers: Sequence[Ranker]) -> None:
        self._usable = usable
        self._rankers = rankers

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        """The `k` best of the premises that may be used at `theorem`, best first."""
        return self.among(state.goals[0], self._usable.at(theorem), k) if state.goals else []

    def among(self, goal: Goal, places: Places, k: int) -> list[Retrieved]:
        """The `k` best of those at `places`."""
        answers = [one.among(goal, places, max(k, MIXED_DEPTH)) for one in self._rankers]
        premises = {found.premise.id: found.premise for answer in answers for found in answer}
        ranked = mixed([[found.premise.id for found in answer] for answer in answers])
        return [Retrieved(premises[number], score) for number, score in ranked[:k]]


def mixed(rankings: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """All numbers of some rankings with their sums of reciprocal ranks, the largest first, then by number."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            scores[number] = scores.get(number, 0.0) + 1 / (RANK_OFFSET + rank)
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))
