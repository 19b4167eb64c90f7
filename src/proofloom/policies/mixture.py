"""Several policies as one: each proposes, and what they agree on counts for more.

What a tactic is worth is the weighted sum of what it is worth to the parts (log-sum-exp of the logarithms), at most 1;
a part that does not name a tactic gives it nothing.  Weights are not scaled, because a part need not be a distribution:
a list of tactics in order of cost says of each what it would say if it stood alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from proofloom.policies.policy import Learner, Policy, Query
from proofloom.proofs import Candidate, Step, Theorem


class MixturePolicy:
    """Policies with weights above 0; `name` is, if not given, their names with `+` between them."""

    def __init__(self, parts: Sequence[tuple[Policy, float]], name: str | None = None) -> None:
        if not parts:
            raise ValueError("mixture: wanted at least one policy")
        for policy, weight in parts:
            if not 0 < weight < math.inf:
                raise ValueError(f"mixture weight of {policy.name}={weight}: wanted a finite number above 0")
        self._parts = [(policy, math.log(weight)) for policy, weight in parts]
        self.name = name or "+".join(policy.name for policy, _ in parts)

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """The `n` best of the merged candidates; ties keep the order of the parts."""
        answers = [(policy.suggest(queries, n), log_weight) for policy, log_weight in self._parts]
        return [_merged([(answer[i], log_weight) for answer, log_weight in answers], n) for i in range(len(queries))]

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        """Let every part that can learn see the proof."""
        for policy, _ in self._parts:
            if isinstance(policy, Learner):
                policy.learn(theorem, steps)


def _merged(parts: Sequence[tuple[Sequence[Candidate], float]], n: int) -> list[Candidate]:
    shares: dict[str, list[float]] = {}
    for candidates, log_weight in parts:
        for candidate in candidates:
            shares.setdefault(candidate.tactic, []).append(candidate.logprob + log_weight)
    merged = [Candidate(tactic, min(0.0, log_sum_exp(logs))) for tactic, logs in shares.items()]
    return sorted(merged, key=lambda one: -one.logprob)[:n]


def log_sum_exp(logs: Sequence[float]) -> float:
    """The logarithm of the sum of what these are logarithms of; `logs` are not empty."""
    largest = max(logs)
    if largest == -math.inf:
        return largest
    return largest + math.log(math.fsum(math.exp(one - largest) for one in logs))
