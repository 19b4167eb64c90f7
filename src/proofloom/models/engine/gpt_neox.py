"""The layers of GPT-NeoX over a shared prefix: a prompt is read once, and all its continuations read what it left.

Letters: B prompts, K rows (continuations) of each, N tokens of all prompts together, S tokens of the longest, t tokens
of the private tails, H heads, D head width, E model width, V words.

The model's own modules and weights are run, in the model's own order; only the attention is ours.  All rows of a
prompt are packed to read its keys once, and each reads its own short tail; both are `attend`, and the softmax
re-scaling operator puts the two together.  Tails are rearranged when rows are, the prompt's keys never are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import PreTrainedModel

from proofloom.attention.lean_decode.attend import attend
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.softmax_merge import finish, merge, unfinish
from proofloom.models.engine.beam import Move


class UnsupportedModel(ValueError):
    """The shared-prefix engine does not know this kind of model; the reference engine does."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What the prompts left: for each layer the keys and values of B prompts, padded to S; and `lengths` (B)."""

    layers: tuple[KeyValues, ...]
    lengths: Tensor

    def keep(self, prompts: Tensor) -> Prefix:
        """Only the prompts at these places, which are in order."""
        if len(prompts) == len(self.lengths):
            return self
        lengths = self.lengths[prompts]
        return Prefix(tuple(KeyValues(one.keys[prompts], one.values[prompts], lengths) for one in self.layers), lengths)


class NeoxLayers:
    """A GPT-NeoX model taken layer by layer; raises `UnsupportedModel` for anything else."""

    def __init__(self, model: PreTrainedModel) -> None:
        kind = model.config.model_type
        if kind != "gpt_neox" or not hasattr(model, "lm_head"):
            raise UnsupportedModel(
                f"model type {kind!r} ({type(model).__name__}): the shared-prefix engine serves GPT-NeoX language "
                "models only; use the reference engine"
            )
        body: Any = model.gpt_neox
        rope = body.rotary_emb.rope_type
        if rope != "default":
            raise UnsupportedModel(f"rotary embedding {rope!r}: the shared-prefix engine knows 'default' only")
        self._body = body
        self._head: Any = model.lm_head
        self._heads: int = model.config.num_attention_heads
        self.device: torch.device = model.device
        self.longest: int = model.config.max_position_embeddings

    def read(self, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Prefix, list[Tensor]]:
        """Logits (B, V) after each prompt, what the prompts left, and one empty tail for each layer.

        The prompts are laid one after the other, so that short ones cost no more than they hold.
        """
        lengths = [len(prompt) for prompt in prompts]
        tokens = torch.tensor([token for prompt in prompts for token in prompt], device=self.device)
        hidden = self._body.embed_in(tokens)
        positions = torch.cat([torch.arange(length, device=self.device) for length in lengths])
        turns = self._body.rotary_emb(hidden, positions[None])
        lengths_here = torch.tensor(lengths, device=self.device)
        ends = lengths_here.cumsum(0)
        held = []
        for layer in self._body.layers:
            query, key, value = self._projected(layer, hidden[None], turns).transpose(1, 2).unbind(3)
            held.append(KeyValues(_padded(key, lengths), _padded(value, lengths), lengths_here))
            # After the last layer only the last token of each prompt matters.
            last = layer is self._body.layers[-1]
            attended = _within_prompts(query, key, value, lengths, layer.attention.scaling, last)
            hidden = _onward(layer, hidden[ends - 1] if last else hidden, attended)
        empty = hidden.new_zeros(len(prompts), 1, self._heads, 0, 2 * held[0].keys.shape[-1])
        return self._logits(hidden), Prefix(tuple(held), lengths_here), [empty] * len(held)

    def step(self, move: Move, prefix: Prefix, tails: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Logits (B, K, V) after the tokens of `move`, and the longer tails (B, K, H, t + 1, 2 D: keys and values).

        `prefix` holds the kept prompts already; `tails` are those before the move.
        """
        batch, rows = move.parents.shape
        sources = (move.prompts[:, None] * tails[0].shape[1] + move.parents).flatten()
        hidden = self._body.embed_in(move.tokens)
        turns = self._body.rotary_emb(hidden, (prefix.lengths + tails[0].shape[3])[:, None])
        longer = []
        for place, layer in enumerate(self._body.layers):
            joined = self._projected(layer, hidden, turns)
            query, scale = joined[..., 0, :], layer.attention.scaling
            kept = tails[place].flatten(0, 1).index_select(0, sources).unflatten(0, (batch, rows))
            tail = torch.cat((kept, joined[..., 1:, :].flatten(-2)[:, :, :, None]), 3)
            longer.append(tail)
            shared = attend(query.transpose(1, 2), prefix.layers[place], scale)
            own = attend(query.flatten(0, 1)[:, :, None], KeyValues(*tail.flatten(0, 1).chunk(2, -1)), scale)
            output, _ = finish(
                merge(
                    unfinish(*(one.transpose(1, 2) for one in shared)),
                    unfinish(*(one.unflatten(0, (batch, rows)).squeeze(3) for one in own)),
                )
            )
            hidden = _onward(layer, hidden, output.flatten(2).to(hidden.dtype))
        return self._logits(hidden), longer

    def _projected(self, layer: Any, hidden: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """Query, key and value (B, tokens, H, 3, D) of `hidden` (B, tokens, E), the first two turned to their places.

        Only the first widths of a head turn, as many as `turns` has (cosines and sines, (B or 1, tokens or 1, width)).
        """
        joined: Tensor = layer.attention.query_key_value(layer.input_layernorm(hidden))
        joined = joined.unflatten(-1, (self._heads, 3, -1))
        cosines, sines = (one[:, :, None, None] for one in turns)
        turning = joined[..., :2, : cosines.shape[-1]]
        first, second = turning.chunk(2, -1)
        turning.copy_(turning * cosines + torch.cat((-second, first), -1) * sines)
        return joined

    def _logits(self, hidden: Tensor) -> Tensor:
        logits: Tensor = self._head(self._body.final_layer_norm(hidden))
        return logits


def _onward(layer: Any, hidden: Tensor, attended: Tensor) -> Tensor:
    """What the layer makes of `hidden` (..., E) and the joined outputs of its heads (..., E)."""
    attended = layer.attention.dense(attended)
    if layer.use_parallel_residual:
        onward: Tensor = layer.mlp(layer.post_attention_layernorm(hidden)) + attended + hidden
        return onward
    hidden = attended + hidden
    onward = layer.mlp(layer.post_attention_layernorm(hidden)) + hidden
    return onward


def _within_prompts(
    query: Tensor, key: Tensor, value: Tensor, lengths: Sequence[int], scale: float, last: bool
) -> Tensor:
    """Causal attention (N, E) inside each prompt, from (1, H, N, D); with `last` (B, E), for the last tokens only."""
    parts = zip(*(one.split(list(lengths), 2) for one in (query, key, value)), strict=True)
    attended = [
        F.scaled_dot_product_attention(q[:, :, -1:] if last else q, k, v, is_causal=not last, scale=scale)
        for q, k, v in parts
    ]
    return torch.cat(attended, 2)[0].transpose(0, 1).flatten(1)


def _padded(packed: Tensor, lengths: Sequence[int]) -> Tensor:
    """(B, H, S, D) from (1, H, N, D), zeros past the end of a prompt."""
    longest = max(lengths)
    parts = packed[0].split(list(lengths), 1)
    return torch.stack([F.pad(part, (0, 0, 0, longest - part.shape[1])) for part in parts])
