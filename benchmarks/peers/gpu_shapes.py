"""Decode attention on a GPU over many shapes, beside its peers: the part of `lean_attention.py` that needs one.

For each shape: microseconds of one call in a CUDA graph with a cold L2 cache, the share of a read probe of the same
device that this is, the largest error against double precision, whether two runs agree bit for bit.  Peers in the same
run: torch's fused attention, FlexAttention compiled, and a fixed split with the same tiles as ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

from peers.fixed_split import FixedSplit
from peers.memory_reading import bytes_per_second, graph_seconds
from proofloom.attention.lean_decode.attend import attend
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.evaluation.measuring.figures import Figures

TOTAL = 2**19
"""Tokens at which the goal in bandwidth holds, to a hundredth."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A batch of `lengths` keys, `heads` query heads over `key_heads`, `width` numbers each."""

    name: str
    lengths: tuple[int, ...]
    heads: int = 32
    key_heads: int = 8
    width: int = 128
    page: int = 0

    @property
    def ragged(self) -> bool:
        return len(set(self.lengths)) > 1

    @property
    def size(self) -> int:
        """Bytes of the keys and values that must be read, in 16-bit numbers."""
        return 4 * sum(self.lengths) * self.key_heads * self.width


def shapes(seed: int, quick: bool) -> list[Shape]:
    """Uniform, log-uniform and one long with many short, with several heads and widths."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.exp(torch.empty(24).uniform_(math.log(1024), math.log(131072), generator=generator)).long()
    mixed = tuple(int(one) for one in drawn * TOTAL // drawn.sum() + 1)
    found = [
        Shape("uniform 1 x 512k", (TOTAL,)),
        Shape("uniform 17 x 32k", (32768,) * 17),
        Shape("log-uniform", mixed),
        Shape("one long, many short", (65536, *(1024,) * 63)),
        Shape("short 4 x 2k", (2048,) * 4),
    ]
    if quick:
        return found
    return [
        *found,
        *(Shape(f"uniform {batch} x {TOTAL // batch}", (TOTAL // batch,) * batch) for batch in (2, 4, 8, 14, 33, 64)),
        Shape("8 heads to each key head", (32768,) * 17, heads=64),
        Shape("5 heads to each key head", (32768,) * 17, heads=40),
        Shape("one head to each", (8192,) * 17, heads=32, key_heads=32),
        Shape("one key head", (131072,) * 4, heads=8, key_heads=1),
        Shape("width 64", (65536,) * 17, width=64),
        Shape("log-uniform, width 64", mixed, width=64),
        Shape("log-uniform, pages of 16", mixed, page=16),
        Shape("log-uniform, pages of 256", mixed, page=256),
        Shape("short 1 x 2k", (2048,)),
    ]


def measure(figures: Figures, device: torch.device, seed: int, quick: bool) -> None:
    """Print a line for each shape and implementation, and record figures and goals."""
    properties = torch.cuda.get_device_properties(device)
    probe = bytes_per_second(device)
    figures.figure("device", properties.name)
    figures.figure("read_probe_gigabytes_per_second", round(probe / 1e9, 1))
    figures.say(f"{properties.name}: reads {probe / 1e9:.0f} GB/s")
    worst: dict[str, list[float]] = {"probe": [], "fixed": [], "ragged": [], "flex": []}
    for shape in shapes(seed, quick):
        torch.cuda.empty_cache()
        torch.compiler.reset()  # or, after a few shapes, torch would stop compiling and run it piece by piece
        flex = torch.compile(flex_attention, dynamic=False)
        copies = max(1, -(-2 * properties.L2_cache_size // shape.size))
        cases = [_drawn(shape, device, seed + copy) for copy in range(min(copies, 64))]
        wanted = _exact(*cases[0], shape)
        seconds = {}
        for name, make in _kinds(shape, flex, properties.multi_processor_count).items():
            calls = [make(query, held) for query, held in cases]
            output = calls[0]().reshape(cases[0][0].shape)
            error = (output.double() - wanted).abs().max().item()
            same = torch.equal(output, calls[0]().reshape(output.shape))
            seconds[name] = graph_seconds(calls)
            share = shape.size / seconds[name] / probe
            figures.say(
                f"{shape.name:28} {name:6} {seconds[name] * 1e6:9.1f} us {share:6.1%} of the probe, "
                f"error {error:.1e}, two runs {'agree' if same else 'differ'}"
            )
            key = f"{shape.name}: {name}"
            figures.figure(f"{key}, microseconds", round(seconds[name] * 1e6, 2))
            figures.figure(f"{key}, share of the read probe", round(share, 4))
            figures.figure(f"{key}, error", error)
        if sum(shape.lengths) >= 0.99 * TOTAL:
            worst["probe"].append(shape.size / seconds["ours"] / probe)
        if "fixed" in seconds:
            worst["fixed"].append(seconds["ours"] / seconds["fixed"])
            if shape.ragged:
                worst["ragged"].append(seconds["fixed"] / seconds["ours"])
        if "flex" in seconds:
            worst["flex"].append(seconds["flex"] / seconds["ours"])
        del cases
    figures.goal("worst_share_of_the_read_probe_at_512k", round(min(worst["probe"]), 4), 0.85)
    figures.goal("worst_time_over_fixed_split", round(max(worst["fixed"]), 4), 1.03, better="lower")
    figures.goal("worst_fixed_split_over_ours_on_ragged", round(min(worst["ragged"]), 4), 1.5)
    figures.goal("worst_flex_over_ours", round(min(worst["flex"]), 4), 1.0)


def _drawn(shape: Shape, device: torch.device, seed: int) -> tuple[Tensor, KeyValues]:
    torch.manual_seed(seed)
    batch, longest = len(shape.lengths), max(shape.lengths)
    query = torch.randn(batch, shape.heads, 1, shape.width, device=device, dtype=torch.bfloat16)
    lengths = torch.tensor(shape.lengths, device=device, dtype=torch.int32) if shape.ragged else None
    if not shape.page:
        keys, values = (
            torch.randn(batch, shape.key_heads, longest, shape.width, device=device, dtype=torch.bfloat16)
            for _ in range(2)
        )
        return query, KeyValues(keys, values, lengths)
    most = -(-longest // shape.page)
    counts = [-(-length // shape.page) for length in shape.lengths]
    order = torch.randperm(sum(counts), device=device).split(counts)
    table = torch.zeros(batch, most, device=device, dtype=torch.int32)
    for row, pages in zip(table, order, strict=True):
        row[: len(pages)] = pages
    keys, values = (
        torch.randn(sum(counts), shape.page, shape.key_heads, shape.width, device=device, dtype=torch.bfloat16)
        for _ in range(2)
    )
    return query, KeyValues(keys, values, lengths, table=table)


def _exact(query: Tensor, held: KeyValues, shape: Shape) -> Tensor:
    output = torch.empty(query.shape, device=query.device, dtype=torch.float64)
    for sequence, (start, end) in enumerate(held.extents()):
        keys, values = held.part(sequence, start, end)
        rows = query[sequence].view(shape.key_heads, -1, shape.width)
        for head in range(shape.key_heads):
            scores = rows[head].double() @ keys[head].double().T * shape.width**-0.5
            output[sequence].view(rows.shape)[head] = scores.softmax(-1) @ values[head].double()
    return output


Make = Callable[[Tensor, KeyValues], Callable[[], Tensor]]


def _kinds(shape: Shape, flex: Callable[..., Tensor], processors: int) -> dict[str, Make]:
    """What can serve the shape: pages are ours alone."""

    def ours(query: Tensor, held: KeyValues) -> Callable[[], Tensor]:
        return lambda: attend(query, held)[0]

    def same(query: Tensor, held: KeyValues) -> Callable[[], Tensor]:
        return lambda: attend(query, held, same_in_any_batch=True)[0]

    def fixed(query: Tensor, held: KeyValues) -> Callable[[], Tensor]:
        rows = query.view(len(query), shape.key_heads, -1, shape.width)
        split = FixedSplit(rows, held, shape.width**-0.5, processors)
        return lambda: split(rows)

    def sdpa(query: Tensor, held: KeyValues) -> Callable[[], Tensor]:
        mask = None
        if held.lengths is not None:
            mask = (torch.arange(held.capacity, device=query.device) < held.lengths[:, None])[:, None, None]
        return lambda: F.scaled_dot_product_attention(query, held.keys, held.values, attn_mask=mask, enable_gqa=True)

    def flexible(query: Tensor, held: KeyValues) -> Callable[[], Tensor]:
        blocks = None
        lengths = held.lengths
        if lengths is not None:
            blocks = create_block_mask(
                lambda sequence, head, row, key: key < lengths[sequence],
                *(len(query), None, 1, held.capacity),
                device=query.device,
            )
        return lambda: flex(query, held.keys, held.values, block_mask=blocks, enable_gqa=True)

    if shape.page:
        return {"ours": ours, "same": same}
    return {"ours": ours, "same": same, "fixed": fixed, "sdpa": sdpa, "flex": flexible}
