"""Texts of similar length are encoded together, so that little is filled up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np


def by_length(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places in order of length, as many at once as `most` tokens allow with those that fill up; at least one."""
    batch: list[int] = []
    for place in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) + 1) * lengths[place] > most:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
