"""Low-rank adapters (LoRA, Hu et al. 2021) by `peft`: few parameters are trained, and in the end they become weights.

What is saved is a plain model, which nobody needs `peft` to load.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from transformers import PreTrainedModel


class Adapters:
    """Adapters of one rank beside every linear layer of `model` but the last; all else is frozen.

    `model` itself is changed; `parameters` is how many numbers are trained.  The same seed gives the same adapters, and
    the randomness of the caller is left as it was.  Raises `ModuleNotFoundError` without `peft`.
    """

    def __init__(self, model: PreTrainedModel, rank: int, seed: int) -> None:
        from peft import LoraConfig, get_peft_model

        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._wrapped: Any = get_peft_model(model, config)
        self.parameters = sum(one.numel() for one in model.parameters() if one.requires_grad)

    def merged(self) -> PreTrainedModel:
        """The plain model with the adapters added to its weights."""
        return cast(PreTrainedModel, self._wrapped.merge_and_unload())
