"""The seam to whatever turns goals and premises into vectors whose inner product says how well they fit.

Goals and statements are different things, so an encoder has one way for each.  What text stands for either, for
encoders that read text, is said here once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.entries import PremiseEntry
from proofloom.proofs import Goal
from proofloom.proofs.state import TURNSTILE
from proofloom.retrieval.words import words

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Goals and premises to rows of length 1.  `name` is another for every change that changes a vector."""

    name: str
    dimension: int

    def goals(self, goals: Sequence[Goal]) -> Vectors:
        """n goals as n×`dimension`."""
        ...

    def premises(self, premises: Sequence[PremiseEntry]) -> Vectors:
        """n premises as n×`dimension`."""
        ...


class HashedWords:
    """An encoder without a model, for tests: the words of a text, each counted at a place that its hash gives."""

    def __init__(self, dimension: int = 256) -> None:
        self.dimension = dimension
        self.name = f"hashed-words-{dimension}"

    def goals(self, goals: Sequence[Goal]) -> Vectors:
        """n goals as n×`dimension`; one without a word is all zero."""
        return self._encoded([goal_text(goal) for goal in goals])

    def premises(self, premises: Sequence[PremiseEntry]) -> Vectors:
        """n premises as n×`dimension`."""
        return self._encoded([premise_text(premise) for premise in premises])

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        found = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(found, texts, strict=True):
            for word in words(text):
                row[crc32(word.encode()) % self.dimension] += 1
        found /= np.maximum(1, np.linalg.norm(found, axis=1, keepdims=True))
        return found


def goal_text(goal: Goal) -> str:
    """The conclusion, then the hypotheses: what is cut off a long text is what says least."""
    return "\n".join([f"{TURNSTILE} {goal.conclusion}", *(one.text for one in goal.hypotheses)])


def premise_text(premise: PremiseEntry) -> str:
    """The last two parts of the name, then the statement as it was written."""
    short = ".".join(premise.full_name.split(".")[-2:])
    return f"{short}\n{premise.statement}"
