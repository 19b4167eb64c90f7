"""Attention inside families: softmax over siblings with one more column, the node's own inside.

Letters: F families (any dimensions in front), w members, D width of queries and keys, V width of values.

The column that a node would have for itself holds e, the energy of its inside: minus infinity for a leaf that may not
read itself, its own score for one that may, and for an inner node what the depth below has found.  The softmax gives
the mass that goes inside (mu), the mix of the siblings' values (r) and the log of the sum (Z); with the means of the
members, which stand for the family one depth up, that is all that the dynamic programme needs.  `family_attention`
keeps one matrix of weights for its backward pass, and makes each gradient once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


@dataclass(frozen=True, slots=True)
class Family:
    """What families give: `total` Z (..., F, w), `mix` r (..., F, w, V), and the means of queries, keys (..., F, D) and
    values (..., F, V).
    """

    total: Tensor
    mix: Tensor
    query: Tensor
    key: Tensor
    value: Tensor


def family_attention_reference(
    query: Tensor, key: Tensor, value: Tensor, inside: Tensor | None, bias: Tensor, share: Tensor, scale: float
) -> Family:
    """From `query`, `key` (..., F, w, D), `value` (..., F, w, V) and the energy `inside` (..., F, w).

    `bias` is added to the scores and broadcasts to (..., F, w, w); `share`, which broadcasts to (..., F, w), weighs the
    members in the means.  Without `inside` each member reads itself as it reads its siblings.
    """
    own = torch.eye(query.shape[-2], dtype=torch.bool, device=query.device)
    scores = query @ key.transpose(-1, -2) * scale + bias
    if inside is not None:
        scores = torch.where(own, inside[..., None], scores)
    total = scores.logsumexp(-1)
    weights = (scores - total[..., None]).exp()
    if inside is not None:
        weights = weights.masked_fill(own, 0)
    means = ((share[..., None] * one).sum(-2) for one in (query, key, value))
    return Family(total, weights @ value, *means)


def family_attention(
    query: Tensor, key: Tensor, value: Tensor, inside: Tensor | None, bias: Tensor, share: Tensor, scale: float
) -> Family:
    """What `family_attention_reference` returns, with a backward pass of its own (first derivatives only)."""
    found = _Family.apply(query, key, value, inside, bias, share, scale)  # type: ignore[no-untyped-call]
    return Family(*found)


class _Family(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        inside: Tensor | None,
        bias: Tensor,
        share: Tensor,
        scale: float,
    ) -> tuple[Tensor, ...]:
        scores = query @ key.transpose(-1, -2)
        scores.mul_(scale).add_(bias)
        if inside is not None:
            _diagonal(scores).copy_(inside)
        total = scores.logsumexp(-1)
        weights = scores.sub_(total[..., None]).exp_()
        mass = None if inside is None else _diagonal(weights).clone()
        if inside is not None:
            _diagonal(weights).zero_()
        context.save_for_backward(query, key, value, weights, mass, share)
        context.scale, context.bias_shape = scale, bias.shape if bias.requires_grad else None
        means = ((share[..., None, :] @ one).squeeze(-2) for one in (query, key, value))
        return total, weights @ value, *means

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, weights, mass, share = context.saved_tensors
        of_total, of_mix, *of_means = gradients
        slope = of_mix @ value.transpose(-1, -2)  # of the weights
        mean = (slope * weights).sum(-1)
        slope.sub_(mean[..., None]).add_(of_total[..., None]).mul_(weights)  # of the scores; no diagonal if there is e
        of_inside = None if mass is None else mass * (of_total - mean)
        of_bias = None if context.bias_shape is None else slope.sum_to_size(context.bias_shape)
        of_value = weights.transpose(-1, -2) @ of_mix
        of_query = (slope @ key).mul_(context.scale)
        of_key = (slope.transpose(-1, -2) @ query).mul_(context.scale)
        for rows, of_mean in zip((of_query, of_key, of_value), of_means, strict=True):
            rows.addcmul_(share[..., None], of_mean[..., None, :])
        return of_query, of_key, of_value, of_inside, of_bias, None, None


def _diagonal(matrix: Tensor) -> Tensor:
    return matrix.diagonal(dim1=-2, dim2=-1)
