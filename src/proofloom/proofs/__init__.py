"""The vocabulary: goals, states, theorems, steps, outcomes, verdicts and budgets.  No I/O."""

from proofloom.proofs.outcome import Attempt, Budget, CheckResult, Finding, Outcome, Spend, Verdict
from proofloom.proofs.state import NO_GOALS, TURNSTILE, Goal, Hypothesis, ProofState, StateSyntaxError
from proofloom.proofs.theorem import Candidate, Step, Theorem

__all__ = [
    "NO_GOALS",
    "TURNSTILE",
    "Attempt",
    "Budget",
    "Candidate",
    "CheckResult",
    "Finding",
    "Goal",
    "Hypothesis",
    "Outcome",
    "ProofState",
    "Spend",
    "StateSyntaxError",
    "Step",
    "Theorem",
    "Verdict",
]
