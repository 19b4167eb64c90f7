"""Key-tied attention: attention from left to right that sees finished subtrees as one thing each.

Letters: X trees side by side, F families, w members of a family, L leaves below a family, D head width, V value width.

A leaf reads itself, its siblings on the left, and those on the left of each ancestor, each as the mean of its leaves
with the weight of their number, under one softmax.  Only *keys* are tied, every row is free, so nothing that comes
later can matter: neither a value nor a weight.  Among all such rows it is the nearest to causal softmax attention, so
it is never farther from it than hierarchical attention with the causal mask of the paper, whose weights depend on
later tokens.  It is another attention than that one, hence the other name.  It costs O(N b log_b N D); what is read at
each depth is joined by the softmax re-scaling operator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from proofloom.attention.hierarchical.checks import check_position, check_rows, check_tree
from proofloom.attention.hierarchical.layout import Depth, Layout, bucket_widths, bucketed, filled, lay_out
from proofloom.attention.hierarchical.rows import Move, move, put_back, take
from proofloom.attention.softmax_merge import PartialSoftmax, finish, merge, partial_softmax
from proofloom.hierarchy.nested import NONE, Integers, NestedSignal


@dataclass(frozen=True, slots=True)
class Readers:
    """Families of one depth with the leaves below them, all of nearly one width and one number of leaves.

    `log_size` (X or 1, 1, F, 1, w) of the members; `allowed` (F, L, w): the member stands left of the leaf's own
    ancestor; `ancestor` (F L): the row of that ancestor among the nodes of the depth.
    """

    families: int
    width: int
    leaves: int
    log_size: Tensor
    allowed: Tensor
    ancestor: Tensor


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads at one depth: `keys` from its nodes to the places of all groups, `readers` from leaves."""

    groups: tuple[Readers, ...]
    keys: Move | None
    readers: Move | None


@dataclass(frozen=True, slots=True)
class KeyTiedLayout:
    """A forest for key-tied attention on one device; make it once with `lay_out_key_tied` to use it again.

    `leaves`: from tokens to leaves, left to right; `own` (leaves): the row of each among the nodes of one tree.
    """

    nodes: Layout
    depths: tuple[Reading, ...]
    leaves: Move | None
    own: Tensor


def key_tied_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    tree: NestedSignal | KeyTiedLayout,
    *,
    position: Tensor | None = None,
    scale: float | None = None,
) -> Tensor:
    """(B, H, N, V), strictly causal in the order of the leaves; arguments as for `hierarchical_attention`."""
    check_rows(query, key, value)
    layout = tree if isinstance(tree, KeyTiedLayout) else lay_out_key_tied(tree, query.device)
    check_tree(layout.nodes, query)
    if position is not None:
        check_position(position, query, layout.nodes)
    work = torch.promote_types(query.dtype, torch.float32)
    step = query.shape[-1] ** -0.5 if scale is None else scale
    with torch.autocast(query.device.type, enabled=False):
        rows, keys, values = (layout.nodes.fold(one.to(work)) for one in (query, key, value))
        places = None if position is None else position.to(work)
        output = _attended(rows, keys, values, layout, places, step)
        return layout.nodes.unfold(output).to(query.dtype)


def _attended(
    query: Tensor, key: Tensor, value: Tensor, layout: KeyTiedLayout, position: Tensor | None, scale: float
) -> Tensor:
    query, own_key, own_value = (take(one, layout.leaves) for one in (query, key, value))
    peak = (query * own_key).sum(-1) * scale
    if position is not None:
        own = layout.nodes.all_positions(position)[:, :, layout.own]
        peak = peak + (own * own).sum(-1)
    found = PartialSoftmax(peak, torch.ones_like(peak), own_value)
    means = zip(*(_means(one, layout.nodes) for one in (key, value)), strict=True)
    for depth, reading, rows in zip(layout.nodes.depths, layout.depths, means, strict=True):
        places = None if position is None else layout.nodes.positions(position, depth)
        found = merge(found, _read(query, rows, reading, places, scale))
    return put_back(finish(found)[0], layout.leaves)


def _means(rows: Tensor, layout: Layout) -> list[Tensor]:
    """The means (X, H, m, ...) of the rows of tokens, for the nodes of each depth."""
    found: list[Tensor] = []
    pooled: list[Tensor] = []
    for depth in reversed(layout.depths):
        leaves = [take(rows, depth.fetch)] if depth.leaves or not pooled else []
        found.append(filled([*leaves, *pooled], depth))
        pooled = [_pooled(found[-1], depth)]
    return found[::-1]


def _pooled(rows: Tensor, depth: Depth) -> Tensor:
    """The means of the families of a depth, for the inner nodes above."""
    parts = [
        (bucket.share.to(rows.dtype)[..., None, :] @ piece).squeeze(-2)
        for bucket, piece in zip(depth.buckets, bucketed(rows, depth), strict=True)
    ]
    return take(torch.cat(parts, 2), depth.up)


