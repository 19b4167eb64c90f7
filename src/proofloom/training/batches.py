"""Which examples a step learns from, and the tensors that it reads.

The order is a pure function of the lengths, the seed and the number of the step, so that the number of the step is all
that a checkpoint must hold to go on in the same order.  Letters: B examples, T tokens, K columns that are predicted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from proofloom.hierarchy import OUTSIDE
from proofloom.training.examples import Examples

IGNORED = -100
"""The target of what is not learned: the state, the markers, padding."""
_MULTIPLE = 8

Numbers = NDArray[np.int64]


class BatchOrder:
    """The examples of each step.  An epoch is a permutation; `pool` batches of it are sorted by length together, and
    the batches that this gives are dealt out in random order.  Every example comes once in an epoch.
    """

    def __init__(self, lengths: Numbers, batch: int, pool: int, seed: int) -> None:
        self._lengths = lengths
        self._batch = batch
        self._pool = pool
        self._seed = seed
        self._epoch: tuple[int, list[Numbers]] = (-1, [])

    @property
    def steps_in_epoch(self) -> int:
        """How many batches an epoch has; the last of a pool may be smaller than the others."""
        return -(-len(self._lengths) // self._batch)

    def steps(self, epochs: float) -> int:
        """How many steps so many epochs have, at least 1."""
        return max(1, math.ceil(epochs * self.steps_in_epoch))

    def batch(self, step: int) -> Numbers:
        """The examples of a step, counted from 0 over all epochs."""
        epoch, place = divmod(step, self.steps_in_epoch)
        if self._epoch[0] != epoch:
            self._epoch = epoch, self._dealt(np.random.default_rng([self._seed, epoch]))
        return self._epoch[1][place]

    def _dealt(self, random: np.random.Generator) -> list[Numbers]:
        mixed = random.permutation(len(self._lengths))
        batches: list[Numbers] = []
        for start in range(0, len(mixed), self._batch * self._pool):
            pool = mixed[start : start + self._batch * self._pool]
            if self._pool > 1:
                pool = pool[np.argsort(self._lengths[pool], kind="stable")]
            batches += [pool[at : at + self._batch] for at in range(0, len(pool), self._batch)]
        return [batches[place] for place in random.permutation(len(batches))]


def in_parts(numbers: Numbers, lengths: Numbers, most: int) -> Iterator[Numbers]:
    """`numbers` by length, in parts of at most `most` tokens with padding; an example that is longer stands alone."""
    ordered = numbers[np.argsort(lengths[numbers], kind="stable")]
    start = 0
    for end in range(1, len(ordered) + 1):
        if end == len(ordered) or (end + 1 - start) * _width(int(lengths[ordered[end]])) > most:
            yield ordered[start:end]
            start = end


@dataclass(frozen=True, slots=True)
class Batch:
    """What a model reads: `tokens`, `levels`, `goals`, `kinds` and `real` (1 for what is no padding) (B, T).

    What it shall say: at `columns` (K), places in the text, the tokens `targets` (B, K), `IGNORED` where it does not
    matter.  `words` is how many matter.
    """

    tokens: Tensor
    levels: Tensor
    goals: Tensor
    kinds: Tensor
    real: Tensor
    columns: Tensor
    targets: Tensor

    @property
    def words(self) -> int:
        """How many targets matter."""
        return int((self.targets != IGNORED).sum())

    @property
    def prompt_targets(self) -> Tensor:
        """(B, T): behind each place of a prompt the next token of it, `IGNORED` elsewhere."""
        following = torch.full_like(self.tokens, IGNORED)
        following[:, :-1] = torch.where(self.real[:, 1:] > 0, self.tokens[:, 1:], IGNORED)
        said = torch.zeros_like(following, dtype=torch.bool)
        said[:, self.columns] = self.targets != IGNORED
        return following.masked_fill(said, IGNORED)

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(*(getattr(self, item.name).to(device, non_blocking=True) for item in fields(self)))


def collate(examples: Examples, numbers: Numbers, padding: int) -> Batch:
    """The examples of these numbers, padded on the right to one width, a multiple of 8.

    Only the tactic is learned: each of its tokens, and its end, is the target of the place before it.
    """
    lengths = examples.lengths[numbers]
    shape = (len(numbers), _width(int(lengths.max())))
    tokens, targets = np.full(shape, padding, np.int64), np.full(shape, IGNORED, np.int64)
    classes = np.full((3, *shape), OUTSIDE, np.int64)
    for row, number in enumerate(numbers):
        start, length, prompt = int(examples.starts[number]), int(lengths[row]), int(examples.prompts[number])
        tokens[row, :length] = examples.tokens[start : start + length]
        for place, name in enumerate(("levels", "goals", "kinds")):
            classes[place, row, :length] = getattr(examples, name)[start : start + length]
        targets[row, prompt - 1 : length - 1] = tokens[row, prompt:length]
    columns = np.flatnonzero((targets != IGNORED).any(0))
    real = (np.arange(shape[1]) < lengths[:, None]).astype(np.int64)
    return Batch(*(torch.from_numpy(one) for one in (tokens, *classes, real, columns, targets[:, columns])))


def _width(length: int) -> int:
    return -(-length // _MULTIPLE) * _MULTIPLE
