"""The seam to a proof assistant: open a theorem, apply tactics to any earlier state, ask whether a proof would close.

Everything above this package speaks only these protocols.  States are handles that stay valid while the session
lives; a lost process is rebuilt behind the caller's back by replaying the tactic path.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from proofloom.proofs import ProofState, Step, Theorem


class Failure(StrEnum):
    """Why a tactic was not accepted."""

    SYNTAX = "syntax"
    """It does not parse, or it is not a plain tactic."""
    FAILED = "failed"
    """The assistant ran it and refused."""
    TIMEOUT = "timeout"
    MEMORY = "memory"
    TOO_LARGE = "too_large"
    """The new goals are larger, or take longer to print, than the limits allow."""
    LOST = "lost"
    """The process died while running it; the session was rebuilt and goes on."""


@dataclass(frozen=True, slots=True)
class TacticError:
    """A tactic that was not accepted: the kind of failure and the assistant's message."""

    kind: Failure
    message: str


class AssistantError(Exception):
    """The assistant cannot do what was asked: missing, the source does not load, a hole that cannot be opened."""


class SessionLost(AssistantError):
    """The process died and replaying the path did not bring the state back."""


class Session(Protocol):
    """One theorem, opened."""

    @property
    def root(self) -> ProofState:
        """The state at the hole."""
        ...

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the assistant's processes since this session was opened."""
        ...

    def apply(self, state: ProofState, tactic: str, timeout: float) -> Step | TacticError:
        """Run `tactic` on the first goal of `state` within `timeout` seconds; `state` stays usable."""
        ...

    def finish(self, state: ProofState) -> TacticError | None:
        """None if the assistant would close the proof at `state` (a hint: only the gate decides)."""
        ...

    def close(self) -> None:
        """Free what the session holds; harmless twice."""
        ...


class Assistant(Protocol):
    """A proof assistant that opens theorems."""

    def open(self, theorem: Theorem) -> Session:
        """A session at the theorem's hole; raises `AssistantError` if it cannot be reached."""
        ...

    def close(self) -> None:
        """End every process of this assistant; harmless twice."""
        ...
