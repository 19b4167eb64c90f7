"""The seam to whatever finds premises: from a proof state to the premises that may help, best first.

The one rule is that a premise which may not be used at the theorem is never returned, so a retriever filters before
it ranks: asked for ten, it gives the ten best of those that are accessible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from proofloom.corpus.entries import PremiseEntry
from proofloom.proofs import ProofState, Theorem


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
