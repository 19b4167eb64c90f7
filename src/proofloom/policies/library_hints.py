"""Hints for the steps of a library itself: what the nearest earlier steps would have said there.

A model that is to be given hints when it proves has to learn from such hints, and from none that it could not have had:
only steps of imported files and of earlier theorems of the same file are neighbours, as at any place in a source.
"""

from __future__ import annotations

from proofloom.corpus.entries import StepEntry
from proofloom.corpus.library import Library
from proofloom.policies.knn import NearestNeighbours
from proofloom.policies.model import HINTS
from proofloom.policies.step_memory import StepMemory
from proofloom.proofs import Goal
from proofloom.proofs.state import StateSyntaxError
from proofloom.retrieval.situation import Situation, Situations


class LibraryHints:
    """Gives the hints of one step after the other; fastest in the order of the library, a theorem at a time.

    `memory` holds the steps that may be neighbours, such as those of the training part of a split.
    """

    def __init__(self, library: Library, memory: StepMemory) -> None:
        self._situations = Situations.in_library(library, str)
        self._nearest = NearestNeighbours(memory, self._situations)
        self._theorems = {theorem.id: theorem for theorem in library.theorems()}
        self._files = {file.id: file for file in library.files()}
        self._at: tuple[int, Situation] | None = None

    def __call__(self, step: StepEntry) -> tuple[str, ...]:
        """The tactics for the first goal of the step, the likeliest first; none for a goal that was cut."""
        try:
            goal = Goal.parse(step.state_before.split("\n\n")[0])
        except StateSyntaxError:
            return ()
        return tuple(one.tactic for one in self._nearest.proposed(goal, self._situation(step.theorem_id), HINTS))

    def _situation(self, theorem: int) -> Situation:
        if self._at is None or self._at[0] != theorem:
            entry = self._theorems[theorem]
            self._at = theorem, self._situations.traced(entry, self._files[entry.file_id])
        return self._at[1]
