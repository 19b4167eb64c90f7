"""Sampling without a model: which word each row draws, and which rows are finished.

Letters: B prompts, K live rows of each, V words of the vocabulary, n continuations wanted of each prompt.  No random
state is kept: row k of a prompt draws its t-th word with entry (k, t) of a table that depends on the seed and the
prompt alone.  So the same prompt gives the same continuations in every batch and in every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from proofloom.models.engine.beam import Move
from proofloom.models.engine.protocol import Continuation, Decoding

_PIECE = 64


def draws(prompt: Sequence[int], n: int, decoding: Decoding) -> Tensor:
    """Numbers (n, most_tokens) in [0, 1), from the seed and the prompt; a larger n adds rows."""
    table = np.random.default_rng([decoding.seed, *prompt]).random((n, decoding.most_tokens))
    return torch.from_numpy(table)


def drawn_words(logprobs: Tensor, numbers: Tensor, temperature: float) -> Tensor:
    """Words (R, n) drawn from log-probabilities (R, V), n for each row, with numbers (R, n) in [0, 1).

    The word is where the running sum of the probabilities, made to sum to 1 at this temperature, passes the number;
    one of probability 0 is never drawn.  Sums over pieces of the vocabulary tell the piece, so that only that one is
    searched word by word.
    """
    weights = (logprobs / temperature).softmax(-1)
    pieces = F.pad(weights, (0, -weights.shape[-1] % _PIECE)).unflatten(-1, (-1, _PIECE))
    sums = pieces.sum(-1, dtype=torch.float64).cumsum(-1)
    goals = numbers.to(sums) * sums[:, -1:]
    piece = _place(sums, goals)
    before = F.pad(sums, (1, 0)).gather(1, piece)
    inside = pieces.gather(1, piece[:, :, None].expand(-1, -1, _PIECE)).double().cumsum(-1)
    return piece * _PIECE + _place(inside, (goals - before)[:, :, None])[:, :, 0]


def _place(sums: Tensor, goals: Tensor) -> Tensor:
    """Where running sums (..., V) pass the goals (..., n); where they have reached the end if rounding hides it."""
    end = torch.searchsorted(sums, sums[..., -1:].contiguous())
    return torch.minimum(torch.searchsorted(sums, goals.contiguous(), right=True), end)


@dataclass(frozen=True, slots=True)
class Samples:
    """The live rows of the prompts that are not done, and all that is finished.

    `prompts` (B) are numbers of prompts; `columns` (B, K) say which of the n continuations a row is, -1 for a row that
    only fills the rectangle; `tokens` (B, K, steps so far) and `scores` (B, K).  `numbers` (prompts, n, most_tokens).
    """

    end: int
    temperature: float
    numbers: Tensor
    prompts: Tensor
    columns: Tensor
    tokens: Tensor
    scores: Tensor
    finished: tuple[tuple[Continuation, ...], ...]

    @classmethod
    def begin(cls, prompts: Sequence[Sequence[int]], n: int, end: int, decoding: Decoding) -> Samples:
        """One row for each prompt, the prompt itself; n at the first step.  `end` is the token that ends a text."""
        count = len(prompts)
        return cls(
            end,
            decoding.temperature,
            torch.stack([draws(prompt, n, decoding) for prompt in prompts]),
            torch.arange(count),
            torch.arange(n).expand(count, n),
            torch.zeros(count, n, 0, dtype=torch.long),
            torch.zeros(count, n),
            ((),) * count,
        )

    def advance(self, logprobs: Tensor) -> tuple[Samples, Move | None]:
        """The next samples from log-probabilities (B, K, V) of the next token (K = 1 at the first step); no move if
        every prompt is done.

        Rows that have ended leave the batch: live rows move to the front, and K becomes the largest number of live
        rows that a prompt has.
        """
        logprobs = logprobs.cpu()
        step = self.tokens.shape[2]
        numbers = self.numbers[self.prompts[:, None], self.columns.clamp(min=0), step]
        if step:
            words = drawn_words(logprobs.flatten(0, 1), numbers.flatten()[:, None], self.temperature).view_as(numbers)
            gains = logprobs.gather(2, words[:, :, None])[:, :, 0]
        else:
            words = drawn_words(logprobs[:, 0], numbers, self.temperature)
            gains = logprobs[:, 0].gather(1, words)
        scores = self.scores + gains
        tokens = torch.cat((self.tokens, words[:, :, None]), 2)
        real = self.columns >= 0
        leaves = (words == self.end) | (step + 1 == self.numbers.shape[2])
        finished = self._with_finished(tokens, scores, real & leaves)
        live = real & ~leaves
        counts = live.sum(1)
        kept = counts.nonzero()[:, 0]
        order = (~live).to(torch.uint8).argsort(dim=1, stable=True)[kept, : int(counts.max())]
        columns = torch.where(live, self.columns, -1)[kept].gather(1, order)
        samples = Samples(
            self.end,
            self.temperature,
            self.numbers,
            self.prompts[kept],
            columns,
            tokens[kept].gather(1, order[:, :, None].expand(-1, -1, step + 1)),
            scores[kept].gather(1, order),
            finished,
        )
        if not len(kept):
            return samples, None
        # At the first step the model has one row, from which all come.
        parents = order if step else torch.zeros_like(order)
        return samples, Move(kept, parents, words[kept].gather(1, order))

    def results(self) -> list[list[Continuation]]:
        """For each prompt its n continuations, the likeliest first, with repetitions."""
        return [sorted(continuations, key=lambda one: -one.logprob) for continuations in self.finished]

    def _with_finished(self, tokens: Tensor, scores: Tensor, leaving: Tensor) -> tuple[tuple[Continuation, ...], ...]:
        finished = list(self.finished)
        for place, row in leaving.nonzero().tolist():
            numbers: list[int] = tokens[place, row].tolist()
            ended = numbers[-1] == self.end
            one = Continuation(tuple(numbers[:-1] if ended else numbers), min(scores[place, row].item(), 0.0), ended)
            prompt = int(self.prompts[place])
            finished[prompt] = (*finished[prompt], one)
        return tuple(finished)
