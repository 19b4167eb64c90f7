"""The layers of GPT-NeoX over a shared prefix: a prompt is read once, and all its continuations read what it left.

Letters: B prompts, K rows (continuations) of each, N tokens of all prompts together, S tokens of the longest, t tokens
of the private tails, L layers, H heads, D head width, E model width, V words.

The model's own weights are read, in the model's own order; only the attention is ours.  All rows of a prompt are packed
to read its keys once, and each reads its own short tail; both are `attend`, and the softmax re-scaling operator puts
the two together.  Tails are rearranged when rows are, those of all layers at once; the prompt's keys never are.  Small
models cost as many calls as large ones, so a step makes few: weights are taken out of their modules beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from proofloom.attention.lean_decode.attend import attend
from proofloom.attention.lean_decode.keys import KeyValues
from proofloom.attention.softmax_merge import merge_finished
from proofloom.models.engine.beam import Move
from proofloom.models.engine.int8 import WORTHWHILE, int8_linear

Function = Callable[[Tensor], Tensor]


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


@dataclass(frozen=True, slots=True)
class Tails:
    """Keys and values of what each of `rows` rows of a prompt has written: `held` (t, L, B K, H, 2 D)."""

    held: Tensor
    rows: int

    def taken(self, move: Move) -> Tensor:
        """Those of the rows that go on, in the order of `move`, with room for one token more."""
        sources = (move.prompts[:, None] * self.rows + move.parents).flatten()
        tokens, layers, _, heads, width = self.held.shape
        longer = self.held.new_empty(tokens + 1, layers, len(sources), heads, width)
        torch.index_select(self.held, 2, sources, out=longer[:tokens])
        return longer


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer as functions; `parallel` if attention and the rest of the layer read the same input."""

    before: Function
    joined: Function
    dense: Function
    after: Function
    wide: Function
    bend: Function
    narrow: Function
    scale: float
    parallel: bool

    @classmethod
    def of(cls, layer: Any, int8: bool) -> _Layer:
        """The functions of a layer of the model."""
        attention, mlp = layer.attention, layer.mlp
        return cls(
            before=_function(layer.input_layernorm, int8),
            joined=_function(attention.query_key_value, int8),
            dense=_function(attention.dense, int8),
            after=_function(layer.post_attention_layernorm, int8),
            wide=_function(mlp.dense_h_to_4h, int8),
            bend=_function(mlp.act, int8),
            narrow=_function(mlp.dense_4h_to_h, int8),
            scale=attention.scaling,
            parallel=layer.use_parallel_residual,
        )

    def onward(self, hidden: Tensor, attended: Tensor) -> Tensor:
        """What the layer makes of `hidden` (..., E) and the joined outputs of its heads (..., E)."""
        attended = self.dense(attended)
        within = hidden if self.parallel else attended + hidden
        onward = self.narrow(self.bend(self.wide(self.after(within)))) + within
        return onward + attended if self.parallel else onward


