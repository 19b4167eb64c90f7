"""A policy that is made when it is first asked, because what is proved before its turn needs nothing of it.

Reading a model takes seconds; most easy theorems are proved by what searches before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from proofloom.policies.policy import Learner, Policy, Query
from proofloom.proofs import Candidate, Step, Theorem


class LatePolicy:
    """What `make` makes, under `name`; the proofs that it should have seen before are shown to it then."""

    def __init__(self, name: str, make: Callable[[], Policy]) -> None:
        self.name = name
        self._make = make
        self._missed: list[tuple[Theorem, Sequence[Step]]] = []

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """What it suggests; raises what `make` raises."""
        return self._made.suggest(queries, n)

    def read(self) -> None:
        """Make it, if that was not done before."""
        _ = self._made

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        """Let it see the proof, now or when it is made."""
        if "_made" not in self.__dict__:
            self._missed.append((theorem, steps))
        elif isinstance(self._made, Learner):
            self._made.learn(theorem, steps)

    @cached_property
    def _made(self) -> Policy:
        policy = self._make()
        if isinstance(policy, Learner):
            for theorem, steps in self._missed:
                policy.learn(theorem, steps)
        self._missed.clear()
        return policy
