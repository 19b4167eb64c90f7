"""The plain form of flow attention: the whole matrix of T x S, as the formulas of the paper read.

It is what `flow` is tested against, the slow side of the benchmark, and the only way to take the loss before the
softmax, which no fused kernel can tell.  Letters as in `flow`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from proofloom.attention.flow import forbidden_table
from proofloom.hierarchy import OUTSIDE


def attention_scores(
    query: Tensor,
    key: Tensor,
    *,
    attention_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """(B, H, T, S): scaled products of queries and keys, -inf where a key may not be read."""
    copies = query.shape[1] // key.shape[1]
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = query @ key.repeat_interleave(copies, 1).transpose(-1, -2) * scale
    if is_causal:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        scores = scores.masked_fill(~allowed, -torch.inf)
    if attention_mask is not None and attention_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attention_mask, -torch.inf)
    elif attention_mask is not None:
        scores = scores + attention_mask
    return scores


def flow_attention_reference(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_levels: Tensor,
    query_levels: Tensor,
    *,
    forbidden: Tensor | None = None,
    attention_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    """What `flow_attention` returns, by way of the matrix; T x S memory."""
    table = (forbidden_table() if forbidden is None else forbidden).to(query.device)
    scores = attention_scores(query, key, attention_mask=attention_mask, is_causal=is_causal, scale=scale)
    attention = torch.nan_to_num(scores.float().softmax(-1))
    copies = query.shape[1] // key.shape[1]
    output = attention.to(value.dtype) @ value.repeat_interleave(copies, 1)
    inside = (query_levels != OUTSIDE)[:, :, None] & (key_levels != OUTSIDE)[:, None, :]
    pairs = table[query_levels.clamp(min=0)[:, :, None], key_levels.clamp(min=0)[:, None, :]] * inside
    return output, (attention.mean(1) * pairs).sum(-1)


def score_masses(
    query: Tensor,
    key: Tensor,
    key_classes: Tensor,
    classes: int,
    *,
    attention_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """(B, T, C): the positive parts of a query's scores before the softmax, summed by class of key, mean over heads.

    The other reading of the ReLU in the paper's loss; unlike a mass it has no upper limit.
    """
    scores = attention_scores(query, key, attention_mask=attention_mask, is_causal=is_causal, scale=scale)
    columns = key_classes[..., None] == torch.arange(classes, device=scores.device)
    return scores.float().relu().mean(1) @ columns.float()
