"""How a forest lies in tensors: which rows make a depth, which rows make a family, and the way back.

Letters: X trees that are computed side by side, m nodes of a depth, F families of a bucket, w places of a family.

Families of a depth are put into buckets of (nearly) one width, so that each bucket is one batched product; a family
that is narrower is filled up with places that nobody reads.  Where all trees of a batch have one form and every family
of a depth has one width, as with windows, all moves of rows are the identity and are left out: the one idea is that
balanced and ragged trees run the same programme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from proofloom.attention.hierarchical.rows import Move, inverse, move, take
from proofloom.hierarchy.nested import NONE, Integers, NestedSignal

EMPTY = -1e36
"""The logit of a key that holds nothing: finite, so that no gradient is a nan, and below every other number here."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Families of one depth: `log_size` (X or 1, 1, F, w) of their members, `EMPTY` where there is none, and `share`
    (the same shape): what part of the parent's leaves lies below a member.
    """

    families: int
    width: int
    log_size: Tensor
    share: Tensor

    @property
    def places(self) -> int:
        """F w."""
        return self.families * self.width


@dataclass(frozen=True, slots=True)
class Depth:
    """The nodes of one depth, below the roots; a move that is None is the identity.

    `fetch`: from tokens to the `leaves` of this depth.  `join`: from these and the inner nodes, laid end to end, to the
    rows of the depth (`padding` rows of zeros are added at the end instead, where that is all there is to do).
    `spread`: from rows to the places of all buckets.  `up`: from families in the order of the buckets to inner nodes of
    the depth above.  `down`: from the rows of the depth above to families.  `give`: from rows to `leaves`.
    """

    nodes: int
    leaves: int
    inner: int
    buckets: tuple[Bucket, ...]
    first: int
    padding: int
    fetch: Move | None
    join: Move | None
    spread: Move | None
    up: Move | None
    down: Move | None
    give: Move | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A forest in tensors on one device; make it once with `lay_out` where the same trees are used again.

    `joined`: the trees of the batch differ in form, so they are one forest, and the batch is folded into the rows.
    `smallest` is the number of leaves with content of the smallest signal that has any.  `lone`: from tokens to roots
    that are leaves.  `place`: from all leaves, roots first, depth by depth, to tokens.
    """

    batch: int
    tokens: int
    joined: bool
    nodes: int
    smallest: int
    depths: tuple[Depth, ...]
    lone_roots: int
    lone: Move | None
    place: Move | None
    device: torch.device

    @property
    def side_by_side(self) -> int:
        """X as the layout knows it; 1 serves any batch if there is one signal."""
        return 1 if self.joined else self.batch

    def fold(self, rows: Tensor) -> Tensor:
        """(B, H, N, D) as the programme wants it, (X, H, tokens of a tree, D)."""
        if not self.joined:
            return rows
        batch, heads, tokens, width = rows.shape
        return rows.transpose(0, 1).reshape(1, heads, batch * tokens, width)

    def unfold(self, rows: Tensor) -> Tensor:
        """The reverse of `fold`."""
        if not self.joined:
            return rows
        _, heads, _, width = rows.shape
        return rows.reshape(heads, self.batch, self.tokens, width).transpose(0, 1)

    def positions(self, position: Tensor, depth: Depth) -> Tensor:
        """(X or 1, H or 1, m, C) of one depth from (M, C) or (H, M, C) of all nodes in the order of the forest."""
        return self._rows_of(position, depth.first, depth.nodes)

    def all_positions(self, position: Tensor) -> Tensor:
        """(X or 1, H or 1, nodes of a tree, C): the same for all depths, roots first."""
        roots = self.batch // self.side_by_side
        depths = [self.positions(position, depth) for depth in self.depths]
        return torch.cat([self._rows_of(position, 0, roots), *depths], 2)

    def _rows_of(self, position: Tensor, first: int, nodes: int) -> Tensor:
        rows: Tensor = position[..., first : first + nodes * self.side_by_side, :]
        rows = rows.unflatten(-2, (self.side_by_side, nodes)).movedim(-3, 0)
        return rows if rows.dim() == 4 else rows.unsqueeze(1)


def filled(parts: Sequence[Tensor], depth: Depth) -> Tensor:
    """Leaves and inner nodes of a depth, each (X, H, some, ...), as its rows in order, with zeros for padding."""
    if depth.padding:
        shape = list(parts[0].shape)
        shape[2] = depth.padding
        parts = [*parts, parts[0].new_zeros(shape)]
    return take(parts[0] if len(parts) == 1 else torch.cat(list(parts), 2), depth.join)


def bucketed(rows: Tensor, depth: Depth) -> list[Tensor]:
    """The rows (X, H, m, ...) of a depth as (X, H, F, w, ...) of each of its buckets."""
    pieces = take(rows, depth.spread).split([bucket.places for bucket in depth.buckets], 2)
    return [
        piece.unflatten(2, (bucket.families, bucket.width)) for piece, bucket in zip(pieces, depth.buckets, strict=True)
    ]


