"""Counts what is asked of a model: tokens read, tokens written, CPU seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proofloom.models.engine.protocol import Continuation, Decoding, Engine
from proofloom.search.clock import Clock


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of prompts, tokens of what came back with their ends, CPU seconds.

    What a beam search drops on its way is not among the tokens written; its time is among the seconds.
    """

    tokens_read: int = 0
    tokens_written: int = 0
    cpu_seconds: float = 0.0


class MeteredEngine:
    """An engine that counts from the last `reset` on."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        self.name = engine.name
        self.usage = Usage()

    def reset(self) -> None:
        """Count from 0 again."""
        self.usage = Usage()

    def generate(self, prompts: Sequence[Sequence[int]], n: int, decoding: Decoding) -> list[list[Continuation]]:
        """What the engine answers."""
        begun = self._clock.cpu()
        answers = self._engine.generate(prompts, n, decoding)
        self.usage = Usage(
            self.usage.tokens_read + sum(map(len, prompts)),
            self.usage.tokens_written + sum(len(one.tokens) + one.finished for some in answers for one in some),
            self.usage.cpu_seconds + self._clock.cpu() - begun,
        )
        return answers
