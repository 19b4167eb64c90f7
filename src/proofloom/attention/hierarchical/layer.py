"""The transformer layer of hierarchical self-attention (HTE), for training from scratch, and how its leaves are pooled.

Letters: B batch, N tokens, M nodes, E width in, H heads, D head width, P position width, O width out.

Projection (one for each kind of input), normalisation of queries, keys and values, attention with the residual from
the *projected* query, then a linear map, a norm, and a point-wise network whose residual starts after that norm
(Amizadeh et al. 2025, appendix F).  Attention itself has no parameters; a layer learns, besides, how much the position
in each domain counts.  With `attend=False` it is DeepSet: the same layer without attention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from proofloom.attention.hierarchical.exact import hierarchical_attention
from proofloom.attention.hierarchical.layout import Layout, lay_out
from proofloom.hierarchy.nested import NestedSignal
from proofloom.hierarchy.positions import position_vectors
from proofloom.hierarchy.reshaping import cut


@dataclass(frozen=True, slots=True)
class Forest:
    """A batch of trees with all that a layer reads of them, on one device: `vectors` (M, C) and `domain` (M)."""

    tree: NestedSignal
    layout: Layout
    vectors: Tensor
    domain: Tensor
    names: tuple[str, ...]

    @classmethod
    def of(cls, tree: NestedSignal, width: int, device: torch.device | str = "cpu", seed: int = 0) -> Forest:
        """With position vectors of `width`, the same for the same `seed`."""
        vectors = torch.from_numpy(position_vectors(tree, width, seed=seed)).to(device)
        domain = torch.from_numpy(tree.domain).to(device)
        return cls(tree, lay_out(tree, device), vectors, domain, tuple(domain.name for domain in tree.domains))


class PositionMap(nn.Module):
    """One linear map for each domain, from position vectors to what a layer's heads add to their scores."""

    def __init__(self, width: int, heads: int, head_width: int, domains: Sequence[str]) -> None:
        super().__init__()
        self._heads = heads
        self._domains = tuple(domains)
        self.maps = nn.ModuleList([nn.Linear(width, heads * head_width, bias=False) for _ in domains])

    def forward(self, forest: Forest) -> Tensor:
        """(H, M, P).  Raises `ValueError` for a domain that has no map."""
        unknown = sorted(set(forest.names) - set(self._domains))
        if unknown:
            raise ValueError(f"domains {unknown} have no map of positions: wanted some of {sorted(self._domains)}")
        found: Any = 0
        vectors = forest.vectors.to(next(self.parameters()).dtype)
        for number, name in enumerate(forest.names):
            found = found + self.maps[self._domains.index(name)](vectors * (forest.domain == number)[:, None])
        rows: Tensor = found.unflatten(-1, (self._heads, -1)).transpose(0, 1)
        return rows


