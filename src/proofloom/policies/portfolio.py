"""Several policies that share the time of one attempt: each searches in a tree of its own.

A mixture asks all its parts at every state and pays for all their answers; a portfolio lets each part follow its own
best path.  It is worth its price where the parts prove different theorems.  What it is made of is decided here, whose
turn it is in `proofloom.search.turns`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from proofloom.policies.policy import Learner, Policy
from proofloom.proofs import Step, Theorem


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Policies in the order of their first turns, with what each gets of the time beside the others."""

    parts: tuple[tuple[Policy, float], ...]
    name: str

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("portfolio: wanted at least one policy")
        for policy, share in self.parts:
            if not 0 < share < math.inf:
                raise ValueError(f"share of {policy.name}={share}: wanted a finite number above 0")

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        """Let every part that can learn see the proof."""
        for policy, _ in self.parts:
            if isinstance(policy, Learner):
                policy.learn(theorem, steps)


def parts(policy: Policy | Portfolio) -> tuple[tuple[Policy, float], ...]:
    """The policies that search with their shares: those of a portfolio, or the one."""
    return policy.parts if isinstance(policy, Portfolio) else ((policy, 1.0),)
