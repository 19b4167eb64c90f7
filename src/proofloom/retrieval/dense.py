"""Premises by the vectors of an encoder, and by words and vectors together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from proofloom.proofs import Goal, ProofState, Theorem
from proofloom.retrieval.bm25 import Bm25
from proofloom.retrieval.encoder import Encoder, Vectors
from proofloom.retrieval.premise_index import PremiseIndex
from proofloom.retrieval.retriever import Places, Retrieved
from proofloom.retrieval.usable import UsablePremises

WORDS_WEIGHT = 0.125
"""What the logarithm of a score by words counts beside an inner product; tuned on files that no encoder had seen."""
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
        self._last: tuple[Goal, Vectors] | None = None

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        """The `k` nearest of the premises that may be used at `theorem`, nearest first."""
        return self.among(state.goals[0], self._usable.at(theorem), k) if state.goals else []

    def among(self, goal: Goal, places: Places, k: int) -> list[Retrieved]:
        """The `k` nearest of those at `places`; the score is the inner product."""
        if not len(places):
            return []
        ids, scores = self._index.search(self._query(goal), min(k, len(self._index)), self._ids[places])
        found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [Retrieved(self._premises[number], score) for number, score in found if number >= 0]

    def scores(self, goal: Goal, places: Places) -> NDArray[np.float32]:
        """The inner product of each of those at `places`."""
        ids, scores = self._index.search(self._query(goal), len(places), self._ids[places])
        order = np.argsort(ids[0])
        return np.asarray(scores[0][order[np.searchsorted(ids[0][order], self._ids[places])]], np.float32)

    def _query(self, goal: Goal) -> Vectors:
        """The vector of the goal as one row; the last one is kept."""
        if self._last is None or self._last[0] is not goal:
            self._last = goal, self._encoder.goals([goal])
        return self._last[1]


class Hybrid:
    """By words and by vectors: the inner product, and the logarithm of the score by words with a weight.

    What is looked at is what either of the two finds, deep enough; of that both scores are known.
    """

    def __init__(self, usable: UsablePremises, words: Bm25, dense: Dense) -> None:
        self._usable = usable
        self._places = {premise.id: place for place, premise in enumerate(usable.premises)}
        self._words = words
        self._dense = dense

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        """The `k` best of the premises that may be used at `theorem`, best first."""
        return self.among(state.goals[0], self._usable.at(theorem), k) if state.goals else []

    def among(self, goal: Goal, places: Places, k: int) -> list[Retrieved]:
        """The `k` best of those at `places`."""
        answers = [one.among(goal, places, max(k, MIXED_DEPTH)) for one in (self._words, self._dense)]
        found = np.array(sorted({self._places[one.premise.id] for answer in answers for one in answer}), np.int64)
        if not len(found):
            return []
        scores = mixed(self._words.scores(goal, found), self._dense.scores(goal, found))
        order = np.argsort(-scores, kind="stable")[:k]
        return [Retrieved(self._usable.premises[found[place]], float(scores[place])) for place in order]


def mixed(words: NDArray[np.float32], products: NDArray[np.float32]) -> NDArray[np.float32]:
    """One score of n premises from their n scores by words, 0 or more, and their n inner products."""
    return np.asarray(products + WORDS_WEIGHT * np.log1p(words), np.float32)
