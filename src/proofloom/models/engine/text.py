"""Engines that read and write text: what a policy talks to, whether the model is here or behind an endpoint.

A local engine counts in tokens and knows its tokenizer; an endpoint has its own.  So the seam is text, and each side
cuts a prompt that is too long in the way that it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from proofloom.models.engine.protocol import Continuation, Decoding, Engine
from proofloom.models.prompt import Prompt

if TYPE_CHECKING:  # this module is imported where `tokenizers` need not be installed
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Completion:
    """A text, the tokens that it was written in (numbers or strings), its natural log-probability, and whether it came
    to its end.
    """

    text: str
    tokens: tuple[int | str, ...]
    logprob: float
    finished: bool


class TextEngine(Protocol):
    """Completes prompts with a language model."""

    @property
    def name(self) -> str:
        """How the engine is called in reports."""
        ...

    def complete(self, prompts: Sequence[Prompt], n: int) -> list[list[Completion]]:
        """For each prompt at most `n` completions, the likeliest first."""
        ...


class TokenizedEngine:
    """An engine over tokens with its tokenizer; a prompt is cut to `most_prompt_tokens`."""

    def __init__(
        self, engine: Engine, tokenizer: Tokenizer, decoding: Decoding | None = None, most_prompt_tokens: int = 512
    ) -> None:
        self._engine, self._tokenizer = engine, tokenizer
        self._decoding = decoding or Decoding()
        self._most_prompt_tokens = most_prompt_tokens
        self.name = engine.name

    def complete(self, prompts: Sequence[Prompt], n: int) -> list[list[Completion]]:
        """For each prompt at most `n` completions, the likeliest first; special tokens are written out in the text."""
        tokens = [prompt.cut_to_tokens(self._most_prompt_tokens, self._encoded) for prompt in prompts]
        return [[self._completion(one) for one in some] for some in self._engine.generate(tokens, n, self._decoding)]

    def _encoded(self, text: str) -> tuple[list[int], list[int]]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, [end for _, end in encoding.offsets]

    def _completion(self, one: Continuation) -> Completion:
        text = self._tokenizer.decode(list(one.tokens), skip_special_tokens=False)
        return Completion(text, one.tokens, one.logprob, one.finished)
