"""Vectors in 4 or 8 bits a number, each with a range of its own (LVQ, Aguerrebere et al. 2023).

Removing the mean of all vectors leaves each of them in a narrow range, so that one scale and one offset a vector, in
float16, make better use of few bits than a range for the whole set.  A second level holds what the first left over:
`LVQ4x8` searches with 4 bits and re-ranks with 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Vectors = NDArray[np.float32]

_FLAT = 7e-5
"""A range that is smaller than this a step would vanish in float16."""
_BLOCK = 16384


@dataclass(frozen=True, slots=True)
class Codec:
    """`bits` of the first level, 4 or 8, and of the second, 0 for none."""

    bits: int
    residual: int = 0

    def __post_init__(self) -> None:
        if self.bits not in (4, 8) or self.residual not in (0, 4, 8):
            raise ValueError(f"LVQ-{self.bits}x{self.residual}: wanted 4 or 8 bits, then 0, 4 or 8")

    @property
    def name(self) -> str:
        """As in the papers: `LVQ8`, `LVQ4x8`."""
        return f"LVQ{self.bits}" + (f"x{self.residual}" if self.residual else "")

    def bytes_per_vector(self, dimension: int) -> int:
        """Bytes of one vector: both levels and four for its range."""
        return -(-dimension * self.bits // 8) - (-dimension * self.residual // 8) + 4

    def encode(self, rows: NDArray[Any], mean: Vectors) -> LvqVectors:
        """n×D vectors with the given `mean` (D) in this code; raises `ValueError` for what float16 cannot hold."""
        if rows.ndim != 2 or mean.shape != rows.shape[1:]:
            raise ValueError(f"vectors have shape {rows.shape}, their mean {mean.shape}: wanted (n, D) and (D,)")
        parts = [self._encoded(rows[at : at + _BLOCK], mean) for at in range(0, max(1, len(rows)), _BLOCK)]
        first, second, scale, low = (np.concatenate([part[i] for part in parts]) for i in range(4))
        return LvqVectors(self, mean.astype(np.float32), first, second, scale, low)

    def _encoded(
        self, rows: NDArray[Any], mean: Vectors
    ) -> tuple[Codes, Codes, NDArray[np.float16], NDArray[np.float16]]:
        centred = np.asarray(rows, np.float32) - mean
        most = 2**self.bits - 1
        low = centred.min(axis=1, keepdims=True)
        scale = (centred.max(axis=1, keepdims=True) - low) / most
        scale[scale <= _FLAT] = 1
        levels = np.clip(np.rint((centred - low) / scale), 0, most)
        with np.errstate(over="ignore"):
            half_scale, half_low = scale.astype(np.float16), low.astype(np.float16)
        if not (np.isfinite(half_scale).all() and np.isfinite(half_low).all()):
            raise ValueError(f"vectors reach {np.abs(rows).max():g}: wanted finite numbers below 65504")
        second = np.empty((len(rows), 0), np.uint8)
        if self.residual:
            left = centred - (half_scale.astype(np.float32) * levels + half_low.astype(np.float32))
            reach = 2 ** (self.residual - 1)
            steps = np.rint(left * (2**self.residual / half_scale.astype(np.float32)))
            second = _packed((np.clip(steps, -reach, reach - 1) + reach).astype(np.uint8), self.residual)
        return _packed(levels.astype(np.uint8), self.bits), second, half_scale[:, 0], half_low[:, 0]


@dataclass(frozen=True, slots=True)
class LvqVectors:
    """n encoded vectors: packed codes of both levels, and of each vector its scale and offset; `mean` is of all."""

    codec: Codec
    mean: Vectors
    first: Codes
    second: Codes
    scale: NDArray[np.float16]
    low: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.scale)

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.mean)

    def decoded(self, places: NDArray[np.int64] | slice = slice(None), *, levels: int = 2) -> Vectors:
        """The vectors at `places` as D numbers each, from the first level alone or from both."""
        scale = self.scale[places].astype(np.float32)[:, None]
        found = _unpacked(self.first[places], self.codec.bits, self.dimension).astype(np.float32)
        found *= scale
        found += self.low[places].astype(np.float32)[:, None]
        if self.codec.residual and levels > 1:
            steps = _unpacked(self.second[places], self.codec.residual, self.dimension).astype(np.float32)
            found += (steps - 2 ** (self.codec.residual - 1)) * (scale / 2**self.codec.residual)
        return found + self.mean

    def products(self, queries: Vectors, places: NDArray[np.int64]) -> Vectors:
        """Inner products of m queries (m×D) with the vectors at `places` (m×c): m×c.

        Nothing is decoded: the product with the codes is scaled, and what offset and mean add is taken once a query.
        A place below 0 has the product −inf.
        """
        known = np.maximum(places, 0)
        codes = _unpacked(self.first[known], self.codec.bits, self.dimension).astype(np.float32)
        columns = queries[:, :, None]
        scale = self.scale[known].astype(np.float32)
        found = scale * np.matmul(codes, columns)[:, :, 0]
        if self.codec.residual:
            steps = _unpacked(self.second[known], self.codec.residual, self.dimension).astype(np.float32)
            reach = 2 ** (self.codec.residual - 1)
            sums = queries.sum(axis=1, keepdims=True)
            found += scale / 2**self.codec.residual * (np.matmul(steps, columns)[:, :, 0] - reach * sums)
        return self.completed(queries, places, found)

    def completed(self, queries: Vectors, places: NDArray[np.int64], scaled: Vectors) -> Vectors:
        """`scaled` products with the codes (m×c) with what offsets and mean add; −inf where a place is below 0."""
        sums, constant = queries.sum(axis=1, keepdims=True), queries @ self.mean
        found = scaled + self.low[np.maximum(places, 0)].astype(np.float32) * sums + constant[:, None]
        return np.where(places < 0, np.float32(-np.inf), found)


def _packed(codes: Codes, bits: int) -> Codes:
    """Codes of 4 bits two to a byte: the low half of byte j is number j, the high half number j + ⌈D/2⌉."""
    if bits == 8:
        return codes
    half = -(-codes.shape[1] // 2)
    packed = codes[:, :half].copy()
    packed[:, : codes.shape[1] - half] |= codes[:, half:] << 4
    return packed


def _unpacked(codes: Codes, bits: int, dimension: int) -> Codes:
    if bits == 8:
        return codes
    return np.concatenate([codes & 15, codes >> 4], axis=-1)[..., :dimension]