def _read(
    query: Tensor, means: tuple[Tensor, Tensor], reading: Reading, places: Tensor | None, scale: float
) -> PartialSoftmax:
    """What every leaf reads at one depth."""
    keys, values = (
        take(one, reading.keys).split([group.families * group.width for group in reading.groups], 2) for one in means
    )
    queries = take(query, reading.readers).split([group.families * group.leaves for group in reading.groups], 2)
    spots = None
    if places is not None:
        spots = take(places, reading.keys).split([group.families * group.width for group in reading.groups], 2)
    parts = []
    for number, group in enumerate(reading.groups):
        members, readers = (group.families, group.width), (group.families, group.leaves)
        scores = queries[number].unflatten(2, readers) @ keys[number].unflatten(2, members).transpose(-1, -2) * scale
        scores = scores + group.log_size.to(scores.dtype)
        if places is not None and spots is not None:
            own = places[:, :, group.ancestor].unflatten(2, readers)
            scores = scores + own @ spots[number].unflatten(2, members).transpose(-1, -2)
        scores = scores.masked_fill(~group.allowed, -torch.inf)
        found = partial_softmax(scores, values[number].unflatten(2, members))
        parts.append([one.flatten(2, 3) for one in (found.peak, found.total, found.weighted)])
    peak, total, weighted = (put_back(torch.cat(pieces, 2), reading.readers) for pieces in zip(*parts, strict=True))
    return PartialSoftmax(peak.masked_fill(total == 0, -torch.inf), total, weighted)


def lay_out_key_tied(tree: NestedSignal, device: torch.device | str = "cpu") -> KeyTiedLayout:
    """The forest on `device`, for `key_tied_attention`."""
    nodes = lay_out(tree, device)
    side = nodes.side_by_side
    leaves = tree.leaves[tree.slot[tree.leaves] != NONE]
    leaves = leaves[: len(leaves) // side]  # those of the first tree, if all are alike
    tokens = tree.tokens * (tree.batch // side)
    ancestors = np.full((tree.depth + 1, len(leaves)), NONE)
    last = leaves
    level = np.searchsorted(tree.starts, leaves, "right") - 1
    for depth in range(tree.depth, -1, -1):
        here = level == depth
        ancestors[depth, here] = last[here]
        last = np.where(here, tree.parent[last], last)
        level = np.where(here, depth - 1, level)
    return KeyTiedLayout(
        nodes,
        tuple(_reading(tree, depth, ancestors[depth], side, device) for depth in range(1, tree.depth + 1)),
        move(tree.slot[leaves], tokens, device),
        torch.from_numpy(_first_tree_row(tree, leaves, side)).to(device),
    )


def _first_tree_row(tree: NestedSignal, nodes: Integers, side: int) -> Integers:
    """Where nodes of the first tree stand among the nodes of one tree."""
    depth = np.searchsorted(tree.starts, nodes, "right") - 1
    return nodes - tree.starts[depth] + tree.starts[depth] // side


def _reading(tree: NestedSignal, depth: int, ancestor: Integers, side: int, device: torch.device | str) -> Reading:
    start, end = int(tree.starts[depth]), int(tree.starts[depth + 1])
    count = (end - start) // side
    rows = slice(start, start + count)
    parents, firsts, widths = np.unique(tree.parent[rows], return_index=True, return_counts=True)
    family_of = np.searchsorted(parents, tree.parent[rows])
    here = np.flatnonzero(ancestor != NONE)
    member = ancestor[here] - start
    below = np.bincount(family_of[member], minlength=len(parents))
    leaf_firsts = np.searchsorted(family_of[member], np.arange(len(parents)))
    width_class, leaf_class = bucket_widths(widths), bucket_widths(below)
    with np.errstate(divide="ignore"):
        log_size = np.log(tree.size[start:end].reshape(side, -1))
    groups, keys, readers = [], [], []
    for width, leaves in sorted(set(zip(width_class.tolist(), leaf_class.tolist(), strict=True))):
        chosen = np.flatnonzero((width_class == width) & (leaf_class == leaves))
        column, line = np.arange(width), np.arange(leaves)
        key = np.where(column < widths[chosen][:, None], firsts[chosen][:, None] + column, NONE)
        reader = np.where(line < below[chosen][:, None], leaf_firsts[chosen][:, None] + line, NONE)
        own = np.where(reader == NONE, 0, member[np.clip(reader, 0, None)]) if len(member) else np.zeros_like(reader)
        allowed = (key[:, None, :] != NONE) & (reader[..., None] != NONE) & (key[:, None, :] < own[..., None])
        sizes = np.where(key == NONE, -np.inf, log_size[:, np.clip(key, 0, None)])[:, None, :, None]
        groups.append(
            Readers(
                len(chosen),
                width,
                leaves,
                torch.from_numpy(sizes).to(device),
                torch.from_numpy(allowed).to(device),
                torch.from_numpy(own.ravel()).to(device),
            )
        )
        keys.append(key.ravel())
        readers.append(np.where(reader == NONE, NONE, here[np.clip(reader, 0, None)] if len(here) else NONE).ravel())
    return Reading(
        tuple(groups),
        move(np.concatenate(keys), count, device),
        move(np.concatenate(readers), len(ancestor), device),
    )
