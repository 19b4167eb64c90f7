"""The seam of generation: prompts as token ids in, continuations with log-probabilities out.

An `Engine` is asked for `n` continuations of each prompt and says of each how likely the model finds it and whether
it came to its end.  The one idea is that the answer depends on the model, the prompt and the `Decoding` alone: never on
the other prompts of the batch, nor on what was asked before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Method(Enum):
    """How continuations are found: the likeliest ones by beam search, or drawn at random."""

    BEAM = "beam"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Decoding:
    """At most `most_tokens` new tokens, the end of text among them.

    `temperature` (above 0; logits are divided by it) and `seed` say what is drawn and play no part in beam search.
    """

    method: Method = Method.BEAM
    most_tokens: int = 64
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.most_tokens < 1:
            raise ValueError(f"decoding most_tokens={self.most_tokens}: wanted at least 1")
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"decoding temperature={self.temperature}: wanted a finite number above 0")
        if self.seed < 0:
            raise ValueError(f"decoding seed={self.seed}: wanted at least 0")


@dataclass(frozen=True, slots=True)
class Continuation:
    """New tokens and the natural log-probability that the model gives them, at temperature 1 whatever was drawn at.

    If `finished`, the model ended the text after `tokens`; the end is not among them and counts in `logprob`.
    Otherwise the continuation was cut at the limit.
    """

    tokens: tuple[int, ...]
    logprob: float
    finished: bool


class Engine(Protocol):
    """Continues prompts with a language model."""

    @property
    def name(self) -> str:
        """How the engine is called in reports."""
        ...

    def generate(self, prompts: Sequence[Sequence[int]], n: int, decoding: Decoding) -> list[list[Continuation]]:
        """For each prompt at most `n` continuations, the likeliest first.

        Beam search gives each token sequence once; what is drawn may come twice.  Raises `ValueError` for an empty
        prompt, or one too long for the model.
        """
        ...


def check_request(prompts: Sequence[Sequence[int]], n: int, decoding: Decoding, longest: int | None) -> None:
    """Raises `ValueError` if there is an empty prompt, none is wanted of it, or it and its continuation together are
    more than the `longest` text that the model knows (None if that is not known).
    """
    if n < 1:
        raise ValueError(f"{n} continuations asked for: wanted at least 1")
    for place, prompt in enumerate(prompts):
        if not prompt:
            raise ValueError(f"prompt {place} is empty: wanted at least one token")
        if longest is not None and len(prompt) + decoding.most_tokens > longest:
            raise ValueError(
                f"prompt {place} of {len(prompt)} tokens and {decoding.most_tokens} new ones: "
                f"wanted at most {longest} together, the longest text that the model knows"
            )
