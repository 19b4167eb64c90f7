"""The seam between a policy and a model: states in, texts with log-probabilities out.

A local engine counts in tokens and knows its tokenizer; a server has its own.  So the seam is the state itself, and
each side makes the prompt, and cuts one that is too long, in the way that it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from proofloom.proofs import ProofState


@dataclass(frozen=True, slots=True)
class Completion:
    """A text, the tokens that it was written in (numbers or strings), its natural log-probability, and whether it came
    to its end.
    """

    text: str
    tokens: tuple[int | str, ...]
    logprob: float
    finished: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine is asked about: a state that has goals, and hints, tactics that may help, the likeliest first."""

    state: ProofState
    hints: tuple[str, ...] = ()


class TextEngine(Protocol):
    """Writes tactics with a language model."""

    @property
    def name(self) -> str:
        """How the engine is called in reports."""
        ...

    def complete(self, asked: Sequence[Asked], n: int) -> list[list[Completion]]:
        """For each state at most `n` completions of its prompt, the likeliest first."""
        ...
