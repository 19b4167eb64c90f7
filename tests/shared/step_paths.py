"""States by their conclusions, and the steps of a path through them."""

from __future__ import annotations

from proofloom.proofs import Goal, ProofState, Step


def state(*conclusions: str, shelved: int = 0, given_up: int = 0) -> ProofState:
    return ProofState(tuple(Goal((), conclusion) for conclusion in conclusions), shelved, given_up)


def path(first: ProofState, *moves: tuple[str, ProofState]) -> list[Step]:
    steps = []
    for tactic, after in moves:
        steps.append(Step(first, tactic, after))
        first = after
    return steps
