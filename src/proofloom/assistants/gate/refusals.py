"""The two ways to say no: a check found something, or could not read what it was told."""

from __future__ import annotations

from proofloom.proofs import Finding


class Refusal(Exception):
    """The gate says no: the finding and the reason.  Raised by a check, turned into a verdict in one place."""

    def __init__(self, finding: Finding, reason: str) -> None:
        super().__init__(reason)
        self.finding = finding
        self.reason = reason


class Doubt(Exception):
    """An answer that does not read as expected.  The check that asked has failed."""
