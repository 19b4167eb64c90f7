"""Texts with trees to vectors: word vectors, layers of hierarchical attention, the mean over the leaves.

Letters: B texts of a batch, N tokens of the longest, E width, O width out.

Three arms have the same parts and differ in one thing each, as in the paper's comparison: `HSA` attends along the tree,
`FSA` along the same leaves without their tree, and `DEEPSET` does not attend at all.  `WORDS` has no layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor, nn

from proofloom.attention.hierarchical.layer import Forest, HierarchicalLayer, pooled
from proofloom.hierarchy.nested import Domain, NestedSignal, Tree
from proofloom.hierarchy.reshaping import flattened
from proofloom.models.length_batches import by_length

BATCH_TOKENS = 2048
"""Tokens that are computed at once, with those that fill short texts up."""
_FLAT = Domain("flat")


class Arm(StrEnum):
    """How an encoder attends."""

    HSA = "hsa"
    FSA = "fsa"
    DEEPSET = "deepset"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class TreeText:
    """The numbers of the tokens of a text, two or more, and its tree, whose leaves are their places.

    `fields` says of each token which field of a record it stands in, 0 for none, where a reader tells them apart.
    """

    tokens: tuple[int, ...]
    tree: Tree
    fields: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EncoderSizes:
    """`position` is the width of the position vectors, `head_width` that of each of the `heads`.

    Without a layer the width out is `width`.
    """

    width: int = 128
    out: int = 128
    heads: int = 4
    head_width: int = 32
    position: int = 64
    layers: int = 1


class TreeEncoder(nn.Module):
    """`domains` are the names of the families that may come (`signals.DOMAINS` for proof states and theorems)."""

    def __init__(self, vocabulary: int, domains: Sequence[str], arm: Arm, sizes: EncoderSizes = EncoderSizes()) -> None:
        super().__init__()
        if arm is Arm.WORDS and sizes.width != sizes.out:
            raise ValueError(f"width={sizes.width}, out={sizes.out}: wanted the same for words without a layer")
        self.arm, self.sizes = arm, sizes
        self.words = nn.Embedding(vocabulary, sizes.width)
        self.layers = nn.ModuleList(
            HierarchicalLayer(
                sizes.width if number == 0 else sizes.out,
                sizes.out,
                heads=sizes.heads,
                head_width=sizes.head_width,
                domains=(_FLAT.name,) if arm is Arm.FSA else tuple(domains),
                position=sizes.position,
                attend=arm is not Arm.DEEPSET,
            )
            for number in range(0 if arm is Arm.WORDS else sizes.layers)
        )

    def forward(self, texts: Sequence[TreeText]) -> Tensor:
        """(B, O), the mean over the leaves of each text; B at least 1."""
        return by_groups(texts, lambda some: pooled(*self.leaves(some)))

    def leaves(self, texts: Sequence[TreeText]) -> tuple[Tensor, NestedSignal]:
        """(B, N, O), all filled up to the longest, and their trees."""
        numbers = filled([text.tokens for text in texts], self.words.weight.device)
        tree = NestedSignal.of([text.tree for text in texts], numbers.shape[1])
        rows: Tensor = self.words(numbers)
        if self.arm is Arm.FSA:
            tree = flattened(tree, _FLAT)
        if len(self.layers):
            forest = Forest.of(tree, self.sizes.position, rows.device)
            for layer in self.layers:
                rows = layer(rows, forest)
        return rows, tree


def filled(rows: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    """(B, N), the longest of `rows` whole and the others with 0 behind."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)


def by_groups(texts: Sequence[TreeText], compute: Callable[[list[TreeText]], Tensor]) -> Tensor:
    """The rows that `compute` gives for each text, those of similar length together; at least one text."""
    groups = list(by_length([len(text.tokens) for text in texts], BATCH_TOKENS))
    rows = torch.cat([compute([texts[place] for place in places]) for places in groups])
    return rows[torch.from_numpy(np.argsort(np.concatenate(groups), kind="stable")).to(rows.device)]
