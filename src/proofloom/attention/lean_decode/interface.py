"""LeanAttention inside any causal language model of `transformers`, through its registry of attention functions.

    use_lean_decode(model)
    model.generate(...)

A step that reads one new token of each text goes to `attend`; everything else, reading the prompt and training, runs
the same code as `attn_implementation="sdpa"`.  The mask that `transformers` makes for such a step, for padding on the
left, a static cache or a sliding window, always leaves a run of keys without gaps, which is what `attend` reads.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from proofloom.attention.lean_decode.attend import attend
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.registry import check_plain_softmax, use_attention

NAME = "proofloom_lean_decode"


def use_lean_decode(model: PreTrainedModel) -> None:
    """Let every layer of `model` decode through this module; weights stay, and outputs too but for rounding."""
    use_attention(model, NAME, lean_decode_forward)


def lean_decode_forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    **options: Any,
) -> tuple[Tensor, None]:
    """The attention of one layer, (B, T, H, D) as `transformers` wants it.

    Raises `ValueError` if the layer decodes with an attention that is no plain softmax over a run of keys.
    """
    wants_gradient = torch.is_grad_enabled() and (query.requires_grad or key.requires_grad or value.requires_grad)
    if query.shape[2] > 1 or dropout or wants_gradient:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options
        )
        return plain
    check_plain_softmax(options, "a layer", "decode attention")
    if attention_mask is None:
        held = KeyValues(key, value)
    else:
        starts, lengths = runs(attention_mask, key.shape[2])
        held = KeyValues(key, value, lengths, starts)
    return attend(query, held, scaling)[0].transpose(1, 2).contiguous(), None


def runs(mask: Tensor, keys: int) -> tuple[Tensor, Tensor]:
    """First key and number of keys (B) that `mask` (B, 1, 1, S) lets be read; `ValueError` if these are no run.

    While a CUDA graph is captured the numbers cannot be looked at; the steps before that were.
    """
    if mask.dtype != torch.bool or mask.ndim != 4 or mask.shape[1:] != (1, 1, keys):
        raise ValueError(
            f"attention mask {tuple(mask.shape)} of {mask.dtype}: wanted (B, 1, 1, {keys}) of torch.bool, "
            "one new token that reads the same keys in every head"
        )
    read = mask[:, 0, 0]
    lengths, starts = read.sum(-1), read.int().argmax(-1)
    if not (mask.is_cuda and torch.cuda.is_current_stream_capturing()):
        spans = read.flip(-1).int().argmax(-1).neg() + keys - starts
        for sequence, (length, span) in enumerate(zip(lengths.tolist(), spans.tolist(), strict=True)):
            if length and length != span:
                raise ValueError(
                    f"the mask of sequence {sequence} lets {length} keys be read within {span}: wanted no gaps"
                )
    return starts, lengths
