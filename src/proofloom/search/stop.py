"""Why a search ended, and which option would let it go on.

Every limit has a name of its own, so that "nothing is left to try" is never confused with "we stopped looking".
"""

from __future__ import annotations

from enum import StrEnum

from proofloom.proofs import Outcome


class StopReason(StrEnum):
    """Why the search was left; limits of the budget have the names of its fields."""

    EXHAUSTED = "exhausted"
    """Every state that the policy's candidates lead to was expanded."""
    DEPTH = "depth"
    """The same, but some states lie at the depth limit."""
    TRAJECTORIES = "trajectories"
    """The sampling strategy has made as many tries as it was allowed."""
    SECONDS = "seconds"
    CPU_SECONDS = "cpu_seconds"
    EXPANSIONS = "expansions"
    TACTICS = "tactics"

    @property
    def outcome(self) -> Outcome:
        """`exhausted` only if nothing at all is left to try; every limit is a matter of budget."""
        return Outcome.EXHAUSTED if self is StopReason.EXHAUSTED else Outcome.OUT_OF_BUDGET

    def sentence(self, limit: float) -> str:
        """One sentence for the user; `limit` is the value of the option it names."""
        return _SENTENCES[self].format(limit=f"{limit:g}")


_SENTENCES = {
    StopReason.EXHAUSTED: "nothing is left to try with {limit} candidates a state; raise strategy.candidates",
    StopReason.DEPTH: "some states were not expanded because they lie {limit} steps deep; raise strategy.depth",
    StopReason.TRAJECTORIES: "{limit} trajectories were sampled; raise strategy.trajectories",
    StopReason.SECONDS: "{limit} s of wall clock were spent; raise --time (budget.seconds)",
    StopReason.CPU_SECONDS: "{limit} s of CPU were spent; raise budget.cpu_seconds",
    StopReason.EXPANSIONS: "{limit} states were expanded; raise budget.expansions",
    StopReason.TACTICS: "{limit} tactics were run; raise budget.tactics",
}
