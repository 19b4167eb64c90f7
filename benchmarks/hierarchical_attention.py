"""Hierarchical attention beside flat attention: operations by the paper's rule, seconds and memory by measurement.

Each length is measured forward and backward in one process, in turn within each repetition: the fused flat attention of
torch, the flat attention that makes its matrix (short lengths only), and trees of windows of 4, 16 and 64 leaves, built
to the root.  Times on a CPU are CPU seconds of one thread; a ratio is the median over repetitions of the ratio within
one; memory is the peak above what was held before the call, gradients included.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from proofloom.attention.hierarchical import Layout, hierarchical_attention, lay_out
from proofloom.attention.hierarchical.cost import flops, window_pairs
from proofloom.evaluation.measuring.costs import Taken, measured
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.hierarchy.windows import windows

TABLE = [
    ("IMDB", 264, 214.94, 4.32),
    ("AGNEWS", 54, 8.99, 0.8357),
    ("CoLA", 12, 0.4441, 0.1912),
    ("SST-2", 26, 2.08, 0.4132),
    ("MRPC", 55, 9.33, 0.8481),
    ("RTE", 70, 15.11, 1.29),
    ("QNLI", 38, 4.45, 0.5643),
]
"""Name, average tokens, and millions of operations of a layer as printed: flat, and in windows (2, 4, 8, 16)."""
MATRIX_UP_TO = 2048
SLOPE_FROM = 2048


def table_3(figures: Figures) -> None:
    """All fourteen numbers of the paper from the rule; a number fits if it is the printed one, rounded or cut."""
    fitting = 0
    for name, tokens, *printed in TABLE:
        counts = [flops(tokens * tokens) / 1e6, flops(window_pairs(tokens, (2, 4, 8, 16))) / 1e6]
        for count, wanted in zip(counts, printed, strict=True):
            unit = 10.0 ** -len(f"{wanted}".partition(".")[2])
            fitting += -unit / 2 <= count - wanted < unit * (1 - 1e-9)
        figures.say(
            f"table 3, {name:7} n = {tokens:3}: flat {counts[0]:9.4f} (printed {printed[0]:g}), "
            f"windows {counts[1]:7.4f} ({printed[1]:g}) MFLOPs"
        )
    figures.goal("table_3_numbers", fitting, 14)


def flat(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Fused."""
    return F.scaled_dot_product_attention(query, key, value)


def matrix(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """By way of all weights."""
    return (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).softmax(-1) @ value


def through(layout: Layout, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Through a tree."""
    return hierarchical_attention(query, key, value, layout)


def both_ways(attention: Callable[..., Tensor], rows: list[Tensor], upward: Tensor) -> None:
    """Forward and backward; the gradients go when the call ends."""
    attention(*rows).backward(upward)
    for one in rows:
        one.grad = None


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, nargs="+", help="lengths (default 256 to 16384, with --quick to 2048)")
    parser.add_argument("--branching", type=int, nargs="+", help="widths of windows (default 4 16 64)")
    parser.add_argument("--heads", type=int, default=4, help="heads (default 4)")
    parser.add_argument("--width", type=int, default=64, help="width of a head (default 64)")
    parser.add_argument("--batch", type=int, default=1, help="sequences in a batch (default 1)")
    parser.add_argument("--repetitions", type=int, help="how often each is measured (default 5, with --quick 2)")
    parser.add_argument("--threads", type=int, default=1, help="threads of the CPU (default 1)")
    parser.add_argument("--device", default="cpu", help="cpu (float32) or cuda (bfloat16, sums of logarithms float32)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    figures = Figures("hierarchical_attention", quiet=options.json)
    table_3(figures)
    lengths = options.tokens or ([256, 1024, 2048] if options.quick else [256, 512, 1024, 2048, 4096, 8192, 16384])
    widths = options.branching or [4, 16, 64]
    dtype = torch.bfloat16 if options.device == "cuda" else torch.float32
    seconds: dict[str, dict[int, float]] = {}
    for tokens in lengths:
        rows = [
            torch.randn(options.batch, options.heads, tokens, options.width, device=options.device, dtype=dtype)
            for _ in range(4)
        ]
        upward = rows.pop()
        for one in rows:
            one.requires_grad_()
        ways: dict[str, Callable[..., Tensor]] = {"flat": flat}
        if tokens <= MATRIX_UP_TO * (4 if options.device == "cuda" else 1):
            ways["matrix"] = matrix
        for width in widths:
            depth = max(math.ceil(math.log(tokens, width)) - 1, 1)
            ways[f"b{width}"] = partial(through, lay_out(windows([tokens], (width,) * depth), options.device))
        repetitions = options.repetitions or (2 if options.quick else 5 if tokens <= 4096 else 2)
        runs: dict[str, list[Taken]] = {name: [] for name in ways}
        for repetition in range(repetitions + 1):
            for name, way in ways.items():
                if repetition or tokens <= 4096 or name != "flat":  # the first of each warms up
                    taken = measured(partial(both_ways, way, rows, upward), options.device)
                    runs[name] += [taken] if repetition else []
        report(figures, tokens, runs, seconds)
    for name, times in seconds.items():
        long = {tokens: taken for tokens, taken in times.items() if tokens >= SLOPE_FROM}
        if len(long) > 1 and name != "matrix":
            slope = statistics.linear_regression(
                [math.log(n) for n in long], [math.log(s) for s in long.values()]
            ).slope
            if name == "b16":
                figures.goal(f"{name}_slope_from_{min(long)}", round(slope, 3), 1.1, better="lower")
            else:
                figures.figure(f"{name}_slope_from_{min(long)}", round(slope, 3))
    figures.finish(options.out)


def report(figures: Figures, tokens: int, runs: dict[str, list[Taken]], seconds: dict[str, dict[int, float]]) -> None:
    """The figures of one length, with their goals."""
    for name, taken in runs.items():
        spent = statistics.median(run.seconds for run in taken)
        wall = statistics.median(run.wall for run in taken)
        memory = statistics.median(run.memory for run in taken) / 2**20
        seconds.setdefault(name, {})[tokens] = spent
        faster = statistics.median(one.seconds / run.seconds for run, one in zip(taken, runs["flat"], strict=True))
        less = statistics.median(one.memory for one in runs["flat"]) / 2**20 / max(memory, 1e-3)
        figures.say(
            f"N {tokens:5} {name:6} {spent:8.4f} s ({wall:8.4f} s wall), {faster:6.2f}x as fast as flat, "
            f"{memory:7.1f} MiB, {less:5.2f}x less"
        )
        for kind, value in (("seconds", spent), ("wall", wall), ("mebibytes", memory)):
            figures.figure(f"{name}_{tokens}_{kind}", round(value, 5))
        if name == "flat":
            continue
        goal = 8.0 if tokens == 16384 else 1.0 if tokens >= 1024 else None
        if name == "b16" and goal is not None:
            figures.goal(f"{name}_{tokens}_times_as_fast", round(faster, 3), goal)
        else:
            figures.figure(f"{name}_{tokens}_times_as_fast", round(faster, 3))
        if name == "b16" and tokens == 16384:
            figures.goal(f"{name}_{tokens}_times_less_memory", round(less, 3), 10.0)
        else:
            figures.figure(f"{name}_{tokens}_times_less_memory", round(less, 3))
        if "matrix" in runs and name != "matrix":
            of_matrix = statistics.median(run.memory for run in runs["matrix"]) / 2**20 / max(memory, 1e-3)
            figures.figure(f"{name}_{tokens}_times_less_memory_than_matrix", round(of_matrix, 3))


if __name__ == "__main__":
    main()
