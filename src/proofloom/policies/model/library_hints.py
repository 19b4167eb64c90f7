"""Hints for the steps of a library itself: what a policy would have proposed there.

A model that is to be given hints when it proves has to learn from such hints, and from none that it could not have had:
only what stands in imported files and earlier in the same file is known, as at any place in a source.
"""

from __future__ import annotations

from proofloom.corpus.entries import StepEntry
from proofloom.corpus.library import Library
from proofloom.policies.model.policy import HINTS
from proofloom.policies.policy import Policy, Query
from proofloom.proofs import Goal, ProofState
from proofloom.proofs.state import StateSyntaxError
from proofloom.retrieval.situation import Situation, Situations


class LibraryHints:
    """Gives the hints of one step after the other; fastest in the order of the library, a theorem at a time.

    `policy` proposes at a theorem what it knows there by `situations`.
    """

    def __init__(self, library: Library, situations: Situations, policy: Policy) -> None:
        self._situations, self._policy = situations, policy
        self._theorems = {theorem.id: theorem for theorem in library.theorems()}
        self._files = {file.id: file for file in library.files()}
        self._at: tuple[int, Situation] | None = None

    def __call__(self, step: StepEntry) -> tuple[str, ...]:
        """The tactics for the first goal of the step, the likeliest first; none for a goal that was cut."""
        try:
            goal = Goal.parse(step.state_before.split("\n\n")[0])
        except StateSyntaxError:
            return ()
        return self.proposed(step, ProofState((goal,)), HINTS)

    def proposed(self, step: StepEntry, state: ProofState, count: int) -> tuple[str, ...]:
        """At most `count` tactics for `state` where the theorem of `step` stands, the likeliest first."""
        situation = self._situation(step.theorem_id)
        self._situations.stand(situation)
        (proposed,) = self._policy.suggest([Query(state, situation.theorem)], count)
        return tuple(one.tactic for one in proposed)

    def _situation(self, theorem: int) -> Situation:
        if self._at is None or self._at[0] != theorem:
            entry = self._theorems[theorem]
            self._at = theorem, self._situations.traced(entry, self._files[entry.file_id])
        return self._at[1]
