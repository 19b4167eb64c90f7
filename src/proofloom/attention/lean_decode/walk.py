"""The plain reference of stream-K decode attention: program after program, slot after slot, as the schedule says.

Runs on any device and in any floating type; it is what the kernel is tested against, and what serves devices for
which there is no kernel.  The one idea of the order: programs are walked from the last to the first, so what a host
waits for is always there when it asks.
"""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.lean_decode.schedule import Schedule, Segment
from proofloom.attention.softmax_merge import PartialSoftmax, finish, merge, partial_softmax


def plain(rows: Tensor, held: KeyValues, scale: float, tile: int = 256) -> tuple[Tensor, Tensor]:
    """`walk` with one program, whose sums go in the order of the keys, so they are the same in any batch."""
    lengths = [end - start for start, end in held.extents()]
    return walk(rows, held, scale, Schedule.over(lengths, held.heads, tile, 1), tile)


def walk(rows: Tensor, held: KeyValues, scale: float, schedule: Schedule, tile: int) -> tuple[Tensor, Tensor]:
    """Output (B, G, R, D) and log-sum-exp (B, G, R) of `rows` (B, G, R, D), R query rows for each key head.

    `schedule` is one over the lengths of `held` in tiles of `tile` keys.  Sums are kept in at least float32.
    """
    exact = torch.promote_types(rows.dtype, torch.float32)
    rows = rows.to(exact) * scale
    extents = held.extents()
    output, logsumexp = torch.empty_like(rows), rows.new_empty(rows.shape[:-1])
    slots: dict[int, PartialSoftmax] = {}

    def done(segment: Segment) -> PartialSoftmax:
        sequence, head = divmod(segment.output, held.heads)
        start, end = extents[sequence]
        parts = []
        for number in range(segment.first, segment.last):
            first = start + number * tile
            keys, values = (one[head].to(exact) for one in held.part(sequence, first, min(first + tile, end)))
            parts.append(partial_softmax(rows[sequence, head] @ keys.T, values))
        return reduce(merge, parts)

    walked = sorted(schedule.segments(), key=lambda segment: -segment.program)
    for segment in walked:
        state = done(segment)
        if not segment.host:
            slots[segment.program] = state
            continue
        state = reduce(merge, (slots[partner] for partner in schedule.partners(segment)), state)
        sequence, head = divmod(segment.output, held.heads)
        output[sequence, head], logsumexp[sequence, head] = finish(state)
    return output, logsumexp
