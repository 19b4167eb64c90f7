"""Moves of rows: selections whose reverse is a selection too.

Ordinary indexing has a backward pass that adds up by index, which is slow and, on a GPU, not even repeatable.  Here no
row is ever wanted twice, so the gradient of a selection is the selection back, and that is what `take` uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofloom.hierarchy.nested import NONE, Integers


@dataclass(frozen=True, slots=True)
class Move:
    """Which row each place gets and, in reverse, which place each row went to; -1 where there is none (it is zero)."""

    there: Tensor
    back: Tensor

    @property
    def reversed(self) -> Move:
        """The move back."""
        return Move(self.back, self.there)


def move(there: Integers, rows: int, device: torch.device | str) -> Move | None:
    """The move of `rows` rows to the places `there`; None if it is the identity."""
    if len(there) == rows and (there == np.arange(rows)).all():
        return None
    return Move(torch.from_numpy(there.copy()).to(device), torch.from_numpy(inverse(there, rows)).to(device))


def inverse(index: Integers, length: int) -> Integers:
    """(length): where each of 0 .. length - 1 stands in `index`, -1 for none."""
    found = np.full(length, NONE, np.int64)
    kept = np.flatnonzero(index != NONE)
    found[index[kept]] = kept
    return found


def take(rows: Tensor, to: Move | None) -> Tensor:
    """`rows` (X, H, m, ...) moved to (X, H, places, ...)."""
    if to is None:
        return rows
    moved: Tensor = _Take.apply(rows, to.there, to.back)  # type: ignore[no-untyped-call]
    return moved


def put_back(rows: Tensor, to: Move | None) -> Tensor:
    """The reverse of `take` with the same move."""
    return rows if to is None else take(rows, to.reversed)


class _Take(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, rows: Tensor, there: Tensor, back: Tensor) -> Tensor:
        context.save_for_backward(there, back)
        if not rows.shape[2]:
            return rows.new_zeros(*rows.shape[:2], len(there), *rows.shape[3:])
        missing = (there < 0).view(-1, *[1] * (rows.dim() - 3))
        return rows.index_select(2, there.clamp(min=0)).masked_fill_(missing, 0)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        there, back = context.saved_tensors
        moved: Tensor = _Take.apply(gradients[0], back, there)  # type: ignore[no-untyped-call]
        return moved, None, None
