"""Premises by the words that they share with a goal, weighed as in BM25 (Robertson and Zaragoza 2009).

A premise is the words of its full name and of its statement, a query the words of the first goal; what may not be
used at the theorem is taken out before the best are chosen.  Only the frequencies of words are those of the whole
library.
"""

from __future__ import annotations

from collections.abc import Sequence

import bm25s  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.entries import PremiseEntry
from proofloom.proofs import Goal, ProofState, Theorem
from proofloom.retrieval.retriever import Places, Retrieved
from proofloom.retrieval.situation import Situations
from proofloom.retrieval.usable import UsablePremises
from proofloom.retrieval.words import words

CONCLUSION_REPEATS = 2
"""How often the words of the conclusion count, those of the hypotheses once."""


class Bm25:
    """BM25 over the premises of a library."""

    def __init__(self, premises: Sequence[PremiseEntry], situations: Situations) -> None:
        self._premises = list(premises)
        self._usable = UsablePremises(self._premises, situations)
        self._index = bm25s.BM25()
        if premises:
            self._index.index([premise_words(premise) for premise in premises], show_progress=False)

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        """The `k` best of the premises that may be used at `theorem`, best first; fewer if fewer share a word."""
        return self.among(state.goals[0], self._usable.at(theorem), k) if state.goals else []

    def among(self, goal: Goal, places: Places, k: int) -> list[Retrieved]:
        """The `k` best of those at `places` that share a word with the goal."""
        return self.ranked(goal_words(goal), places, k)

    def ranked(self, query: Sequence[str], usable: Places, k: int) -> list[Retrieved]:
        """The `k` best for these words among the premises at the places `usable`."""
        scores = self._scores(query, usable)
        order = np.lexsort((usable, -scores))[:k]
        return [Retrieved(self._premises[usable[place]], float(scores[place])) for place in order if scores[place] > 0]

    def scores(self, goal: Goal, places: Places) -> NDArray[np.float32]:
        """The score of each of those at `places`, 0 for one without a word of the goal."""
        return self._scores(goal_words(goal), places)

    def _scores(self, query: Sequence[str], places: Places) -> NDArray[np.float32]:
        known = [word for word in query if word in self._index.vocab_dict] if self._premises else []
        if not known:
            return np.zeros(len(places), np.float32)
        return np.asarray(self._index.get_scores(known)[places], np.float32)


def premise_words(premise: PremiseEntry) -> list[str]:
    """The words by which a premise is found."""
    short = ".".join(premise.full_name.split(".")[-2:])
    return [*words(short), *words(premise.statement)]


def goal_words(goal: Goal) -> list[str]:
    """The words of a goal, those of the conclusion twice."""
    local = frozenset(goal.names)
    found = words(goal.conclusion, local) * CONCLUSION_REPEATS
    for hypothesis in goal.hypotheses:
        found += words(hypothesis.type, local)
    return found
