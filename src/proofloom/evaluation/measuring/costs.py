"""What one call takes, for the programs that measure: time and the peak of memory above what the program held before.

On a CPU, time is that of the process on all its threads, which other programs disturb little, and memory is what the
kernel counts as resident; on an accelerator both are those of the device.
"""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Taken:
    """CPU seconds (seconds of the device, if it is no CPU), seconds of the clock, bytes."""

    seconds: float
    wall: float
    memory: int


def measured(call: Callable[[], object], device: str = "cpu") -> Taken:
    """What `call()` takes on `cpu` or `cuda`.  Raises `OSError` on a CPU without Linux's `/proc/self/status`."""
    gc.collect()
    if device == "cuda":
        return _on_cuda(call)
    ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back first, or it would hide what the call takes
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again at what is held now
    held = _resident("VmRSS")
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return Taken(time.process_time() - cpu, time.perf_counter() - wall, _resident("VmHWM") - held)


def _on_cuda(call: Callable[[], object]) -> Taken:
    import torch

    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()
    torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    torch.cuda.synchronize()
    spent = time.perf_counter() - start
    return Taken(spent, spent, torch.cuda.max_memory_allocated() - held)


def _resident(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}: memory is measured on Linux only")
