"""Starts the Triton kernel: sizes of tiles, how many programs can be resident at once, and the workspace they share.

Programs wait for each other, so never more of them are started than the device holds at the same time: the number is
worked out from what the compiled kernel takes, more are refused, and the launch is a cooperative one, which a driver
refuses rather than let hang.  With `TRITON_INTERPRET=1` the same code runs on a CPU, for tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
import triton
from torch import Tensor
from triton.runtime.interpreter import InterpretedFunction

from proofloom.attention.lean_decode.kernel import lean_decode_kernel
from proofloom.attention.lean_decode.keys import KeyValues

_INTERPRETER = isinstance(lean_decode_kernel, InterpretedFunction)
TYPES = (torch.float16, torch.bfloat16, torch.float32)
WIDEST = 256
CHUNK = 16
"""Tiles of a piece where results must not depend on the batch."""
_EACH = 2
"""Programs for each processor that are worth having, if so many fit."""
_INTERPRETED = 8
"""Programs "resident" in Triton's interpreter, which runs one at a time: enough to cross every edge of a schedule."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What one processor of a device has for the programs that are resident on it."""

    registers: int
    shared: int
    threads: int
    warp: int = 32

    def holds(self, registers: int, shared: int, warps: int) -> int:
        """Programs of `warps` warps, `registers` for each thread and `shared` bytes that are resident at once.

        Registers are given to warps in units of 256, and 1 KiB of shared memory of each program is the system's.
        """
        of_warp = -(-registers * self.warp // 256) * 256
        by_registers = self.registers // (of_warp * warps) if registers else self.threads
        return min(by_registers, self.shared // (shared + 1024), self.threads // (self.warp * warps), 32)


@dataclass(slots=True)
class Workspace:
    """What the programs of a launch leave each other; launches that may run at the same time need one each.

    It grows when a launch needs more, which a captured CUDA graph cannot do: run once before capturing.
    """

    _held: dict[tuple[Any, ...], tuple[Tensor, ...]] = field(default_factory=dict)

    def tensors(self, device: torch.device, programs: int, slots: int, rows: int, width: int) -> tuple[Tensor, ...]:
        """Peaks, totals (slots, rows), weighted (slots, rows, width), flags (slots), launches (programs)."""
        key = (device, programs, slots, rows, width)
        if key not in self._held:
            if device.type == "cuda" and torch.cuda.is_current_stream_capturing():
                raise RuntimeError(
                    f"no workspace of {slots} slots of {rows} x {width} yet: run the step once before capturing it"
                )
            peaks, totals = (torch.empty(slots, rows, device=device) for _ in range(2))
            weighted = torch.empty(slots, rows, width, device=device)
            flags = torch.zeros(slots, device=device, dtype=torch.int32)
            launches = torch.zeros(programs, device=device, dtype=torch.int32)
            self._held[key] = peaks, totals, weighted, flags, launches
        return self._held[key]


_WORKSPACE = Workspace()
_RESIDENT: dict[tuple[Any, ...], int] = {}


def launch(
    rows: Tensor,
    held: KeyValues,
    scale: float,
    *,
    programs: int | None = None,
    same_in_any_batch: bool = False,
    tile: int | None = None,
    workspace: Workspace | None = None,
) -> tuple[Tensor, Tensor]:
    """Output (B, G, R, D) and log-sum-exp (B, G, R) of `rows` (B, G, R, D), R query rows for each key head.

    With `same_in_any_batch` the result of a sequence is, bit for bit, the same whatever else is in the batch.
    `programs` is as many as can be resident if not given, at most two for each processor; `tile` keys make a tile, a
    power of 2 from 16 on.  The default workspace serves one stream of a device.  Raises `ValueError` for more programs
    than can be resident, and for types and widths that the kernel does not know.
    """
    batch, heads, count, width = rows.shape
    check(rows, held, tile, programs)
    rows = rows.contiguous()
    padded = max(16, triton.next_power_of_2(width))
    # More rows than these, or fewer warps, and the sums no longer fit in registers (seen in what the compiler makes).
    block = min(max(16, triton.next_power_of_2(count)), 64 if padded <= 128 else 32)
    blocks = -(-count // block)
    tile = tile or keys_of_tile(padded, rows.element_size())
    chunk = CHUNK if same_in_any_batch else 0
    page = 0 if held.table is None else held.keys.shape[1]
    # Steps from sequence to sequence (or page to page), from head to head, from key to key.
    key_steps, value_steps = (
        (one.stride(0), one.stride(1), one.stride(2))
        if held.table is None
        else (one.stride(0), one.stride(2), one.stride(1))
        for one in (held.keys, held.values)
    )
    output = torch.empty_like(rows)
    logsumexp = torch.empty(batch, heads, count, device=rows.device)
    constants = {
        "HEADS": heads,
        "COUNT": count,
        "BLOCKS": blocks,
        "HAS_LENGTHS": held.lengths is not None,
        "HAS_STARTS": held.starts is not None,
        "PAGE": page,
        "CHUNK": chunk,
        "BATCH": triton.next_power_of_2(batch),
        "ROWS": block,
        "TILE": tile,
        "WIDTH": width,
        "PADDED": padded,
        "num_warps": 4 if block == 16 else 8,
        "num_stages": 2 if padded > 128 else 3,
    }
    some = rows  # stands for what is not there and not read
    given = [one if one is not None else some for one in (held.lengths, held.starts, held.table)]

    def arguments(shared: tuple[Tensor, ...]) -> list[Any]:
        numbers = [scale * math.log2(math.e), batch, held.capacity, *key_steps, *value_steps]
        table_step = 0 if held.table is None else held.table.stride(0)
        return [rows, held.keys, held.values, output, logsumexp, *given, *shared, *numbers, table_step]

    workspace = _WORKSPACE if workspace is None else workspace
    most = _resident(arguments, constants, rows)
    if programs is not None and programs > most:
        raise ValueError(
            f"programs={programs}: {most} can be resident on {rows.device} at once; "
            "more would wait for some that never start"
        )
    programs = most if programs is None else programs
    slots = programs
    if chunk:  # a power of 2, so that a cache that grows does not ask for another workspace at every step
        slots = triton.next_power_of_2(batch * heads * blocks * -(-held.capacity // (tile * chunk)))
    shared = workspace.tensors(rows.device, programs, slots, min(block, count), width)
    lean_decode_kernel[(programs,)](*arguments(shared), **constants, **_cooperative(rows.device))
    return output, logsumexp


def keys_of_tile(padded: int, size: int) -> int:
    """Keys of a tile, for heads `padded` wide and numbers of `size` bytes: 16 KiB of keys, so several fit in flight."""
    return min(128, max(16, 16384 // (padded * size)))


def check(rows: Tensor, held: KeyValues, tile: int | None, programs: int | None) -> None:
    """Raises `ValueError` for what the kernel does not know."""
    if rows.shape[:2] != (held.batch, held.heads):
        raise ValueError(f"rows of (B, G) {tuple(rows.shape[:2])}: the keys have {(held.batch, held.heads)}")
    if rows.dtype not in TYPES:
        raise ValueError(f"query of {rows.dtype}: the kernel knows float16, bfloat16 and float32")
    if rows.shape[3] > WIDEST:
        raise ValueError(f"heads of width {rows.shape[3]}: the kernel knows {WIDEST} at most")
    if tile is not None and (tile < 16 or tile & (tile - 1)):
        raise ValueError(f"tile={tile}: wanted a power of 2, at least 16")
    if programs is not None and programs < 1:
        raise ValueError(f"programs={programs}: wanted at least 1")
    if _INTERPRETER and rows.dtype == torch.bfloat16:
        raise ValueError(f"query of {rows.dtype}: Triton's interpreter multiplies float16 and float32 only")
    if not rows.is_cuda and not _INTERPRETER:
        raise ValueError(
            f"tensors on {rows.device}: the kernel runs on a GPU, and elsewhere only with TRITON_INTERPRET=1"
        )


def _resident(arguments: Any, constants: dict[str, Any], rows: Tensor) -> int:
    """How many programs of this kernel the device of `rows` holds at once, at most two for each processor."""
    if not rows.is_cuda:
        return _INTERPRETED
    key = (rows.device, rows.dtype, *constants.items())
    if key not in _RESIDENT:
        shared = Workspace().tensors(rows.device, 1, 1, 1, 1)
        compiled = lean_decode_kernel.warmup(*arguments(shared), **constants, **_cooperative(rows.device), grid=(1,))
        compiled._init_handles()
        device: Any = torch.cuda.get_device_properties(rows.device)
        processor = Processor(
            device.regs_per_multiprocessor,
            device.shared_memory_per_multiprocessor,
            device.max_threads_per_multi_processor,
            device.warp_size,
        )
        each = processor.holds(compiled.n_regs, compiled.metadata.shared, constants["num_warps"])
        _RESIDENT[key] = device.multi_processor_count * max(1, min(_EACH, each))
    return _RESIDENT[key]


def _cooperative(device: torch.device) -> dict[str, bool]:
    return {"launch_cooperative_grid": True} if device.type == "cuda" and torch.version.cuda else {}
