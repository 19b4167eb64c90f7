"""Attention flows: how much of what a model reads in a state comes from lower, equal and higher levels.

For a query token of a state, its attention after the softmax (mean over heads) on the keys of the state is scaled to
sum to 1; the share on keys of lower levels is guided, of its own level unrestricted, of higher levels limited (Chen et
al. 2025, section 5.3).  The mean is over the tokens of a level within a state, then over states, so a long state counts
no more than a short one.  The one idea is that no matrix is needed: the fused kernel that reads levels already sums
each row by classes of keys.  The first token, on which models rest attention that they have no use for, is a class of
its own, so one pass tells the shares with it and without it.

Letters: N states, L layers, T tokens, C classes, G groups of layers, 5 levels.  Torch is imported when a model runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from proofloom.hierarchy import FIVE_LEVELS, OUTSIDE, Level
from proofloom.models.prompt import Prompt

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Shares = NDArray[np.float64]
"""(..., 5, 5), indexed [query level, key level]: each row sums to 1, or is NaN if no such query reads anything."""


class Keys(StrEnum):
    """Which keys of the state count."""

    ALL = "with the first token"
    REST = "without the first token"


class Flow(StrEnum):
    """Where what is read comes from, seen from the query: a lower level, its own, a higher one."""

    GUIDED = "guided"
    UNRESTRICTED = "unrestricted"
    LIMITED = "limited"


def attention_flows(model: PreTrainedModel, prompts: Sequence[Prompt]) -> Mapping[Keys, Shares]:
    """The shares (N, L, 5, 5) of a model on the states of `prompts`, for either choice of keys.

    `model` must attend by `use_flow_attention` and be in evaluation mode.  Prompts run one by one, so nothing is
    padded.  Raises `ValueError` for no prompts, and for a prompt whose first token is outside the state.
    """
    if not prompts:
        raise ValueError("no prompts: wanted at least one state to measure")
    found: dict[Keys, list[Shares]] = {keys: [] for keys in Keys}
    for prompt in prompts:
        levels = np.array(prompt.levels)
        if levels[0] == OUTSIDE:
            raise ValueError("the first token of a prompt is outside the state: wanted the marker of the goal there")
        classes = [len(Level), *prompt.levels[1:]]
        masses = _masses(model, prompt.tokens, classes, len(Level) + 1)
        for keys in Keys:
            found[keys].append(level_shares(masses, levels, keys))
    return {keys: np.stack(shares) for keys, shares in found.items()}


def level_shares(masses: NDArray[np.float64], levels: NDArray[np.int64], keys: Keys) -> Shares:
    """The shares (L, 5, 5) of one state from the masses (L, T, 6): on each level without the first token, and on it.

    `levels` (T) are those of the queries, with the first token's own.
    """
    counted = masses[..., : len(Level)].copy()
    if keys is Keys.ALL:
        counted[..., levels[0]] += masses[..., -1]
    total = counted.sum(-1, keepdims=True)
    shares = np.divide(counted, total, out=np.full_like(counted, np.nan), where=total > 0)
    return np.stack([_mean(shares[:, levels == level], 1) for level in Level], 1)


def flow_types(shares: Shares) -> NDArray[np.float64]:
    """(..., 5, 3): the share of each `Flow` for each query level."""
    above = np.array(FIVE_LEVELS.forbidden())
    kinds = (above.T, 1 - above - above.T, above)
    return np.stack([(shares * kind).sum(-1) for kind in kinds], -1)


def mean_shares(shares: Shares) -> Shares:
    """The mean over states, (L, 5, 5) from (N, L, 5, 5); states that have no query of a level do not count for it."""
    return _mean(shares, 0)


def flow_table(shares: Shares, groups: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    """The table of the paper, (G, 5, 3): each `Flow` of each query level, mean over states and the layers of a group.

    `shares` is (N, L, 5, 5), layers are numbered from 0.
    """
    flows = flow_types(mean_shares(shares))
    return np.stack([flows[list(group)].mean(0) for group in groups])


def token_attention(model: PreTrainedModel, prompt: Prompt) -> NDArray[np.float64]:
    """(L, T, T): the attention of each token of a prompt to each token, mean over heads; rows sum to 1.

    Here every token is a class of its own, so it takes the memory of the matrix.
    """
    count = len(prompt.tokens)
    return _masses(model, prompt.tokens, range(count), count)


def _masses(
    model: PreTrainedModel, tokens: Sequence[int], key_classes: Sequence[int], count: int
) -> NDArray[np.float64]:
    """(L, T, C): the attention of each token to each of `count` classes of keys."""
    import torch

    from proofloom.attention.flow_loss import FlowRecord

    layers = range(model.config.get_text_config().num_hidden_layers)
    record = FlowRecord(layers, torch.zeros(count, count))
    words, classes = (torch.tensor([list(row)], device=model.device) for row in (tokens, key_classes))
    with torch.inference_mode():
        model(words, token_levels=classes, flow=record, use_cache=False, logits_to_keep=1)
    masses: NDArray[np.float64] = torch.stack([record.masses(layer)[0] for layer in layers]).double().cpu().numpy()
    return masses


def _mean(shares: Shares, axis: int) -> Shares:
    """The mean over `axis` of what is not NaN; NaN where nothing is left."""
    there = ~np.isnan(shares)
    counts = there.sum(axis)
    total = np.where(there, shares, 0.0).sum(axis)
    mean: Shares = np.divide(total, counts, out=np.full_like(total, np.nan), where=counts > 0)
    return mean
