"""Hierarchical self-attention: the nearest to softmax attention of all that treat a subtree as one thing from outside.

Letters: B batch, H heads, N tokens, D head width, V value width, C position width, M nodes, b members of a family.

All leaves of a node share their weight on all leaves of its sibling (the block constraint), and among such weights
these have the least divergence from softmax attention (Amizadeh et al. 2025, theorem 3.2).  They are found without any
N x N matrix in O(M b^2 D): from the leaves up, each family attends among its members by their mean queries, keys and
values, with the energy of each member's inside as one more column; from the root down, each node passes on what it has
read and the mass that is left for its inside.  The form computed is the one that repairs the sign in line 20 of the
paper's algorithm 3, with e = -phi and the constants that cancel left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from proofloom.attention.hierarchical.checks import checked
from proofloom.attention.hierarchical.family import family_attention
from proofloom.attention.hierarchical.layout import EMPTY, Bucket, Depth, Layout, bucketed, filled
from proofloom.attention.hierarchical.rows import put_back, take
from proofloom.hierarchy.nested import NestedSignal

NOTHING = -1e30
"""The energy of a leaf that may not read itself: minus infinity, but finite, so that no gradient is a nan."""

Causal = Literal[False, "paper"]


def hierarchical_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    tree: NestedSignal | Layout,
    *,
    position: Tensor | None = None,
    inclusive: bool = True,
    causal: Causal = False,
    scale: float | None = None,
) -> Tensor:
    """(B, H, N, V) from `query`, `key` (B, H, N, D) and `value` (B, H, N, V); zero for tokens that are no leaf.

    `tree` holds B signals, or one that serves all.  `position` (M, C) or (H, M, C), in the order of the nodes, adds the
    product of the vectors of two siblings to their scores, unscaled; `scale` is 1/sqrt(D) if not given.  With
    `inclusive` a token reads itself as in any pre-trained model; without, never, as in the paper.  `causal="paper"`
    reads left siblings only (its appendix G.1): no value comes from the right, but *weights* depend on later tokens of
    the same subtree; use `key_tied_attention` to train or generate from left to right.

    Sums of logarithms are in float32 at least.  Raises `ValueError` for trees and tensors that do not fit, and for
    signals of one leaf without `inclusive`, which have nothing to read.
    """
    layout = checked(query, key, value, tree, position, inclusive=inclusive, causal=causal)
    work = torch.promote_types(query.dtype, torch.float32)
    step = query.shape[-1] ** -0.5 if scale is None else scale
    with torch.autocast(query.device.type, enabled=False):
        tokens = _Tokens(*(layout.fold(one.to(work)) for one in (query, key, value)))
        places = None if position is None else position.to(work)
        output = _programme(tokens, layout, places, step, inclusive, causal == "paper")
        return layout.unfold(output).to(query.dtype)


@dataclass(frozen=True, slots=True)
class _Tokens:
    """(X, H, N, ...): what the leaves hold."""

    query: Tensor
    key: Tensor
    value: Tensor


@dataclass(frozen=True, slots=True)
class _Nodes:
    """(X, H, m, ...): means over the leaves of some nodes, and the energy (X, H, m) of the inside of each.

    No energy is given where the nodes of a depth are all leaves that read themselves: the score of each with itself is
    among the scores of its family.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    energy: Tensor | None

    @property
    def parts(self) -> list[Tensor]:
        known = [self.query, self.key, self.value]
        return known if self.energy is None else [*known, self.energy]

    @classmethod
    def of(cls, parts: Iterable[Tensor]) -> _Nodes:
        query, key, value, *energy = parts
        return cls(query, key, value, energy[0] if energy else None)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the way up leaves for the way down: of each bucket r (X, H, F, w, V) and log mu (X, H, F, w).

    Without energy there is no mu, and r is all that a leaf reads in its family.
    """

    mixes: list[Tensor]
    insides: list[Tensor]


def _programme(
    tokens: _Tokens, layout: Layout, position: Tensor | None, scale: float, inclusive: bool, causal: bool
) -> Tensor:
    found: list[_Found] = []
    pooled: _Nodes | None = None
    for depth in reversed(layout.depths):
        places = None if position is None else layout.positions(position, depth)
        nodes = _nodes(tokens, pooled, depth, places, scale, inclusive)
        pooled, kept = _families(nodes, depth, places, scale, causal)
        found.append(kept)
    leaves = [take(tokens.value, layout.lone)] if layout.lone_roots else []
    above: tuple[Tensor, Tensor] | None = None
    for depth, kept in zip(layout.depths, reversed(found), strict=True):
        read = _passed_on(above, depth, kept.mixes)
        mass = _left_over(above, depth, kept.insides) if kept.insides else None
        if depth.leaves:
            got = take(read, depth.give)
            if inclusive and mass is not None:
                got = torch.addcmul(got, take(mass, depth.give).exp()[..., None], take(tokens.value, depth.fetch))
            leaves.append(got)
        above = None if mass is None else (read, mass)
    if not leaves:
        return torch.zeros_like(tokens.value)  # nothing but padding
    whole = leaves[0] if len(leaves) == 1 else torch.cat(leaves, 2)
    return take(whole, layout.place)


def _nodes(
    tokens: _Tokens, pooled: _Nodes | None, depth: Depth, places: Tensor | None, scale: float, inclusive: bool
) -> _Nodes:
    """The nodes of a depth in order: leaves from the tokens, inner nodes from the depth below, and padding."""
    pieces = [pooled.parts] if pooled is not None and depth.inner else []
    if depth.leaves or not pieces:
        query, key, value = (take(one, depth.fetch) for one in (tokens.query, tokens.key, tokens.value))
        leaves = [query, key, value]
        if not inclusive:
            leaves.append(query.new_full(query.shape[:-1], NOTHING))
        elif depth.inner:
            own = (query * key).sum(-1) * scale
            leaves.append(own if places is None else own + take(places, depth.give).square().sum(-1))
        pieces.insert(0, leaves)
    return _Nodes.of(filled(parts, depth) for parts in zip(*pieces, strict=True))


def _families(nodes: _Nodes, depth: Depth, places: Tensor | None, scale: float, causal: bool) -> tuple[_Nodes, _Found]:
    """The parents of all families of a depth, and what the way down needs."""
    spread = [bucketed(one, depth) for one in nodes.parts]
    spots = None if places is None else bucketed(places, depth)
    found = _Found([], [])
    pooled = []
    for number, bucket in enumerate(depth.buckets):
        here = _Nodes.of(one[number] for one in spread)
        bias = _bias(bucket, here.query.dtype, None if spots is None else spots[number], causal)
        share = bucket.share.to(here.query.dtype)
        family = family_attention(here.query, here.key, here.value, here.energy, bias, share, scale)
        found.mixes.append(family.mix)
        if here.energy is not None:
            found.insides.append(here.energy - family.total)
        pooled.append([family.query, family.key, family.value, (share * family.total).sum(-1)])
    return _Nodes.of(take(_laid(list(parts)), depth.up) for parts in zip(*pooled, strict=True)), found


def _bias(bucket: Bucket, dtype: torch.dtype, spots: Tensor | None, causal: bool) -> Tensor:
    """What is added to the scores of a bucket, (X or 1, H or 1, F, w or 1, w)."""
    bias = bucket.log_size.to(dtype)[..., None, :]
    if spots is not None:
        bias = bias + spots @ spots.transpose(-1, -2)
    if causal:
        right = torch.ones(bucket.width, bucket.width, dtype=torch.bool, device=bias.device).triu(1)
        bias = bias.masked_fill(right, EMPTY)
    return bias


def _passed_on(above: tuple[Tensor, Tensor] | None, depth: Depth, mixes: list[Tensor]) -> Tensor:
    """What each node of a depth has read outside of itself, (X, H, m, V)."""
    if above is not None:
        reads, masses = (_of_parents(one, depth) for one in above)
        mixes = [
            torch.addcmul(read[..., None, :], mass.exp()[..., None, None], mix)
            for read, mass, mix in zip(reads, masses, mixes, strict=True)
        ]
    return put_back(_laid([mix.flatten(2, 3) for mix in mixes]), depth.spread)


def _left_over(above: tuple[Tensor, Tensor] | None, depth: Depth, insides: list[Tensor]) -> Tensor:
    """The log of the mass that is left for the inside of each node of a depth, (X, H, m)."""
    if above is not None:
        masses = _of_parents(above[1], depth)
        insides = [mass[..., None] + inside for mass, inside in zip(masses, insides, strict=True)]
    return put_back(_laid([inside.flatten(2, 3) for inside in insides]), depth.spread)


def _of_parents(rows: Tensor, depth: Depth) -> tuple[Tensor, ...]:
    """The rows of the depth above that are parents here, (X, H, F, ...) for each bucket."""
    pieces: tuple[Tensor, ...] = take(rows, depth.down).split([bucket.families for bucket in depth.buckets], 2)
    return pieces


def _laid(parts: list[Tensor]) -> Tensor:
    """Buckets end to end."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, 2)
