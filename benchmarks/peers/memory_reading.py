"""How fast a GPU reads memory, and how long a call takes there: captured in a CUDA graph, with a cold L2 cache."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

_BLOCK = 8192


@triton.jit
def _read_kernel(source, sink, size, BLOCK: tl.constexpr):
    largest = tl.full([BLOCK], -2147483648, tl.int32)
    for first in range(tl.program_id(0) * BLOCK, size, tl.num_programs(0) * BLOCK):
        largest = tl.maximum(largest, tl.load(source + first.to(tl.int64) + tl.arange(0, BLOCK)))
    if tl.max(largest, 0) == 1:  # never so: what is read holds zeros, but the compiler does not know
        tl.store(sink, 1)


def read(source: Tensor, sink: Tensor, processors: int) -> None:
    """Read all of `source` (int32, a multiple of 8192) once and do nothing with it."""
    _read_kernel[(processors * 4,)](source, sink, source.numel(), BLOCK=_BLOCK, num_warps=8)


def bytes_per_second(device: torch.device) -> float:
    """The read probe: the fastest of several passes over 4 GiB."""
    source = torch.zeros(2**30, dtype=torch.int32, device=device)
    sink = torch.zeros(1, dtype=torch.int32, device=device)
    processors = torch.cuda.get_device_properties(device).multi_processor_count
    seconds = graph_seconds([lambda: read(source, sink, processors)], best=True)
    return source.numel() * source.element_size() / seconds


def graph_seconds(calls: Sequence[Callable[[], object]], repetitions: int = 15, *, best: bool = False) -> float:
    """Seconds of one of `calls`, each of which reads other memory, so that none finds its own in the L2 cache.

    All are captured in one CUDA graph; the median over repetitions of its time, or the least with `best`.
    """
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for call in calls:
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for call in calls:
            call()
    times = []
    for _ in range(repetitions + 2):
        before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        before.record()
        graph.replay()
        after.record()
        torch.cuda.synchronize()
        times.append(before.elapsed_time(after) / 1e3 / len(calls))
    return min(times[2:]) if best else statistics.median(times[2:])