class HierarchicalLayer(nn.Module):
    """One HTE layer, (B, N, E) to (B, N, O).

    `domains` are the names of all families that may come, `position` the width of their vectors.  `inputs` names the
    kinds of input that have projections of their own.  `norm="head"` normalises each head without parameters, which is
    what the theory wants (squared length D); `norm="whole"` normalises before the heads are split, as it is drawn.
    """

    def __init__(
        self,
        width: int,
        out: int,
        *,
        heads: int,
        head_width: int,
        domains: Sequence[str],
        position: int,
        inputs: Sequence[str] = ("token",),
        norm: str = "head",
        inclusive: bool = False,
        attend: bool = True,
    ) -> None:
        super().__init__()
        if norm not in ("head", "whole"):
            raise ValueError(f"norm={norm!r}: wanted 'head' or 'whole'")
        self._heads, self._norm, self._inclusive, self._attend = heads, norm, inclusive, attend
        inner = heads * head_width
        self._inputs = tuple(inputs)
        self.projections = nn.ModuleList([nn.Linear(width, 3 * inner) for _ in inputs])
        self.norms = nn.ModuleList([nn.LayerNorm(inner) for _ in range(3)] if norm == "whole" else [])
        self.positions = PositionMap(position, heads, head_width, domains) if attend else None
        self.mix = nn.Linear(inner, out)
        self.norm = nn.LayerNorm(out)
        self.network = nn.Sequential(nn.Linear(out, 4 * out), nn.GELU(), nn.Linear(4 * out, out))

    def forward(self, rows: Tensor, forest: Forest, kinds: Mapping[str, Tensor] | None = None) -> Tensor:
        """(B, N, O) from `rows` (B, N, E); `kinds` (B, N) says with True where each kind of input stands."""
        projected = self._projected(rows, kinds)
        query, key, value = (self._normed(one, place) for place, one in enumerate(projected.chunk(3, -1)))
        read = query
        if self.positions is not None:
            exact = hierarchical_attention(
                query, key, value, forest.layout, position=self.positions(forest), inclusive=self._inclusive
            )
            read = query + exact
        mixed = self.norm(self.mix(read.transpose(1, 2).flatten(2)))
        found: Tensor = mixed + self.network(mixed)
        return found

    def _projected(self, rows: Tensor, kinds: Mapping[str, Tensor] | None) -> Tensor:
        if kinds is None:
            kinds = dict.fromkeys(self._inputs[:1], rows.new_ones(rows.shape[:-1]))
        if set(kinds) != set(self._inputs):
            raise ValueError(f"kinds {list(kinds)}: wanted where each of {list(self._inputs)} stands")
        parts = [one(rows) * kinds[name][..., None] for name, one in zip(self._inputs, self.projections, strict=True)]
        return torch.stack(parts).sum(0)

    def _normed(self, rows: Tensor, place: int) -> Tensor:
        """(B, H, N, D)."""
        if self._norm == "whole":
            rows = self.norms[place](rows)
        split: Tensor = rows.unflatten(-1, (self._heads, -1)).transpose(1, 2)
        return split if self._norm == "whole" else nn.functional.layer_norm(split, split.shape[-1:])


def pooled(rows: Tensor, tree: NestedSignal, weights: Tensor | None = None) -> Tensor:
    """(B, E): the mean of the leaves of each signal, all in `rows` (B, N, E); 0 for a signal without any.

    With `weights` (B, N) each leaf counts so much, and the sum is still divided by the number of leaves.
    """
    present = _present(tree, rows)
    counted = present if weights is None else present * weights
    return (rows * counted[..., None]).sum(1) / present.sum(1, keepdim=True).clamp(min=1)


def pooled_at(rows: Tensor, tree: NestedSignal, depth: int) -> tuple[Tensor, NestedSignal]:
    """(B, N', E) and the tree cut at `depth`: every node there is a leaf now, the mean of the leaves that it had."""
    shorter, moved = cut(tree, depth)
    kept = np.flatnonzero(moved >= 0)
    there = torch.from_numpy(moved[kept]).to(rows.device)
    source = rows.flatten(0, 1)[torch.from_numpy(kept).to(rows.device)]
    sums = rows.new_zeros(shorter.batch * shorter.tokens, rows.shape[-1]).index_add(0, there, source)
    counts = torch.bincount(there, minlength=len(sums)).clamp(min=1)
    return (sums / counts[:, None]).unflatten(0, (shorter.batch, shorter.tokens)), shorter


def _present(tree: NestedSignal, rows: Tensor) -> Tensor:
    """(B, N): 1 where a token is a leaf with content."""
    if (tree.batch, tree.tokens) != tuple(rows.shape[:2]):
        raise ValueError(
            f"rows of shape {tuple(rows.shape)}: wanted (B, N, E) with B, N = {tree.batch}, {tree.tokens} as the tree"
        )
    present = np.zeros(tree.batch * tree.tokens, np.float32)
    present[tree.slot[tree.leaf & (tree.size > 0)]] = 1
    return torch.from_numpy(present).to(rows).view(tree.batch, tree.tokens)
