"""The softmax re-scaling operator: attention over pieces of the keys, put together exactly.

Letters: D width of the values, S keys of one piece; "..." are any dimensions in front, one entry for each query row.

A piece A of the keys is summed up by its largest score m = max s_j, its total l = sum exp(s_j - m) and its weighted
values o = sum exp(s_j - m) v_j.  The one idea is that these stand for the pair (e^m l, e^m o), and such pairs simply
add up when pieces without common keys are joined; so `merge` is associative and commutative, the pieces may have any
sizes, and `finish` gives the attention over all of them.  (LeanAttention, arXiv 2405.10480, proves it and uses it.)
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class PartialSoftmax:
    """What is known of some keys: `peak` m (...), `total` l (...) and `weighted` o (..., D)."""

    peak: Tensor
    total: Tensor
    weighted: Tensor

    def __post_init__(self) -> None:
        if self.peak.shape != self.total.shape or self.peak.shape != self.weighted.shape[:-1]:
            shapes = [tuple(one.shape) for one in (self.peak, self.total, self.weighted)]
            raise ValueError(f"peak, total, weighted of shapes {shapes}: wanted (...), (...) and (..., D)")


def identity(like: PartialSoftmax) -> PartialSoftmax:
    """No keys at all, for the query rows of `like`: merging with it changes nothing."""
    return PartialSoftmax(
        torch.full_like(like.peak, -torch.inf), torch.zeros_like(like.total), torch.zeros_like(like.weighted)
    )


def partial_softmax(scores: Tensor, values: Tensor) -> PartialSoftmax:
    """The keys of one piece: `scores` (..., T, S) of T query rows, -inf where a key must not be read; `values`
    (..., S, D).  A row that reads none of the keys is the identity.
    """
    peak = scores.amax(-1)
    weights = (scores - _finite(peak)[..., None]).exp_()
    return PartialSoftmax(peak, weights.sum(-1), weights @ values)


def merge(one: PartialSoftmax, other: PartialSoftmax) -> PartialSoftmax:
    """The keys of both, which must have none in common."""
    peak = torch.maximum(one.peak, other.peak)
    base = _finite(peak)
    ours, theirs = (one.peak - base).exp_(), (other.peak - base).exp_()
    return PartialSoftmax(
        peak,
        ours * one.total + theirs * other.total,
        ours[..., None] * one.weighted + theirs[..., None] * other.weighted,
    )


def finish(partial: PartialSoftmax) -> tuple[Tensor, Tensor]:
    """The attention output (..., D) and the log of the sum of exp(score) (...); 0 and -inf for a row without keys."""
    empty = partial.total == 0
    total = partial.total.masked_fill(empty, 1)
    return partial.weighted / total[..., None], partial.peak + total.log()


def unfinish(output: Tensor, logsumexp: Tensor) -> PartialSoftmax:
    """Back from what `finish` returns, so that more keys can be merged with it."""
    return PartialSoftmax(logsumexp, (logsumexp > -torch.inf).to(output.dtype), output)


def merge_finished(output: Tensor, logsumexp: Tensor, other: Tensor, other_logsumexp: Tensor) -> Tensor:
    """The attention (..., D) over the keys of two pieces, from what `finish` returns of each; one of them has keys.

    The operator in closed form: the weight of the first piece is e^logsumexp over the sum of both.
    """
    share = (logsumexp - other_logsumexp).sigmoid_()
    return other.lerp(output, share[..., None].to(other.dtype))


def _finite(peak: Tensor) -> Tensor:
    """0 for the peak of nothing, so that the difference of two of them is a number."""
    return peak.masked_fill(peak == -torch.inf, 0)
