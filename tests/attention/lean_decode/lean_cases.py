"""Random batches for decode attention, and attention over all keys at once in double precision."""

from __future__ import annotations

import torch
from torch import Tensor

from proofloom.attention.lean_decode.keys import KeyValues

BATCHES = [
    ([1], 1, 1, 1, 16),
    ([37], 2, 1, 1, 16),
    ([5, 130, 1], 2, 4, 1, 32),
    ([700, 3, 64, 65, 2], 1, 2, 3, 16),
    ([90, 90], 3, 1, 7, 64),
    ([2100, 4], 1, 1, 2, 16),
]
"""Lengths, key heads, query heads to each, rows, width: one key, no multiple of a tile, one long and many short."""


def drawn(lengths: list[int], heads: int, group: int, rows: int, width: int, seed: int = 0) -> tuple[Tensor, KeyValues]:
    """A query and a padded cache in double precision, with rubbish behind the end of each sequence."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    keys, values = (normal(len(lengths), heads, max(lengths) + 3, width) for _ in range(2))
    return normal(len(lengths), heads * group, rows, width), KeyValues(keys, values, torch.tensor(lengths))


def paged(held: KeyValues, page: int) -> KeyValues:
    """The same keys in pages of `page` keys, the pages shuffled; unused ones are not a number."""
    batch, heads, capacity, width = held.keys.shape
    most = -(-capacity // page)
    order = torch.randperm(batch * most, generator=torch.Generator().manual_seed(1))
    table = order.view(batch, most)
    found = []
    for one in (held.keys, held.values):
        pages = torch.full((batch * most, page, heads, width), torch.nan, dtype=one.dtype)
        for sequence in range(batch):
            for place in range(most):
                some = one[sequence, :, place * page : (place + 1) * page].transpose(0, 1)
                pages[table[sequence, place], : len(some)] = some
        found.append(pages)
    return KeyValues(found[0], found[1], held.lengths, held.starts, table)


def exact(query: Tensor, held: KeyValues) -> tuple[Tensor, Tensor]:
    """Output and log-sum-exp by softmax over all keys of each sequence, for a padded cache."""
    batch, heads, rows, width = query.shape
    output, logsumexp = torch.empty_like(query), query.new_empty(batch, heads, rows)
    group = heads // held.heads
    for sequence, (start, end) in enumerate(held.extents()):
        keys, values = (one.repeat_interleave(group, 0) for one in held.part(sequence, start, end))
        scores = query[sequence] @ keys.transpose(1, 2) * width**-0.5
        output[sequence], logsumexp[sequence] = scores.softmax(-1) @ values, scores.logsumexp(-1)
    return output, logsumexp
