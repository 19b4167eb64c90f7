"""The flow loss: how much attention the constrained layers spend on forbidden keys (Chen et al. 2025, section 4.2).

    loss = sum over layers l = 1..L of alpha_l * (forbidden mass of the state's tokens) / |T|,   alpha_l = 1 - l/L

A `FlowRecord` is handed to one forward pass and comes back holding what its layers read; `flow_loss` turns it into a
number.  Nothing is kept between passes, and no module is changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from proofloom.attention.flow import forbidden_mass, forbidden_table
from proofloom.hierarchy import FIVE_LEVELS, OUTSIDE, Hierarchy


class Heads(StrEnum):
    """How heads are put together; the sum is the mean times their number."""

    MEAN = "mean"
    SUM = "sum"


class Normaliser(StrEnum):
    """What the forbidden mass of an example is divided by.

    STATE: its tokens that have a level, |T|.  ALL: its tokens that are no padding.  PAIRS: the causal pairs of tokens
    that have a level, |T| (|T| + 1) / 2.
    """

    STATE = "state"
    ALL = "all"
    PAIRS = "pairs"


class Measure(StrEnum):
    """What is summed: attention after the softmax (the reading of the paper), or the positive scores before it.

    The second needs the matrix of T x T and is there for comparison only.
    """

    ATTENTION = "attention"
    SCORES = "scores"


class FlowRecord:
    """What one forward pass reads: for each of `layers`, the attention of every token to every class of tokens.

    `forbidden` (C, C) says which class must not read which.  The attention function calls `keep`; the rest is for
    whoever made the record.  Layers are numbered from 0.
    """

    def __init__(
        self, layers: Iterable[int], forbidden: Tensor | None = None, measure: Measure = Measure.ATTENTION
    ) -> None:
        self.layers = frozenset(layers)
        self.forbidden = forbidden_table() if forbidden is None else forbidden
        self.measure = Measure(measure)
        self._masses: dict[int, Tensor] = {}
        self._heads: dict[int, int] = {}
        self._levels: Tensor | None = None

    @property
    def classes(self) -> int:
        """C, the number of classes that token levels may name."""
        return len(self.forbidden)

    @property
    def token_levels(self) -> Tensor:
        """(B, T), the levels of the queries of the pass; raises `ValueError` before it."""
        if self._levels is None:
            raise ValueError(
                "nothing was read: wanted model(..., token_levels=levels, flow=record), and a model on which "
                "use_flow_attention was called"
            )
        return self._levels

    def keep(self, layer: int, masses: Tensor, query_levels: Tensor, heads: int) -> None:
        """Store the masses (B, T, C) of a layer with `heads` heads.

        A layer is read again when it is recomputed backward.  Raises `RuntimeError` if only that has a gradient, as
        under reentrant checkpoints: the loss of the first reading has then trained nothing.
        """
        before = self._masses.get(layer)
        if before is not None and masses.requires_grad and not before.requires_grad:
            raise RuntimeError(
                f"layer {layer} was read without a gradient, and again with one: wanted a new record for each pass, "
                "and checkpoints of activations with use_reentrant=False"
            )
        self._masses[layer], self._heads[layer], self._levels = masses, heads, query_levels

    def masses(self, layer: int) -> Tensor:
        """(B, T, C): the attention of each token to each class in a layer, mean over heads."""
        if layer not in self._masses:
            read = sorted(self._masses)
            raise ValueError(f"layer {layer} was not read: this pass read layers {read} of {sorted(self.layers)}")
        return self._masses[layer]

    def heads(self, layer: int) -> int:
        """The number of heads over which `masses` is the mean."""
        self.masses(layer)
        return self._heads[layer]

    def violation(self, layer: int) -> Tensor:
        """(B, T): the forbidden attention of each token in a layer, 0 for tokens outside the state."""
        return forbidden_mass(self.masses(layer), self.token_levels, self.forbidden)


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """The loss and its switches; the defaults are the readings of the paper that the project settled on.

    strength: lambda, the weight of the loss beside the cross-entropy; 0 runs the plain model.
    layers: L, the number of constrained layers, the first of the model; None for all of them.
    first: the l of the first layer, 1 (the last constrained layer then weighs nothing) or 0.
    decay: alpha_l = 1 - l/L; without it every constrained layer weighs 1.
    separate_goals: levels are compared within one goal only.
    learned: the levels of the kinds of lines are learned from where the five levels put them (see `learned_levels`);
    anchor: the weight of their divergence from there, beside the flow loss.
    """

    strength: float = 0.1
    layers: int | None = 4
    first: int = 1
    decay: bool = True
    hierarchy: Hierarchy = FIVE_LEVELS
    heads: Heads = Heads.MEAN
    normaliser: Normaliser = Normaliser.STATE
    measure: Measure = Measure.ATTENTION
    separate_goals: bool = False
    learned: bool = False
    anchor: float = 0.1

    def __post_init__(self) -> None:
        for name, words in (("heads", Heads), ("normaliser", Normaliser), ("measure", Measure)):
            object.__setattr__(self, name, words(getattr(self, name)))
        if not 0 <= self.strength < math.inf:
            raise ValueError(f"flow strength={self.strength}: wanted a finite number of at least 0")
        if self.layers is not None and self.layers < 1:
            raise ValueError(f"flow layers={self.layers}: wanted at least 1, or None for all")
        if self.first not in (0, 1):
            raise ValueError(f"flow first={self.first}: wanted 0 or 1")
        for name in ("decay", "separate_goals", "learned"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"flow {name}={getattr(self, name)!r}: wanted true or false")
        if not 0 <= self.anchor < math.inf:
            raise ValueError(f"flow anchor={self.anchor}: wanted a finite number of at least 0")
        if self.learned and not self.strength:
            raise ValueError(
                "flow learned=True with strength=0: wanted a strength above 0, from which levels are learned"
            )
        if self.learned and self.hierarchy != FIVE_LEVELS:
            raise ValueError(
                f"flow learned=True with hierarchy {self.hierarchy.name}: wanted five, where learning starts"
            )

    def weights(self, depth: int) -> tuple[float, ...]:
        """alpha of each layer of a model of `depth` layers, 0.0 for layers that are not constrained.

        Raises `ValueError` for more constrained layers than layers, and for a loss in which no layer weighs anything.
        """
        constrained = depth if self.layers is None else self.layers
        if constrained > depth:
            raise ValueError(f"flow layers={constrained}: wanted at most {depth}, the layers of the model")
        alphas = [1 - (place + self.first) / constrained if self.decay else 1.0 for place in range(constrained)]
        if self.strength and not any(alphas):
            raise ValueError(
                f"flow layers={constrained}: the last constrained layer weighs nothing, and there is no other; wanted "
                "2 or more, or first=0"
            )
        return tuple(alphas + [0.0] * (depth - constrained))

    def record(self, depth: int, forbidden: Tensor | None = None) -> FlowRecord:
        """An empty record for one pass through a model of `depth` layers; it reads only layers that weigh something.

        `forbidden` replaces the table of the hierarchy (separate goals, learned levels).
        """
        weights = self.weights(depth) if self.strength else ()
        read = [layer for layer, weight in enumerate(weights) if weight]
        table = forbidden_table(self.hierarchy) if forbidden is None else forbidden
        return FlowRecord(read, table, self.measure)


def flow_loss(
    record: FlowRecord, settings: FlowSettings, depth: int, *, attention_mask: Tensor | None = None
) -> Tensor:
    """L_flow of one pass through a model of `depth` layers: a scalar, before it is multiplied by lambda.

    Mean over the examples of the batch; an example without levels counts as 0.  With mean heads and state tokens it
    lies between 0 and (L - 1)/2 (or (L + 1)/2 if l starts at 0).  `attention_mask` (B, T), 1 for tokens that are no
    padding, is needed by `Normaliser.ALL`.  With strength 0 nothing was read and the loss is 0.
    """
    if not settings.strength:
        return torch.zeros(())
    total = record.token_levels.new_zeros(record.token_levels.shape[0], dtype=torch.float32)
    for layer, weight in enumerate(settings.weights(depth)):
        if weight:
            copies = record.heads(layer) if settings.heads is Heads.SUM else 1
            total = total + weight * copies * record.violation(layer).sum(1)
    loss: Tensor = (total / _normaliser(record.token_levels, settings.normaliser, attention_mask)).mean()
    return loss


def _normaliser(levels: Tensor, normaliser: Normaliser, attention_mask: Tensor | None) -> Tensor:
    counted = (levels != OUTSIDE).sum(1)
    if normaliser is Normaliser.PAIRS:
        counted = counted * (counted + 1) // 2
    elif normaliser is Normaliser.ALL:
        if attention_mask is None or attention_mask.shape != levels.shape:
            shape = None if attention_mask is None else tuple(attention_mask.shape)
            raise ValueError(f"normaliser 'all' with attention_mask {shape}: wanted (B, T) = {tuple(levels.shape)}")
        counted = attention_mask.sum(1)
    return counted.clamp(min=1)
