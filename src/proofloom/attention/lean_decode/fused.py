"""Decode attention on a CPU: torch's fused kernel over equal pieces of the keys, all at once, and one merge.

The fused kernel takes query rows of one key head together, keeps its scores in the cache of a core and returns the
log of the sum that the merge needs.  It gives cores whole heads and blocks of rows; where there are too few of these
to keep all cores busy, the keys are cut as well, and the pieces go in as if they were sequences.
"""

from __future__ import annotations

import torch
from torch import Tensor

from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.softmax_merge import PartialSoftmax, finish, merge, unfinish

_BLOCK = 32
"""Query rows that the fused kernel gives to a core at a time."""
_SHORTEST = 512
"""Keys of a piece that is worth the merge."""


def fused(rows: Tensor, held: KeyValues, scale: float, *, cut: bool = True) -> tuple[Tensor, Tensor]:
    """Output (B, G, R, D) and log-sum-exp (B, G, R) of `rows` (B, G, R, D), R query rows for each key head.

    Without `cut` all keys of a sequence go in as one piece, even if cores wait.
    """
    threads = torch.get_num_threads() if cut else 1
    if held.table is None and held.lengths is None and held.starts is None:
        return _pieces(rows, held.keys, held.values, scale, threads)
    extents = held.extents()
    if held.table is None and len(set(extents)) == 1:
        start, end = extents[0]
        return _pieces(rows, held.keys[:, :, start:end], held.values[:, :, start:end], scale, threads)
    found = []
    for place, extent in enumerate(extents):
        keys, values = held.part(place, *extent)
        found.append(_pieces(rows[place : place + 1], keys[None], values[None], scale, threads))
    return _stacked(found)


def pieces(tasks: int, keys: int, threads: int) -> int:
    """Into how many pieces `keys` keys are cut, so that `tasks` heads and blocks of rows keep `threads` threads busy.

    The fewest that share out evenly or give each thread four tasks, and none shorter than is worth a merge.
    """
    count = 1
    while tasks * count % threads and tasks * count < 4 * threads and keys >= (count + 1) * _SHORTEST:
        count += 1
    return count


def _pieces(rows: Tensor, keys: Tensor, values: Tensor, scale: float, threads: int) -> tuple[Tensor, Tensor]:
    batch, heads, count, _ = rows.shape
    cut = pieces(batch * heads * -(-count // _BLOCK), keys.shape[2], threads)
    if cut == 1:
        return _kernel(rows, keys, values, scale)
    if batch > 1:  # the pieces of several sequences are no view of their keys
        here = [slice(place, place + 1) for place in range(batch)]
        return _stacked([_pieces(rows[one], keys[one], values[one], scale, threads) for one in here])
    even = keys.shape[2] // cut * cut
    cut_keys, cut_values = (
        one[:, :, :even].unflatten(2, (cut, -1)).transpose(1, 2).flatten(0, 1) for one in (keys, values)
    )
    spread = rows[:, None].expand(-1, cut, -1, -1, -1).flatten(0, 1)
    outputs, sums = _kernel(spread, cut_keys, cut_values, scale)
    merged = _joined(outputs[None], sums[None])
    if even < keys.shape[2]:
        rest = _kernel(rows, keys[:, :, even:], values[:, :, even:], scale)
        merged = merge(merged, unfinish(rest[0].to(merged.weighted.dtype), rest[1]))
    output, logsumexp = finish(merged)
    return output.to(rows.dtype), logsumexp


def _stacked(found: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    return torch.cat([output for output, _ in found]), torch.cat([logsumexp for _, logsumexp in found])


def _joined(outputs: Tensor, sums: Tensor) -> PartialSoftmax:
    """One merge of all pieces (B, pieces, ...)."""
    peak = sums.amax(1)
    weights = (sums - peak[:, None]).exp_()
    return PartialSoftmax(peak, weights.sum(1), (weights[..., None] * outputs).sum(1))


def _kernel(rows: Tensor, keys: Tensor, values: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    found: tuple[Tensor, Tensor] = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        rows, keys, values, 0.0, False, scale=scale
    )
    return found
