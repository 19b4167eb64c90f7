"""Premises by the words that they share with a goal, weighed as in BM25 (Robertson and Zaragoza 2009).

A premise is the words of its full name and of its statement, a query the words of the first goal; what may not be
used at the theorem is taken out before the best are chosen.  Only the frequencies of words are those of the whole
library.
"""

from __future__ import annotations

from collections.abc import Sequence

import bm25s  # type: ignore[import-untyped]
import numpy as np

from proofloom.corpus.entries import PremiseEntry
from proofloom.proofs import Goal, ProofState, Theorem
from proofloom.retrieval.retriever import Retrieved
from proofloom.retrieval.situation import Situation, Situations
from proofloom.retrieval.words import words

CONCLUSION_REPEATS = 2
"""How often the words of the conclusion count, those of the hypotheses once."""


class Bm25:
    """BM25 over the premises of a library."""

    def __init__(self, premises: Sequence[PremiseEntry], situations: Situations) -> None:
        self._premises = list(premises)
        self._situations = situations
        self._files = np.array([premise.file_id for premise in premises], dtype=np.int64)
        self._index = bm25s.BM25()
        if premises:
            self._index.index([premise_words(premise) for premise in premises], show_progress=False)
        self._usable: tuple[Situation, np.ndarray] | None = None

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        """The `k` best of the premises that may be used at `theorem`, best first; fewer if fewer share a word."""
        if not state.goals:
            return []
        return self.ranked(goal_words(state.goals[0]), self.usable(self._situations.of(theorem)), k)

    def ranked(self, query: Sequence[str], usable: np.ndarray, k: int) -> list[Retrieved]:
        """The `k` best for these words among the premises at the places `usable`."""
        known = [word for word in query if word in self._index.vocab_dict] if self._premises else []
        if not known:
            return []
        scores = self._index.get_scores(known)[usable]
        order = np.lexsort((usable, -scores))[:k]
        return [Retrieved(self._premises[usable[place]], float(scores[place])) for place in order if scores[place] > 0]

    def usable(self, situation: Situation) -> np.ndarray:
        """The places of the premises that may be used in a situation."""
        if self._usable is None or self._usable[0] is not situation:
            own = [
                place
                for place in np.flatnonzero(self._files == situation.file)
                if situation.earlier(self._premises[place].full_name, self._premises[place].start)
            ]
            imported = np.flatnonzero(np.isin(self._files, situation.files))
            self._usable = situation, np.sort(np.concatenate([imported, np.array(own, dtype=np.int64)]))
        return self._usable[1]


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
