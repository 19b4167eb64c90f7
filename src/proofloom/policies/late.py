"""A policy that is made when it is first asked, because what is proved before its turn needs nothing of it.

Reading a model takes seconds; most easy theorems are proved by what searches before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from proofloom.policies.policy import Learner, Policy, Query
from proofloom.proofs import Candidate, Step, Theorem


class LatePolicy:
    """What `make` makes, under `name`; the proofs that it should have seen before are shown to it then.

    An error of `make` is kept and raised each time that the policy is asked.
    """

    def __init__(self, name: str, make: Callable[[], Policy]) -> None:
        self.name = name
        self._make = make
        self._missed: list[tuple[Theorem, Sequence[Step]]] = []
        self._made: Policy | None = None
        self._error: Exception | None = None

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """What it suggests; raises what `make` raises."""
        return self._policy().suggest(queries, n)

    def read(self) -> None:
        """Make it, if that was not tried before."""
        self._policy()

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        """Let it see the proof, now or when it is made."""
        if self._made is None:
            self._missed.append((theorem, steps))
        elif isinstance(self._made, Learner):
            self._made.learn(theorem, steps)

    def _policy(self) -> Policy:
        if self._error is not None:
            raise self._error
        if self._made is None:
            try:
                self._made = self._make()
            except Exception as error:
                self._error = error
                raise
            for theorem, steps in self._missed:
                self.learn(theorem, steps)
            self._missed.clear()
        return self._made
