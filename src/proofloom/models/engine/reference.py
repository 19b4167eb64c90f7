"""The reference engine: `transformers` generates, for any causal language model.

Slower than it could be, because each continuation gets a copy of its prompt's cache, but simple; other engines are
tested against it.  Sampling draws the words that `sampling` says, so it too repeats exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessorList, PreTrainedModel

from proofloom.models.engine.protocol import Continuation, Decoding, Method, check_request
from proofloom.models.engine.sampling import drawn_words, draws


class ReferenceEngine:
    """Serves `model`, which is put into evaluation mode; `end` is the token that ends a text."""

    name = "reference"

    def __init__(self, model: PreTrainedModel, end: int) -> None:
        self._model: Any = model
        self._end = end
        self._longest: int | None = getattr(model.config, "max_position_embeddings", None)
        self._model.generation_config = GenerationConfig()  # what its folder says, such as a penalty, is no probability
        model.eval()

    def generate(self, prompts: Sequence[Sequence[int]], n: int, decoding: Decoding) -> list[list[Continuation]]:
        """For each prompt at most `n` continuations, the likeliest first; `ValueError` as `check_request` raises."""
        check_request(prompts, n, decoding, self._longest)
        if not prompts:
            return []
        with torch.inference_mode():
            return self._generated(prompts, n, decoding)

    def _generated(self, prompts: Sequence[Sequence[int]], n: int, decoding: Decoding) -> list[list[Continuation]]:
        width = max(len(prompt) for prompt in prompts)
        padded = torch.tensor([[self._end] * (width - len(prompt)) + list(prompt) for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        processors = LogitsProcessorList()
        options: dict[str, Any] = {"num_beams": n, "num_return_sequences": n, "do_sample": False}
        if decoding.method is Method.SAMPLE:
            numbers = torch.cat([draws(prompt, n, decoding) for prompt in prompts])
            processors.append(_Drawn(numbers, width, decoding.temperature))
            options = {"num_beams": 1, "num_return_sequences": n, "do_sample": True, "temperature": 1.0, "top_k": 0}
        elif n > 1:
            # Scores are plain sums, and a search ends only when nothing better can come.
            options |= {"length_penalty": 0.0, "early_stopping": "never"}
        device = self._model.device
        output = self._model.generate(
            padded.to(device),
            attention_mask=mask.to(device),
            logits_processor=processors,
            generation_config=GenerationConfig(
                max_new_tokens=decoding.most_tokens,
                eos_token_id=self._end,
                pad_token_id=self._end,
                return_dict_in_generate=True,
                output_scores=True,
                output_logits=True,
                **options,
            ),
        )
        written = [self._tokens(row) for row in output.sequences[:, width:].tolist()]
        ranked = "early_stopping" in options
        scores = output.sequences_scores.tolist() if ranked else _summed(output.logits, written)
        found = [
            Continuation(tuple(row[:-1] if row[-1] == self._end else row), min(score, 0.0), row[-1] == self._end)
            for row, score in zip(written, scores, strict=True)
        ]
        return [sorted(found[place * n : place * n + n], key=lambda one: -one.logprob) for place in range(len(prompts))]

    def _tokens(self, row: list[int]) -> list[int]:
        """The new tokens with the one that ends the text, without the padding behind it."""
        return row[: row.index(self._end) + 1] if self._end in row else row


class _Drawn:
    """Leaves only the word that `sampling` draws: `numbers` (rows, most_tokens) for prompts of `width` tokens."""

    def __init__(self, numbers: Tensor, width: int, temperature: float) -> None:
        self._numbers, self._width, self._temperature = numbers, width, temperature

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        numbers = self._numbers[:, input_ids.shape[1] - self._width]
        logprobs = scores.float().log_softmax(-1).cpu()
        words = drawn_words(logprobs, numbers[:, None], self._temperature).to(scores.device)
        return torch.full_like(scores, -torch.inf).scatter(1, words, 0.0)


def _summed(logits: Sequence[Tensor], written: Sequence[Sequence[int]]) -> list[float]:
    """The log-probabilities of rows from the logits (rows, V) of each step."""
    totals = [0.0] * len(written)
    for step, one in enumerate(logits):
        logprobs = one.float().log_softmax(-1)
        for place, row in enumerate(written):
            if step < len(row):
                totals[place] += logprobs[place, row[step]].item()
    return totals
