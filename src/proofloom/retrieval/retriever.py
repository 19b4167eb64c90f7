"""The seam to whatever finds premises: from a proof state to the premises that may help, best first.

The one rule is that a premise which may not be used at the theorem is never returned, so a retriever filters before
it ranks: asked for ten, it gives the ten best of those that are accessible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.entries import PremiseEntry
from proofloom.proofs import Goal, ProofState, Theorem

Places = NDArray[np.int64]
"""Places in a list of premises, ascending."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A premise with the retriever's score; scores of one retriever can be compared within one answer."""

    premise: PremiseEntry
    score: float


class Retriever(Protocol):
    """Finds premises for the first goal of a state."""

    def premises(self, state: ProofState, theorem: Theorem, k: int) -> list[Retrieved]:
        """At most `k` premises that may be used in the proof of `theorem`, best first."""
        ...


class Ranker(Protocol):
    """Orders premises by how well they fit a goal; which of them may be used is said by whoever asks."""

    def among(self, goal: Goal, places: Places, k: int) -> list[Retrieved]:
        """At most `k` of the premises at `places`, best first."""
        ...
