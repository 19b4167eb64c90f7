"""Intervals for proportions: how far a count of solved theorems can be trusted."""

from __future__ import annotations

import math


def wilson(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of a proportion, by default at 95 % (Wilson 1927); (0, 1) for no trials."""
    if not 0 <= successes <= trials:
        raise ValueError(f"successes={successes}, trials={trials}: wanted 0 <= successes <= trials")
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    middle = share + z * z / (2 * trials)
    scale = 1 + z * z / trials
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
