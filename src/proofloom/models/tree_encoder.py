"""Texts with trees to vectors: word vectors, layers of hierarchical attention, the mean over the leaves.

Letters: B texts of a batch, N tokens of the longest, E width, O width out.

Three arms have the same parts and differ in one thing each, as in the paper's comparison: `HSA` attends along the tree,
`FSA` along the same leaves without their tree, and `DEEPSET` does not attend at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from proofloom.attention.hierarchical.layer import Forest, HierarchicalLayer, pooled
from proofloom.hierarchy.nested import Domain, NestedSignal, Tree
from proofloom.hierarchy.reshaping import flattened
from proofloom.models.length_batches import by_length

BATCH_TOKENS = 2048
"""Tokens that are computed at once, with those that fill short texts up."""
_AT_ONCE = 1024
_FLAT = Domain("flat")


class Arm(StrEnum):
    """How an encoder attends."""

    HSA = "hsa"
    FSA = "fsa"
    DEEPSET = "deepset"


@dataclass(frozen=True, slots=True)
class TreeText:
    """The numbers of the tokens of a text, two or more, and its tree, whose leaves are their places."""

    tokens: tuple[int, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class EncoderSizes:
    """`position` is the width of the position vectors, `head_width` that of each of the `heads`."""

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
            for number in range(sizes.layers)
        )

    def forward(self, texts: Sequence[TreeText]) -> Tensor:
        """(B, O), the mean over the leaves of each text; B at least 1."""
        groups = list(by_length([len(text.tokens) for text in texts], BATCH_TOKENS))
        rows = torch.cat([self._together([texts[place] for place in places]) for places in groups])
        return rows[torch.from_numpy(np.argsort(np.concatenate(groups), kind="stable")).to(rows.device)]

    def _together(self, texts: Sequence[TreeText]) -> Tensor:
        longest = max(len(text.tokens) for text in texts)
        device = self.words.weight.device
        numbers = torch.tensor([[*text.tokens, *[0] * (longest - len(text.tokens))] for text in texts], device=device)
        tree = NestedSignal.of([text.tree for text in texts], longest)
        if self.arm is Arm.FSA:
            tree = flattened(tree, _FLAT)
        rows = self.words(numbers)
        forest = Forest.of(tree, self.sizes.position, device)
        for layer in self.layers:
            rows = layer(rows, forest)
        return pooled(rows, tree)


def vectors(encoder: TreeEncoder, texts: Sequence[TreeText]) -> NDArray[np.float32]:
    """(n, O) of length 1, the same whatever is encoded beside a text."""
    encoder.eval()
    found = [np.zeros((0, encoder.sizes.out), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(texts), _AT_ONCE):
            rows = encoder(texts[start : start + _AT_ONCE])
            found.append(nn.functional.normalize(rows, dim=-1).cpu().numpy())
    return np.concatenate(found)
