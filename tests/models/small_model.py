"""A tiny random GPT-NeoX whose distributions are far from flat, and that ends some of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import transformers

END, WORDS = 0, 300
PROMPTS = [[1, 5, 7, 3], [9, 8] * 11 + [4], [8], list(range(20, 60))]
"""Of lengths 4, 23, 1 and 40."""


def small_model(seed: int = 0, ending: float = 2.0, **options: Any) -> transformers.GPTNeoXForCausalLM:
    """Two layers of width 32 with 4 heads; `ending` is added to the logit of the end of text."""
    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "vocab_size": WORDS,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 128,
        "initializer_range": 0.4,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25},
        "bos_token_id": END,
        "eos_token_id": END,
    }
    model = transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**settings | options)).eval()
    direction = torch.zeros(32)
    direction[0] = 1.0
    with torch.no_grad():
        for layer in model.gpt_neox.layers:  # biases are 0 in a new model, and would hide that one was forgotten
            for linear in (layer.attention.query_key_value, layer.attention.dense, layer.mlp.dense_h_to_4h):
                linear.bias.normal_(std=0.2)
        model.gpt_neox.final_layer_norm.bias.copy_(direction)
        model.lm_head.weight[END, 0] += ending
        model.lm_head.weight[1:, 0] = 0.0
    return model


def full_pass(model: Any, prompt: Sequence[int], tokens: Sequence[int]) -> float:
    """The log-probability of `tokens` after `prompt`, from one pass over both."""
    with torch.inference_mode():
        logits = model(torch.tensor([[*prompt, *tokens]]), use_cache=False).logits[0]
    logprobs = logits.log_softmax(-1)
    places = torch.arange(len(prompt) - 1, len(prompt) + len(tokens) - 1)
    return float(logprobs[places, torch.tensor(tokens)].sum())
