"""How much of a device's time tiles can fill, beside a fixed split: arithmetic on schedules, no device needed.

A fixed split gives every output the same number of equal pieces, so the last round of programs is partly empty.  The
rule for the number is that of FlashAttention-3 for batches of one length.  These ratios bound what an equal split can
gain; decoding is limited by bandwidth, so what it does gain is less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from proofloom.attention.lean_decode.schedule import Schedule

_MOST_SPLITS = 128


@dataclass(frozen=True, slots=True)
class Case:
    """A batch of `batch` sequences of `keys` keys with `heads` key heads, on a device of `processors`."""

    processors: int
    batch: int
    heads: int
    keys: int


@dataclass(frozen=True, slots=True)
class Filled:
    """Pieces of a fixed split, and the share of the device's time filled by the fixed and by the equal one."""

    splits: int
    fixed: float
    equal: float


def filled(case: Case, tile: int = 128) -> Filled:
    """Both schedules of `case` in tiles of `tile` keys, one program at a time on each processor."""
    outputs, tiles = case.batch * case.heads, -(-case.keys // tile)
    splits = fixed_splits(outputs, tiles, case.processors)
    rounds = -(-outputs * splits // case.processors)
    fixed = outputs * tiles / (case.processors * rounds * -(-tiles // splits))
    schedule = Schedule.over([case.keys] * case.batch, case.heads, tile, case.processors)
    return Filled(splits, fixed, schedule.efficiency(case.processors))


def fixed_splits(outputs: int, tiles: int, processors: int) -> int:
    """Pieces of each output of `tiles` tiles: the fewest that fill rounds nearly (85 %) as well as the best number."""
    if outputs >= 0.8 * processors or tiles <= 4:
        return 1
    shares = {
        splits: (outputs * splits / processors) / math.ceil(outputs * splits / processors)
        for splits in range(1, min(_MOST_SPLITS, processors, tiles) + 1)
    }
    best = max(shares.values())
    return next(splits for splits, share in shares.items() if share >= 0.85 * best)
