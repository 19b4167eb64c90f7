"""The keys and values that decoding reads, padded or in pages, and the checks that they are what kernels can read.

Letters: B sequences, G key heads, S keys of the padded cache, P pages of N keys, D head width.  Padded: `keys` and
`values` (B, G, S, D).  In pages: (P, N, G, D), and `table` (B, most pages) says which pages hold a sequence, in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_INTEGERS = (torch.int32, torch.int64)


@dataclass(frozen=True, slots=True)
class KeyValues:
    """What each of B sequences reads: `lengths` (B) keys from its key `starts` (B) on.

    Without `lengths` it is all to the end of the cache, without `starts` from key 0.  Raises `ValueError` for shapes,
    types or lengths that do not fit each other; the numbers themselves cannot be looked at while a CUDA graph is
    captured, and kernels then read no further than the cache goes.
    """

    keys: Tensor
    values: Tensor
    lengths: Tensor | None = None
    starts: Tensor | None = None
    table: Tensor | None = None

    def __post_init__(self) -> None:
        if self.keys.ndim != 4 or self.keys.shape != self.values.shape or 0 in self.keys.shape:
            wanted = "(B, G, S, D)" if self.table is None else "(P, N, G, D)"
            raise ValueError(
                f"keys {tuple(self.keys.shape)} and values {tuple(self.values.shape)}: wanted the same {wanted} of both"
            )
        if self.keys.dtype != self.values.dtype or not self.keys.is_floating_point():
            raise ValueError(
                f"keys of {self.keys.dtype}, values of {self.values.dtype}: wanted one floating type for both"
            )
        for name, one in (("keys", self.keys), ("values", self.values)):
            if one.stride(3) != 1:
                raise ValueError(
                    f"{name} step {one.stride(3)} elements from one number of a key to the next: wanted 1, "
                    "so call .contiguous() on them first"
                )
        for name, numbers, dims in (("lengths", self.lengths, 1), ("starts", self.starts, 1), ("table", self.table, 2)):
            self._check_numbers(name, numbers, dims)
        if not (self.keys.is_cuda and torch.cuda.is_current_stream_capturing()):
            self._check_extent()

    @property
    def batch(self) -> int:
        """B, how many sequences there are."""
        return (self.keys if self.table is None else self.table).shape[0]

    @property
    def heads(self) -> int:
        """G, how many key heads there are."""
        return self.keys.shape[1 if self.table is None else 2]

    @property
    def capacity(self) -> int:
        """How many keys a sequence can have at most."""
        return self.keys.shape[2] if self.table is None else self.table.shape[1] * self.keys.shape[1]

    def extents(self) -> list[tuple[int, int]]:
        """First key and end of each sequence.  Waits for the device if lengths lie there."""
        starts = [0] * self.batch if self.starts is None else self.starts.tolist()
        if self.lengths is None:
            return [(start, self.capacity) for start in starts]
        return [(start, start + length) for start, length in zip(starts, self.lengths.tolist(), strict=True)]

    def part(self, sequence: int, first: int, end: int) -> tuple[Tensor, Tensor]:
        """Keys and values (G, end - first, D) of one sequence; a view of a padded cache, a copy from pages."""
        if self.table is None:
            return self.keys[sequence, :, first:end], self.values[sequence, :, first:end]
        page = self.keys.shape[1]
        pages = self.table[sequence, first // page : -(-end // page)].long()
        skipped = first - first // page * page
        keys, values = (
            one[pages].flatten(0, 1)[skipped : skipped + end - first].transpose(0, 1)
            for one in (self.keys, self.values)
        )
        return keys, values

    def _check_numbers(self, name: str, numbers: Tensor | None, dims: int) -> None:
        if numbers is None:
            return
        if numbers.ndim != dims or len(numbers) != self.batch or numbers.dtype not in _INTEGERS:
            shape = f"({self.batch},)" if dims == 1 else "(B, most pages)"
            raise ValueError(
                f"{name} of shape {tuple(numbers.shape)} and {numbers.dtype}: wanted {shape} and int32 or int64"
            )
        if numbers.device != self.keys.device:
            raise ValueError(f"{name} on {numbers.device}, keys on {self.keys.device}: wanted one device")

    def _check_extent(self) -> None:
        for sequence, (start, end) in enumerate(
            self.extents() if self.lengths is not None or self.starts is not None else ()
        ):
            if start < 0 or end > self.capacity:
                raise ValueError(
                    f"sequence {sequence} reads keys {start} to {end}: the cache holds {self.capacity} for each"
                )
            if end <= start:
                raise ValueError(f"sequence {sequence} reads {end - start} keys: wanted at least 1")
        if self.table is not None:
            low, high = (int(one) for one in self.table.aminmax())
            if low < 0 or high >= self.keys.shape[0]:
                raise ValueError(
                    f"table names pages {low} to {high}: wanted 0 to {self.keys.shape[0] - 1}, "
                    "those that there are (fill unused places with 0)"
                )
