"""Random trees with leaves at different depths, only children and padding, for tests of hierarchical attention."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from proofloom.hierarchy.nested import NestedSignal, Tree


def random_tree(seed: int, leaves: int, *, padding: float = 0.0) -> Tree:
    """A tree over the tokens 0 .. leaves - 1 in order, at least one family deep."""
    chance = random.Random(seed)

    def grown(tokens: list[Tree]) -> Tree:
        parts: list[Tree] = []
        while tokens:
            cut = chance.randint(1, max(1, min(len(tokens), chance.choice([1, 2, 5]))))
            piece, tokens = tokens[:cut], tokens[cut:]
            deeper = cut > 1 or chance.random() < 0.2
            parts.append(grown(piece) if deeper and cut < leaves else piece[0] if cut == 1 else tuple(piece))
            if chance.random() < padding:
                parts.append(None if chance.random() < 0.7 else (None, (None,)))
        return tuple(parts)

    return grown(list(range(leaves)))


def random_batch(seed: int, lengths: Iterable[int], tokens: int, *, padding: float = 0.0) -> NestedSignal:
    """One random tree for each length, over `tokens` slots."""
    trees = [random_tree(seed + number, length, padding=padding) for number, length in enumerate(lengths)]
    return NestedSignal.of(trees, tokens)


def random_rows(batch: int, heads: int, tokens: int, width: int, *, count: int = 3) -> Iterator[Tensor]:
    """`count` tensors (batch, heads, tokens, width) of doubles."""
    return (torch.randn(batch, heads, tokens, width, dtype=torch.float64) for _ in range(count))
