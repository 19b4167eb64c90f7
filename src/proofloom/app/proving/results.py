"""What is known about one theorem after it was tried: the row that is printed, kept and reported.

A result is made from an attempt or from a row of the journal, never from anything that could make up a verdict: the
verdict in it is the gate's own record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from proofloom.proofs import Attempt, Outcome, Spend
from proofloom.search.journal import as_record


@dataclass(frozen=True, slots=True)
class Result:
    """One theorem: where it stands, how it ended, what it cost, the tactics found, what was put into each gap.

    `verdict` is the record that the gate made, with the fields of `Verdict.as_json`.
    """

    file: str
    theorem: str
    line: int
    outcome: Outcome
    spend: Spend
    proof: tuple[str, ...] | None
    scripts: tuple[str, ...]
    verdict: Mapping[str, Any] | None
    reason: str

    @classmethod
    def of(cls, file: str, line: int, attempt: Attempt) -> Result:
        """The result of an attempt."""
        return cls.from_record(file, line, as_record(attempt))

    @classmethod
    def from_record(cls, file: str, line: int, record: Mapping[str, Any]) -> Result:
        """The result that a row of the journal holds."""
        return cls(
            file=file,
            theorem=record["theorem"],
            line=line,
            outcome=Outcome(record["outcome"]),
            spend=Spend(**record["spend"]),
            proof=None if record["proof"] is None else tuple(record["proof"]),
            scripts=tuple(record["scripts"]),
            verdict=record["verdict"],
            reason=record["reason"],
        )

    @property
    def proved(self) -> bool:
        """True if the gate accepted."""
        return self.outcome is Outcome.PROVED

    def as_json(self) -> dict[str, Any]:
        """The object of `prove --json`; seconds are of wall clock and of CPU."""
        return {
            "file": self.file,
            "theorem": self.theorem,
            "outcome": self.outcome.value,
            "seconds": round(self.spend.seconds, 3),
            "cpu_seconds": round(self.spend.cpu_seconds, 3),
            "expansions": self.spend.expansions,
            "tactics_tried": self.spend.tactics,
            "proof": None if self.proof is None else list(self.proof),
            "verdict": None if self.verdict is None else dict(self.verdict),
            "reason": self.reason,
        }


def count_outcomes(results: Iterable[Result]) -> dict[Outcome, int]:
    """How many theorems ended in each way, in the order of `Outcome`, without those that none ended in."""
    found = Counter(result.outcome for result in results)
    return {outcome: found[outcome] for outcome in Outcome if found[outcome]}