def lay_out(tree: NestedSignal, device: torch.device | str = "cpu") -> Layout:
    """The forest as tensors on `device`."""
    joined = tree.batch > 1 and not one_form(tree)
    side, roots = (1, tree.batch) if joined else (tree.batch, 1)
    tokens = tree.tokens * roots
    sizes = [tree.size[a:b].reshape(side, -1) for a, b in zip(tree.starts[:-1], tree.starts[1:], strict=True)]
    rows = [slice(int(start), int(start) + size.shape[1]) for start, size in zip(tree.starts[:-1], sizes, strict=True)]
    lone = tree.slot[rows[0]]
    lone = lone[lone != NONE]
    depths, placed = [], [lone]
    for depth in range(1, tree.depth + 1):
        slot = tree.slot[rows[depth]]
        placed.append(slot[slot != NONE])
        parent = tree.parent[rows[depth]] - rows[depth - 1].start
        depths.append(
            _depth(
                int(tree.starts[depth]),
                slot,
                tree.leaf[rows[depth]],
                parent,
                np.flatnonzero(~tree.leaf[rows[depth - 1]]),
                sizes[depth],
                sizes[depth - 1],
                tokens,
                device,
            )
        )
    found = np.concatenate(placed)
    content = tree.size[: tree.batch]
    return Layout(
        tree.batch,
        tree.tokens,
        joined,
        tree.nodes,
        int(content[content > 0].min(initial=tree.tokens)),
        tuple(depths),
        len(lone),
        move(lone, tokens, device),
        move(inverse(found, tokens), len(found), device),
        torch.device(device),
    )


def _depth(
    first: int,
    slot: Integers,
    leaf: np.ndarray[tuple[int], np.dtype[np.bool_]],
    parent: Integers,
    inner_above: Integers,
    size: Integers,
    size_above: Integers,
    tokens: int,
    device: torch.device | str,
) -> Depth:
    nodes, above = len(slot), size_above.shape[1]
    leaves, inner = np.flatnonzero(slot != NONE), np.flatnonzero(~leaf)
    laid = np.concatenate([leaves, inner])
    join = inverse(laid, nodes)
    at_end = bool((laid == np.arange(len(laid))).all())
    families, spread, buckets = _buckets(parent, size, size_above, device)
    rank = inverse(inner_above, above)
    return Depth(
        nodes,
        len(leaves),
        len(inner),
        buckets,
        first,
        nodes - len(laid) if at_end else 0,
        move(slot[leaves], tokens, device),
        None if at_end else move(join, len(laid), device),
        move(spread, nodes, device),
        move(inverse(rank[families], len(inner_above)), len(families), device),
        move(families, above, device),
        move(leaves, nodes, device),
    )


def _buckets(
    parent: Integers, size: Integers, size_above: Integers, device: torch.device | str
) -> tuple[Integers, Integers, tuple[Bucket, ...]]:
    """The parents of the families in the order of the buckets, the row of each place, and the buckets."""
    parents, firsts, counts = np.unique(parent, return_index=True, return_counts=True)
    share = size / np.maximum(size_above[:, parent], 1)
    with np.errstate(divide="ignore"):
        log_size = np.maximum(np.log(size), EMPTY)
    widths = bucket_widths(counts)
    families, places, buckets = [], [], []
    for width in np.unique(widths):
        members = np.flatnonzero(widths == width)
        within = np.arange(width)
        place = np.where(within < counts[members][:, None], firsts[members][:, None] + within, NONE)
        families.append(parents[members])
        places.append(place.ravel())
        real = place != NONE
        tensors = (
            torch.from_numpy(np.where(real, values[:, place], nothing)[:, None]).to(device)
            for values, nothing in ((log_size, EMPTY), (share, 0.0))
        )
        buckets.append(Bucket(len(members), int(width), *tensors))
    return np.concatenate(families), np.concatenate(places), tuple(buckets)


def bucket_widths(counts: Integers) -> Integers:
    """The width of each count's bucket: the count itself if all are equal, else rounded up to 1, 2, 3, 4, 6, 8, ..."""
    if len(counts) and (counts == counts[0]).all():
        return counts
    steps = np.unique([1] + [base << shift for base in (2, 3) for shift in range(40)])
    return np.asarray(steps[np.searchsorted(steps, counts)])


def one_form(tree: NestedSignal) -> bool:
    """Whether all trees of the batch are alike but for which of their leaves are padding."""
    if (np.diff(tree.starts) % tree.batch).any():
        return False
    number = np.arange(tree.batch)[:, None]
    above = width = 0
    for start, end in zip(tree.starts[:-1], tree.starts[1:], strict=True):
        leaf, slot, parent = (one[start:end].reshape(tree.batch, -1) for one in (tree.leaf, tree.slot, tree.parent))
        slot = np.where(slot == NONE, NONE, slot - number * tree.tokens)
        parent = parent - above - number * width if start else parent
        if any((one != one[0]).any() for one in (leaf, slot, parent)):
            return False
        above, width = start, leaf.shape[1]
    return True
