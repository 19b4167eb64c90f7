"""A hierarchy that is learned: each class of tokens has a distribution over levels, refined while the model trains.

The paper fixes the levels and calls adaptive ones open.  Here every class draws its level once, so two classes q and k
have the forbidden flow P(level_k > level_q), a table as good as any other: the attention reads how much a query spends
on each class, and the expected forbidden mass is linear in that.  The loss alone would put all classes on one level,
where nothing is forbidden; the divergence from the parser's levels holds it back, so a class moves only where the
attention insists.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from proofloom.hierarchy import KIND_LEVELS, Level


class LearnedLevels(nn.Module):
    """Levels of C classes, at first `certainty` sure that each is the one given (by default the eight kinds of lines).

    table = learned.forbidden()
    record = settings.record(depth, forbidden=table)         # token_levels of the pass are classes 0 to C - 1
    loss = cross_entropy + strength * (flow_loss(record, settings, depth) + anchor * learned.divergence())
    """

    def __init__(self, levels: Sequence[Level] = KIND_LEVELS, certainty: float = 0.9) -> None:
        super().__init__()
        if not 1 / len(Level) < certainty < 1:
            raise ValueError(f"certainty={certainty}: wanted a number between {1 / len(Level)} and 1")
        doubt = (1 - certainty) / (len(Level) - 1)
        first = torch.full((len(levels), len(Level)), doubt)
        first[torch.arange(len(levels)), torch.tensor([int(level) for level in levels])] = certainty
        self.first: Tensor
        self.register_buffer("first", first.log())
        self.logits = nn.Parameter(first.log())

    def distribution(self) -> Tensor:
        """(C, 5): the probability of each level for each class."""
        return self.logits.softmax(-1)

    def forbidden(self) -> Tensor:
        """(C, C): the probability that the column's class stands above the row's; a class may always read itself."""
        level = self.distribution()
        above = torch.ones(len(Level), len(Level), device=level.device).triu(1)
        table = level @ above @ level.T
        return table - torch.diag(torch.diagonal(table))

    def divergence(self) -> Tensor:
        """How far the levels have moved from where they started: the mean over classes of KL(now || first), in nats."""
        now = self.logits.log_softmax(-1)
        distances: Tensor = (now.exp() * (now - self.first)).sum(-1)
        return distances.mean()

    def levels(self) -> list[Level]:
        """The most probable level of each class."""
        return [Level(int(place)) for place in self.logits.argmax(-1)]
