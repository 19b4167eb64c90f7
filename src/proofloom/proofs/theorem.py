"""Theorems to prove and the steps that prove them.

A `Theorem` carries all that an assistant needs to reach its first goal: the source before it, its statement, and the
sentences that already stand between the statement and the hole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proofloom.proofs.state import ProofState


@dataclass(frozen=True, slots=True)
class Theorem:
    """One statement at its place in a source text.

    `name` is as the source writes it; `path` is the full name inside the file, with modules (`M.N.t`).  `before` is
    the source up to the statement, `statement` the sentence that states it, `opening` the sentences between the
    statement and the place where a proof is wanted (`Proof.`, tactics, bullets), `ending` the sentence that closes
    the proof (`Qed.` or `Defined.`).
    """

    name: str
    statement: str
    before: str = ""
    opening: tuple[str, ...] = ()
    ending: str = "Qed."
    file: Path | None = None
    path: str = ""

    @property
    def full_name(self) -> str:
        """The path inside the file where it is known, else the name."""
        return self.path or self.name


@dataclass(frozen=True, slots=True)
class Step:
    """A tactic that the assistant accepted: the state before, the tactic, the state after."""

    before: ProofState
    tactic: str
    after: ProofState


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tactic with its natural log-probability under a policy (at most 0)."""

    tactic: str
    logprob: float

    def __post_init__(self) -> None:
        if self.logprob > 0:
            raise ValueError(f"candidate {self.tactic!r}: log-probability {self.logprob} is above 0")
