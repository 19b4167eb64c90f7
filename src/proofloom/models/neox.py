"""Small models of the paper's family (GPT-NeoX, as Pythia is), with one dial: the size.

| size  | layers | width | heads | vocabulary | parameters | for                                                   |
|-------|--------|-------|-------|------------|------------|-------------------------------------------------------|
| nano  | 4      | 64    | 2     | 1024       | 265,600    | tests and first looks                                 |
| mini  | 6      | 128   | 2     | 4096       | 1,714,176  | comes with the package: an hour of a CPU              |
| tiny  | 6      | 192   | 3     | 4096       | 3,456,000  | for a night of a CPU                                  |
| small | 8      | 320   | 5     | 8192       | 12,485,760 | 25 MB in half precision: what a package may hold      |
| base  | 12     | 512   | 8     | 16384      | 46,218,240 | wants an accelerator                                  |

Input and output embeddings are one matrix: at this size two would be most of the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedTokenizerBase

CONTEXT = 1024
"""Tokens of a prompt with its tactic, at most; as in the recipe that the paper follows."""


@dataclass(frozen=True, slots=True)
class Size:
    """What the dial sets; the vocabulary is that of the tokenizer to be trained for it."""

    layers: int
    width: int
    heads: int
    vocabulary: int

    @property
    def parameters(self) -> int:
        """How many numbers a model of this size learns."""
        layer = 12 * self.width**2 + 13 * self.width
        return self.vocabulary * self.width + self.layers * layer + 2 * self.width


SIZES: Mapping[str, Size] = {
    "nano": Size(4, 64, 2, 1024),
    "mini": Size(6, 128, 2, 4096),
    "tiny": Size(6, 192, 3, 4096),
    "small": Size(8, 320, 5, 8192),
    "base": Size(12, 512, 8, 16384),
}


def neox_config(size: Size, tokenizer: PreTrainedTokenizerBase, context: int = CONTEXT) -> GPTNeoXConfig:
    """The configuration of a model of this size that reads the tokens of `tokenizer`, however many these are.

    `context` is how many tokens of a prompt with its tactic it will have seen at most.
    """
    return GPTNeoXConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.width,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def build_model(
    size: Size, tokenizer: PreTrainedTokenizerBase, seed: int, context: int = CONTEXT
) -> GPTNeoXForCausalLM:
    """A model with random weights, the same for the same seed; the randomness of the caller is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return GPTNeoXForCausalLM(neox_config(size, tokenizer, context))
