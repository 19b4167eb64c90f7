"""Flow attention inside any causal language model of `transformers`, through its registry of attention functions.

    use_flow_attention(model)
    record = settings.record(depth)
    output = model(input_ids, labels=labels, token_levels=levels, flow=record)
    loss = output.loss + settings.strength * flow_loss(record, settings, depth)

Keyword arguments of `model(...)` reach the attention function of every layer; that is all the plumbing there is.  A
layer that the record does not ask for runs the same code as `attn_implementation="sdpa"`, bit for bit.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from proofloom.attention.flow import attend_by_class
from proofloom.attention.flow_loss import FlowRecord, Measure
from proofloom.attention.flow_reference import score_masses
from proofloom.attention.registry import check_plain_softmax, use_attention

NAME = "proofloom_flow"


def use_flow_attention(model: PreTrainedModel) -> None:
    """Let every layer of `model` attend through this module; its weights and its outputs stay what they are."""
    use_attention(model, NAME, flow_attention_forward)


def flow_attention_forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    is_causal: bool | None = None,
    token_levels: Tensor | None = None,
    flow: FlowRecord | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """The attention of one layer, (B, T, H, D) as `transformers` wants it; what `flow` asks for is kept in it.

    `token_levels` (B, S) are the levels of all tokens, those in the cache too.  Sliding windows come with the mask
    that `transformers` makes.  Raises `ValueError` if one of `token_levels` and `flow` is missing, if the levels do not
    fit the keys, or if the layer uses an attention that no fused kernel of torch knows.
    """
    if (token_levels is None) != (flow is None):
        missing = "token_levels" if token_levels is None else "flow"
        raise ValueError(f"model(...) without {missing}: wanted token_levels and flow together, or neither")
    if query.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        # There the fused kernel is no faster in half precision, and its gradient takes two to three times as long.
        with torch.autocast("cpu", enabled=False):
            query, key, value = query.float(), key.float(), value.float()
            output, _ = flow_attention_forward(
                module,
                query,
                key,
                value,
                attention_mask,
                scaling=scaling,
                dropout=dropout,
                is_causal=is_causal,
                token_levels=token_levels,
                flow=flow,
                **options,
            )
        return output, None
    layer = getattr(module, "layer_idx", None)
    if flow is None or token_levels is None or layer not in flow.layers:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module,
            query,
            key,
            value,
            attention_mask,
            dropout=dropout,
            scaling=scaling,
            is_causal=is_causal,
            **options,
        )
        return plain
    check_plain_softmax(options, f"layer {layer}", "flow attention")
    if not isinstance(token_levels, Tensor):
        raise TypeError(f"token_levels is a {type(token_levels).__name__}: wanted a tensor of integers (B, S)")
    tokens, keys = query.shape[2], key.shape[2]
    if token_levels.shape != (query.shape[0], keys):
        raise ValueError(
            f"token_levels of shape {tuple(token_levels.shape)} at layer {layer}: wanted (B, S) = "
            f"{(query.shape[0], keys)}, one for each key"
        )
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    causal = causal and attention_mask is None and tokens > 1
    output, masses = attend_by_class(
        query,
        key,
        value,
        token_levels,
        flow.classes,
        attention_mask=attention_mask,
        is_causal=causal,
        scale=scaling,
        dropout=dropout,
    )
    if flow.measure is Measure.SCORES:
        masses = score_masses(
            query,
            key,
            token_levels,
            flow.classes,
            attention_mask=attention_mask,
            is_causal=causal,
            scale=scaling,
        )
    flow.keep(layer, masses, token_levels[:, keys - tokens :], query.shape[1])
    return output.transpose(1, 2).contiguous(), None