class NeoxLayers:
    """A GPT-NeoX model taken layer by layer; raises `UnsupportedModel` for anything else.

    With `int8` its large layers compute as `int8_linear` does; then later changes of their weights are not seen.
    """

    def __init__(self, model: PreTrainedModel, int8: bool = False) -> None:
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
        self.device: torch.device = model.device
        self.longest: int = model.config.max_position_embeddings
        self._heads: int = model.config.num_attention_heads
        self._embed = body.embed_in
        self._layers = [_Layer.of(layer, int8) for layer in body.layers]
        self._final, self._head = _function(body.final_layer_norm, int8), _function(model.lm_head, int8)
        places = torch.arange(self.longest, device=self.device)
        with torch.no_grad():
            cosines, sines = body.rotary_emb(body.embed_in.weight[:1, None], places[None])
        first, second = sines[0].chunk(2, -1)
        self._cosines, self._sines = cosines[0], torch.cat((-first, second), -1)

    def read(self, prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Prefix, Tails]:
        """Logits (B, V) after each prompt, what the prompts left, and empty tails of one row for each.

        The prompts are laid one after the other, so that short ones cost no more than they hold.
        """
        lengths = [len(prompt) for prompt in prompts]
        tokens = torch.tensor([token for prompt in prompts for token in prompt], device=self.device)
        hidden = self._embed(tokens)
        turns = self._turns(torch.cat([torch.arange(length, device=self.device) for length in lengths])[None])
        lengths_here = torch.tensor(lengths, device=self.device)
        ends = lengths_here.cumsum(0)
        held = []
        for layer in self._layers:
            query, key, value = self._projected(layer, hidden[None], turns).transpose(1, 2).unbind(3)
            held.append(KeyValues(_padded(key, lengths), _padded(value, lengths), lengths_here))
            # After the last layer only the last token of each prompt matters.
            last = layer is self._layers[-1]
            attended = _within_prompts(query, key, value, lengths, layer.scale, last)
            hidden = layer.onward(hidden[ends - 1] if last else hidden, attended)
        empty = hidden.new_empty(0, len(held), len(prompts), self._heads, 2 * held[0].keys.shape[-1])
        return self._logits(hidden), Prefix(tuple(held), lengths_here), Tails(empty, 1)

    def step(self, move: Move, prefix: Prefix, tails: Tails) -> tuple[Tensor, Tails]:
        """Logits (B, K, V) after the tokens of `move`, and the longer tails.

        `prefix` holds the kept prompts already; `tails` are those before the move.
        """
        batch, rows = move.parents.shape
        held = tails.taken(move)
        hidden = self._embed(move.tokens)
        turns = self._turns((prefix.lengths + len(tails.held))[:, None])
        for place, (layer, shared) in enumerate(zip(self._layers, prefix.layers, strict=True)):
            joined = self._projected(layer, hidden, turns)
            query = joined[..., 0, :]
            held[-1, place] = joined[..., 1:, :].flatten(0, 1).flatten(2)
            keys, values = held[:, place].permute(1, 2, 0, 3).chunk(2, -1)
            theirs, their_sum = attend(query.transpose(1, 2), shared, layer.scale)
            own, own_sum = attend(query.flatten(0, 1)[:, :, None], KeyValues(keys, values), layer.scale)
            own, own_sum = (one.view(batch, rows, *one.shape[1:]).squeeze(3) for one in (own, own_sum))
            output = merge_finished(theirs.transpose(1, 2), their_sum.transpose(1, 2), own, own_sum)
            hidden = layer.onward(hidden, output.flatten(2))
        return self._logits(hidden), Tails(held, rows)

    def _turns(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines (B, tokens, 1, 1, width) for tokens at `places` (B, tokens)."""
        return self._cosines[places][:, :, None, None], self._sines[places][:, :, None, None]

    def _projected(self, layer: _Layer, hidden: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """Query, key and value (B, tokens, H, 3, D) of `hidden` (B, tokens, E), the first two turned to their places.

        Only the first widths of a head turn, as many as there are cosines.
        """
        joined = layer.joined(layer.before(hidden))
        joined = joined.view(*joined.shape[:-1], self._heads, 3, -1)
        turning = joined[..., :2, : turns[0].shape[-1]]
        halves_swapped = turning.roll(turning.shape[-1] // 2, -1)
        turning.mul_(turns[0]).addcmul_(halves_swapped, turns[1])
        return joined

    def _logits(self, hidden: Tensor) -> Tensor:
        return self._head(self._final(hidden))


def _function(module: Any, int8: bool) -> Function:
    """What `module` computes, without the calls around it if it is a plain layer."""
    if type(module) is nn.Linear:
        if int8 and module.weight.numel() >= WORTHWHILE:
            return int8_linear(module.weight, module.bias)
        return partial(F.linear, weight=module.weight, bias=module.bias)
    if type(module) is nn.LayerNorm:
        shape, weight, bias, least = list(module.normalized_shape), module.weight, module.bias, module.eps
        return lambda hidden: torch.layer_norm(hidden, shape, weight, bias, least)
    function: Function = module
    return function


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
    if len(lengths) == 1:
        return packed
    longest = max(lengths)
    parts = packed[0].split(list(lengths), 1)
    return torch.stack([F.pad(part, (0, 0, 0, longest - part.shape[1])) for part in parts])
