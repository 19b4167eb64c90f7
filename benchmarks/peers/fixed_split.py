"""Decode attention by a fixed split (FlashDecoding), with the tiles of the project's own kernel: a peer for benchmarks.

Every output is cut into the same number of pieces, one program for each, and a second kernel puts them together.  The
number of pieces follows the rule of FlashAttention-3 for the longest sequence.  Tiles, types and addresses are those of
the stream-K kernel, so what differs is the schedule alone.
"""

from __future__ import annotations

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from proofloom.attention.lean_decode.efficiency import fixed_splits
from proofloom.attention.lean_decode.kernel import fold
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.lean_decode.launch import keys_of_tile


@triton.jit(do_not_specialize=["capacity", "splits"])
def _piece_kernel(
    rows,
    keys,
    values,
    lengths,
    slot_peaks,
    slot_totals,
    slot_weighted,
    scale,
    capacity,
    splits,
    key_batch_step,
    key_head_step,
    key_step,
    value_batch_step,
    value_head_step,
    value_step,
    HEADS: tl.constexpr,
    COUNT: tl.constexpr,
    HAS_LENGTHS: tl.constexpr,
    ROWS: tl.constexpr,
    TILE: tl.constexpr,
    WIDTH: tl.constexpr,
    PADDED: tl.constexpr,
):
    split = tl.program_id(0)
    among = tl.program_id(1).to(tl.int64)
    sequence = among // HEADS
    head = among % HEADS
    length = capacity
    if HAS_LENGTHS:
        length = tl.minimum(tl.load(lengths + sequence).to(tl.int32), capacity)
    tiles = (length + TILE - 1) // TILE
    share = (tiles + splits - 1) // splits
    first = split * share
    row_places = tl.arange(0, ROWS)
    columns = tl.arange(0, PADDED)
    there = row_places < COUNT
    cells = row_places[:, None] * WIDTH + columns[None, :]
    cell_there = there[:, None] & (columns < WIDTH)[None, :]
    queries = tl.load(rows + among * COUNT * WIDTH + cells, mask=cell_there, other=0.0)
    peak, total, weighted = fold(
        queries,
        keys + sequence * key_batch_step + head * key_head_step,
        values + sequence * value_batch_step + head * value_head_step,
        lengths,
        0,
        length,
        first,
        tl.minimum(first + share, tiles),
        scale,
        key_step,
        value_step,
        0,
        0,
        0,
        ROWS,
        TILE,
        WIDTH,
        PADDED,
    )
    slot = among * splits + split
    tl.store(slot_peaks + slot * COUNT + row_places, peak, mask=there)
    tl.store(slot_totals + slot * COUNT + row_places, total, mask=there)
    tl.store(slot_weighted + slot * COUNT * WIDTH + cells, weighted, mask=cell_there)


@triton.jit(do_not_specialize=["splits"])
def _merge_kernel(
    slot_peaks,
    slot_totals,
    slot_weighted,
    output,
    splits,
    COUNT: tl.constexpr,
    WIDTH: tl.constexpr,
    PADDED: tl.constexpr,
):
    place = tl.program_id(0).to(tl.int64)
    among = place // COUNT
    row = place % COUNT
    columns = tl.arange(0, PADDED)
    there = columns < WIDTH
    peak = float("-inf")
    total = 0.0
    weighted = tl.zeros([PADDED], tl.float32)
    for split in range(splits):
        slot = (among * splits + split) * COUNT + row
        other = tl.load(slot_peaks + slot)
        top = tl.maximum(peak, other)
        base = tl.where(top == float("-inf"), 0.0, top)
        ours = tl.exp2(peak - base)
        theirs = tl.exp2(other - base)
        total = total * ours + tl.load(slot_totals + slot) * theirs
        weighted = weighted * ours + tl.load(slot_weighted + slot * WIDTH + columns, mask=there, other=0.0) * theirs
        peak = top
    tl.store(output + place * WIDTH + columns, (weighted / total).to(output.dtype.element_ty), mask=there)


class FixedSplit:
    """Calls for `rows` (B, G, R, D), R at most 64, over a padded cache; what pieces leave is kept between calls."""

    def __init__(self, rows: Tensor, held: KeyValues, scale: float, processors: int) -> None:
        batch, heads, count, width = rows.shape
        padded = max(16, triton.next_power_of_2(width))
        self._tile = keys_of_tile(padded, rows.element_size())
        longest = max(end for _, end in held.extents())
        self.splits = fixed_splits(batch * heads, -(-longest // self._tile), processors)
        slots = batch * heads * self.splits
        self._slots = [
            torch.empty(slots, count, *tail, device=rows.device, dtype=torch.float32) for tail in ((), (), (width,))
        ]
        self._held, self._scale = held, scale * math.log2(math.e)
        self._sizes = {"COUNT": count, "WIDTH": width, "PADDED": padded}
        self._options = {"num_warps": 4 if count <= 16 else 8, "num_stages": 2 if padded > 128 else 3}

    def __call__(self, rows: Tensor) -> Tensor:
        """Output (B, G, R, D)."""
        batch, heads, count, _ = rows.shape
        keys, values, lengths = self._held.keys, self._held.values, self._held.lengths
        _piece_kernel[(self.splits, batch * heads)](
            rows,
            keys,
            values,
            rows if lengths is None else lengths,
            *self._slots,
            self._scale,
            self._held.capacity,
            self.splits,
            *keys.stride()[:3],
            *values.stride()[:3],
            HEADS=heads,
            HAS_LENGTHS=lengths is not None,
            ROWS=max(16, triton.next_power_of_2(count)),
            TILE=self._tile,
            **self._sizes,
            **self._options,
        )
        output = torch.empty_like(rows)
        _merge_kernel[(batch * heads * count,)](*self._slots, output, self.splits, **self._sizes)
        return output
