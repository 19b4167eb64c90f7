"""The seam to whatever proposes tactics: from a proof state to candidates with log-probabilities.

Calls are batched, so that a model can serve several states (of one theorem or of many) in one pass; the one idea is
that a policy sees states and theorems only, never the search that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from proofloom.proofs import Candidate, ProofState, Step, Theorem


@dataclass(frozen=True, slots=True)
class Query:
    """What a policy is asked about: a state of the proof of a theorem."""

    state: ProofState
    theorem: Theorem


class Policy(Protocol):
    """Proposes tactics for the first goal of a state."""

    @property
    def name(self) -> str:
        """How the policy is called on the command line and in reports."""
        ...

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """For each query at most `n` candidates, best first, no tactic twice.

        The same query gets the same answer within one attempt.  Whatever is raised here counts as a crash of the
        attempt, never as a failure to prove.
        """
        ...


@runtime_checkable
class Learner(Protocol):
    """A policy that gets better by what it is shown."""

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        """See the steps of an accepted proof of `theorem`; they may be used for later theorems of its file."""
        ...


@runtime_checkable
class Reader(Protocol):
    """A policy that has something to read before its first answer, such as the weights of a model."""

    def read(self) -> None:
        """Read it, outside of any budget; harmless if that was done before.  Raises what is wrong with it."""
        ...
