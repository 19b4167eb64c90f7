"""A local engine with its tokenizer: prompts are made as in training, and what comes back is text."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from proofloom.hierarchy import HINT_MARKERS
from proofloom.models.engine.protocol import Continuation, Decoding, Engine
from proofloom.models.engine.text import Asked, Completion
from proofloom.models.prompt import hint_tokens, prompts
from proofloom.models.reading import remembered_reading


class TokenizedEngine:
    """An engine over tokens with its (fast) tokenizer, which remembers how states are read.

    A prompt is cut to `most_prompt_tokens`.  Raises `ModelError` if what is remembered is no reading.
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: PreTrainedTokenizerBase,
        decoding: Decoding | None = None,
        most_prompt_tokens: int = 512,
    ) -> None:
        self._engine, self._tokenizer = engine, tokenizer
        self._decoding = decoding or Decoding()
        self._most_prompt_tokens = most_prompt_tokens
        self._reading = remembered_reading(tokenizer)
        self.name = engine.name

    def complete(self, asked: Sequence[Asked], n: int) -> list[list[Completion]]:
        """For each state at most `n` completions, the likeliest first; special tokens are written out in the text."""
        levelled = [self._reading.of_state(one.state) for one in asked]
        before, shown = hint_tokens(self._tokenizer, [one.hints for one in asked], self._reading.hints)
        made = prompts(self._tokenizer, levelled, self._most_prompt_tokens, before)
        answers = self._engine.generate([prompt.tokens for prompt in made], n, self._decoding)
        return [[self._completion(one, hints) for one in some] for hints, some in zip(shown, answers, strict=True)]

    def _completion(self, one: Continuation, hints: Sequence[str]) -> Completion:
        """The text of a continuation; the number of a hint that was shown stands for the hint."""
        tokens = list(one.tokens)
        text = str(self._tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False))
        if self._reading.hints:
            text = dict(zip(HINT_MARKERS, hints, strict=False)).get(text) or text
        return Completion(text, one.tokens, one.logprob, one.finished)
