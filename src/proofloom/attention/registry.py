"""How an attention of this room becomes that of a model of `transformers`: by name, in its registry.

A registered attention gets the masks that torch's fused kernel gets, and refuses what makes a layer's attention other
than the softmax of scaled scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

_OTHER = ("softcap", "s_aux", "position_bias")
"""Arguments of a layer that change its attention in ways that a plain softmax does not know."""


def use_attention(model: PreTrainedModel, name: str, forward: Callable[..., Any]) -> None:
    """Register `forward` as `name`, and let every layer of `model` attend with it.

    Raises `ValueError` for a model whose attention torch's fused kernel cannot compute: layers that are not asked for
    anything run that kernel, and would silently leave out what makes their attention other.
    """
    if not model._supports_sdpa:
        raise ValueError(
            f"{type(model).__name__} has attention that torch's fused kernel does not know (soft-capped scores, sinks, "
            "relative positions), or that is its own: wanted a model that can be loaded with attn_implementation='sdpa'"
        )
    AttentionInterface.register(name, forward)
    AttentionMaskInterface.register(name, sdpa_mask)
    model.set_attn_implementation(name)


def check_plain_softmax(options: Mapping[str, Any], layer: str, attention: str) -> None:
    """Raises `ValueError` if `layer` is called with `options` that are no plain softmax attention."""
    for name in _OTHER:
        if options.get(name) is not None:
            raise ValueError(f"{layer} attends with {name}: {attention} knows plain softmax attention only")
