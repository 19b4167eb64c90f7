"""The network behind our encoder of goals and premises: words that count more or less, and a network over their mean.

Letters: B texts, N tokens of the longest, O width out.

What a goal is about stands in few of its tokens.  So every word has a weight that is learned, and every field of a
goal or premise one too, the conclusion's from 3 on.  What is weighed and added up are the rows of a tree encoder, or
the word vectors themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from proofloom.attention.hierarchical.layer import pooled
from proofloom.hierarchy.signals import DOMAINS
from proofloom.models.tree_encoder import Arm, EncoderSizes, TreeEncoder, TreeText, by_groups, filled
from proofloom.models.tree_texts import FIELDS

CONCLUSION = 3.0
"""How much a token of a conclusion counts before training, where one of a hypothesis counts 1."""
SIZES = EncoderSizes()
"""Those that the recipe trains."""
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Thinning:
    """Leaves out each token of a text with the probability `share`, drawn from `random` (on the CPU).

    While training only: what a text is about must then be told by more than its one telling word, which a new premise
    may not have.
    """

    share: float
    random: torch.Generator

    def kept(self, shape: torch.Size) -> Tensor:
        """1.0 where a token stays, 0.0 where it is left out."""
        return (torch.rand(shape, generator=self.random) >= self.share).float()


class PremiseModel(nn.Module):
    """A tree encoder of texts with fields, its weights and a network; `vocabulary` is the number of tokens."""

    def __init__(self, vocabulary: int, arm: Arm, sizes: EncoderSizes = SIZES) -> None:
        super().__init__()
        self.encoder = TreeEncoder(vocabulary, DOMAINS, arm, sizes)
        self.word_weights = nn.Parameter(torch.ones(vocabulary))
        self.field_weights = nn.Parameter(torch.ones(len(FIELDS)))
        last = nn.Linear(2 * sizes.out, sizes.out)
        self.network = nn.Sequential(nn.Linear(sizes.out, 2 * sizes.out), nn.GELU(), last)
        with torch.no_grad():
            self.field_weights[FIELDS.index("conclusion")] = CONCLUSION
            last.weight.zero_()  # so that training starts from the mean itself
            last.bias.zero_()

    @property
    def arm(self) -> Arm:
        """How its tree encoder attends."""
        return self.encoder.arm

    @property
    def sizes(self) -> EncoderSizes:
        """Those of its tree encoder."""
        return self.encoder.sizes

    @property
    def vocabulary(self) -> int:
        """How many tokens have vectors."""
        return len(self.word_weights)

    def forward(self, texts: Sequence[TreeText], thinning: Thinning | None = None) -> Tensor:
        """(B, O); B at least 1."""
        if self.arm is Arm.WORDS:
            return self._finished(self.sums(texts, thinning))
        return by_groups(texts, lambda some: self._finished(self.means(some, thinning)))

    def sums(self, texts: Sequence[TreeText], thinning: Thinning | None = None) -> Tensor:
        """(B, O): what `means` gives times the lengths of the texts, without their trees, where no layer reads them."""
        table = self.encoder.words.weight
        starts = np.cumsum([0, *(len(text.tokens) for text in texts[:-1])])
        tokens, fields = (
            torch.tensor(list(chain.from_iterable(one)), device=table.device)
            for one in zip(*((text.tokens, text.fields) for text in texts), strict=True)
        )
        weights = self._weights(tokens, fields, thinning)
        offsets = torch.from_numpy(starts).to(table.device)
        return nn.functional.embedding_bag(tokens, table, offsets, mode="sum", per_sample_weights=weights)

    def means(self, texts: Sequence[TreeText], thinning: Thinning | None = None) -> Tensor:
        """(B, O): the weighted mean of the rows of each text."""
        rows, tree = self.encoder.leaves(texts)
        tokens, fields = (filled(one, rows.device) for one in zip(*((t.tokens, t.fields) for t in texts), strict=True))
        return pooled(rows, tree, self._weights(tokens, fields, thinning))

    def _weights(self, tokens: Tensor, fields: Tensor, thinning: Thinning | None) -> Tensor:
        weights = self.word_weights[tokens] * self.field_weights[fields]
        return weights if thinning is None else weights * thinning.kept(weights.shape).to(weights.device)

    def _finished(self, mean: Tensor) -> Tensor:
        unit = nn.functional.normalize(mean, dim=-1) * math.sqrt(mean.shape[-1])
        found: Tensor = unit + self.network(unit)
        return found


def vectors(model: PremiseModel, texts: Sequence[TreeText]) -> NDArray[np.float32]:
    """(n, O) of length 1, the same whatever is encoded beside a text."""
    model.eval()
    found = [np.zeros((0, model.sizes.out), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(texts), _AT_ONCE):
            rows = model(texts[start : start + _AT_ONCE])
            found.append(nn.functional.normalize(rows, dim=-1).cpu().numpy())
    return np.concatenate(found)
