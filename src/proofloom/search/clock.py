"""The only place of this package that looks at a clock; everything else is handed one."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since some fixed moment, of wall clock and of this process's CPU."""

    def wall(self) -> float:
        """Seconds of wall clock; never goes back."""
        ...

    def cpu(self) -> float:
        """CPU seconds of this process."""
        ...


class SystemClock:
    """The machine's clock."""

    def wall(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def cpu(self) -> float:
        """CPU seconds of all threads of this process, without its children."""
        return time.process_time()
