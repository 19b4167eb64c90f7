"""What sessions need to know of the processes they own, whatever the assistant: how they died, what they used.

Numbers come from `/proc` where there is one; elsewhere CPU seconds are asked from `ps`, and memory is not known.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class ProcessDied(Exception):
    """The process ended or was killed; `by_us` is True if a deadline made us kill it."""

    def __init__(self, message: str, *, by_us: bool) -> None:
        super().__init__(message)
        self.by_us = by_us


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; raises `OSError` if nobody reads."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a live process; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
    except FileNotFoundError:
        return _cpu_seconds_by_ps(pid) if sys.platform != "linux" else 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mib(pid: int) -> float:
    """The memory that a live process holds now, in MiB, files that it maps included; 0 where it cannot be known."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE / 2**20
    except (OSError, IndexError):
        return 0.0


def _cpu_seconds_by_ps(pid: int) -> float:
    asked: Sequence[str] = ("ps", "-o", "time=", "-p", str(pid))
    text = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    seconds = 0.0
    for part in text.replace("-", ":").split(":") if text else ():
        seconds = seconds * 60 + float(part)
    return seconds
