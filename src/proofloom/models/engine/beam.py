"""Beam search without a model: which rows go on with which tokens, and which are finished.

Letters: B prompts, K live rows of each, V words of the vocabulary.  A `Beams` is a value; `advance` takes the model's
log-probabilities and returns the next value and a `Move`, which tells the model how to rearrange what it keeps.  The
one idea is that scores are plain sums of log-probabilities, which only fall: so a prompt is done, exactly, when its
best live row is no better than the worst of n finished ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from proofloom.models.engine.protocol import Continuation

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Move:
    """What the model does next: keep the prompts at places `prompts` (B'), and of each the rows `parents` (B', K'),
    in this order and possibly several times, and read `tokens` (B', K') in them.
    """

    prompts: Tensor
    parents: Tensor
    tokens: Tensor


@dataclass(frozen=True, slots=True)
class Beams:
    """The live rows of the prompts that are not done, and all that is finished.

    `prompts` (B) are numbers of prompts, `tokens` (B, K, steps so far) and `scores` (B, K) those of the live rows.
    `finished` has for every prompt at most `n` continuations, the best first.
    """

    n: int
    end: int
    most_tokens: int
    prompts: Tensor
    tokens: Tensor
    scores: Tensor
    finished: tuple[tuple[Continuation, ...], ...]

    @classmethod
    def begin(cls, prompts: int, n: int, end: int, most_tokens: int, device: torch.device | None = None) -> Beams:
        """One row for each prompt, the prompt itself.  `end` is the token that ends a text."""
        return cls(
            n,
            end,
            most_tokens,
            torch.arange(prompts, device=device),
            torch.zeros(prompts, 1, 0, dtype=torch.long, device=device),
            torch.zeros(prompts, 1, device=device),
            ((),) * prompts,
        )

    def advance(self, logprobs: Tensor) -> tuple[Beams, Move | None]:
        """The next beams from log-probabilities (B, K, V) of the next token; no move if every prompt is done.

        Of the 2n best ways to go on, those among the first n that end are finished, and the first n that do not end
        are live; so n rows stay live even if all the best ones end.
        """
        batch, rows, words = logprobs.shape
        totals = (self.scores[:, :, None] + logprobs).reshape(batch, rows * words)
        scores, places = largest(totals, min(2 * self.n, rows * words))
        parents, tokens = places // words, places % words
        last = self.tokens.shape[2] + 1 == self.most_tokens
        ended = tokens == self.end
        histories = torch.cat((_rows(self.tokens, parents), tokens[:, :, None]), 2)
        finished = self._with_finished(histories, scores, ended, last)
        if last:
            return Beams(
                self.n, self.end, self.most_tokens, self.prompts[:0], histories[:0], scores[:0], finished
            ), None
        # A stable sort by "has ended" keeps the order of the scores among those that have not.
        live = ended.to(torch.uint8).argsort(dim=1, stable=True)[:, : min(self.n, rows * (words - 1))]
        scores, parents, tokens = (one.gather(1, live) for one in (scores, parents, tokens))
        open_places = [
            place
            for place, (prompt, best) in enumerate(zip(self.prompts.tolist(), scores[:, 0].tolist(), strict=True))
            if len(finished[prompt]) < self.n or best > finished[prompt][-1].logprob
        ]
        kept = torch.tensor(open_places, dtype=torch.long, device=scores.device)
        beams = Beams(
            self.n,
            self.end,
            self.most_tokens,
            self.prompts[kept],
            _rows(histories, live)[kept],
            scores[kept],
            finished,
        )
        return beams, Move(kept, parents[kept], tokens[kept]) if open_places else None

    def results(self) -> list[list[Continuation]]:
        """For each prompt what is finished or was cut, the best first."""
        return [list(continuations) for continuations in self.finished]

    def _with_finished(
        self, histories: Tensor, scores: Tensor, ended: Tensor, last: bool
    ) -> tuple[tuple[Continuation, ...], ...]:
        """`finished` and those of the first n rows (in the order of their scores) that end here, or are cut here."""
        finished = list(self.finished)
        shown = [one[:, : self.n].tolist() for one in (scores, ended)]
        for place, prompt in enumerate(self.prompts.tolist()):
            found = [
                _continuation(histories[place, rank], score, end)
                for rank, (score, end) in enumerate(zip(shown[0][place], shown[1][place], strict=True))
                if (end or last) and score > -torch.inf
            ]
            if found:
                ranked = sorted([*finished[prompt], *found], key=lambda one: -one.logprob)
                finished[prompt] = tuple(ranked[: self.n])
        return tuple(finished)


def largest(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of `values` (B, N) in falling order, and their places: `torch.topk`, faster for a long N.

    The `count` largest values lie in the `count` pieces with the largest maxima, so only those are searched.
    """
    batch, length = values.shape
    pieces = length // _CHUNK
    if pieces <= 2 * count:
        found, places = values.topk(count, 1)
        return found, places
    even = values[:, : pieces * _CHUNK].view(batch, pieces, _CHUNK)
    _, best = even.amax(2).topk(count, 1)
    inside = even.gather(1, best[:, :, None].expand(-1, -1, _CHUNK)).reshape(batch, -1)
    spots = (best[:, :, None] * _CHUNK + torch.arange(_CHUNK, device=values.device)).reshape(batch, -1)
    rest = torch.arange(pieces * _CHUNK, length, device=values.device).expand(batch, -1)
    found, order = torch.cat((inside, values[:, pieces * _CHUNK :]), 1).topk(count, 1)
    return found, torch.cat((spots, rest), 1).gather(1, order)


def _rows(tensor: Tensor, places: Tensor) -> Tensor:
    """`tensor` (B, K, T) with the rows at `places` (B, K')."""
    return tensor.gather(1, places[:, :, None].expand(-1, -1, tensor.shape[2]))


def _continuation(tokens: Tensor, score: float, ended: bool) -> Continuation:
    numbers: list[int] = tokens.tolist()
    return Continuation(tuple(numbers[:-1] if ended else numbers), min(score, 0.0), ended)
