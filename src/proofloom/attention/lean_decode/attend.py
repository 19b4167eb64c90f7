"""Decode attention: a few query rows of each sequence read all its keys; the one way in which the project decodes.

Letters: B sequences, H query heads, G key heads (G divides H), T rows of a sequence, D head width.  All T rows of a
sequence read the same keys, so they are packed together with the query heads of one key head and the keys are read
once: T is 1 for a token of one text, and the number of candidates where many texts share a prompt.
"""

from __future__ import annotations

import torch
from torch import Tensor

from proofloom.attention.lean_decode.fused import fused
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.lean_decode.walk import plain


def attend(
    query: Tensor, held: KeyValues, scale: float | None = None, *, same_in_any_batch: bool = False
) -> tuple[Tensor, Tensor]:
    """The attention of `query` (B, H, T, D) over what each sequence holds: output (B, H, T, D), log-sum-exp (B, H, T).

    `scale` is 1 / sqrt(D) if not given.  With `unfinish`, the two can be merged with the attention over other keys.
    With `same_in_any_batch` the result of a sequence is the same bit for bit, whatever else is in the batch; keys are
    then cut at fixed places only, which costs a little.  There is no gradient.  Raises `ValueError` if the query does
    not fit the keys or wants a gradient, and `ImportError` on a GPU without triton.
    """
    check_query(query, held)
    batch, heads, tokens, width = query.shape
    scale = width**-0.5 if scale is None else scale
    rows = query.reshape(batch, held.heads, heads // held.heads * tokens, width)
    if query.device.type == "cpu":
        output, logsumexp = fused(rows, held, scale, cut=not same_in_any_batch)
    elif query.device.type == "cuda":
        from proofloom.attention.lean_decode.launch import launch  # the one module that needs triton

        output, logsumexp = launch(rows, held, scale, same_in_any_batch=same_in_any_batch)
    else:
        output, logsumexp = plain(rows, held, scale)
    return output.to(query.dtype).reshape(query.shape), logsumexp.reshape(batch, heads, tokens)


def check_query(query: Tensor, held: KeyValues) -> None:
    """Raises `ValueError`, with the value seen and the value wanted, if `query` (B, H, T, D) cannot read `held`."""
    if query.ndim != 4 or 0 in query.shape:
        raise ValueError(f"query of shape {tuple(query.shape)}: wanted (B, H, T, D), each at least 1")
    batch, heads, _, width = query.shape
    if (batch, width) != (held.batch, held.keys.shape[3]):
        raise ValueError(
            f"query of {batch} sequences and width {width}: the keys have {held.batch} and {held.keys.shape[3]}"
        )
    if heads % held.heads:
        raise ValueError(f"{heads} query heads over {held.heads} key heads: wanted a multiple of {held.heads}")
    if query.dtype != held.keys.dtype or query.device != held.keys.device:
        raise ValueError(
            f"query of {query.dtype} on {query.device}, keys of {held.keys.dtype} on {held.keys.device}: "
            "wanted the same"
        )
    if torch.is_grad_enabled() and (query.requires_grad or held.keys.requires_grad or held.values.requires_grad):
        raise ValueError("decode attention has no gradient: wanted torch.no_grad() around it, or detached tensors")
