"""Hierarchical self-attention inside a pre-trained model of `transformers`, in the layers that are named.

    inject_hierarchy(model, layers=[4, 6], tree=(16, 16))     # windows; layers are counted from 1
    model(**batch)

The one idea: rows of tokens that are leaves of the tree attend through the tree, with themselves included, as the model
was trained; rows of all other tokens attend as they always did.  So a tree over the whole text serves an encoder, and a
tree over a prompt serves a causal model that goes on from it.  Weights are neither changed nor added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from proofloom.attention.hierarchical.exact import hierarchical_attention
from proofloom.attention.hierarchical.layout import lay_out
from proofloom.attention.registry import check_plain_softmax, use_attention
from proofloom.hierarchy.nested import NONE, NestedSignal
from proofloom.hierarchy.windows import windows

NAME = "proofloom_hierarchy"
_MARK = "proofloom_injection"

Trees: TypeAlias = "Sequence[int] | NestedSignal | Callable[[Tensor], NestedSignal] | None"
"""Branching of windows, lowest first; a tree; trees for a mask (B, N) of real tokens; None: given with each call."""


def every_second(first: int, layers: int) -> list[int]:
    """The layers of the paper's scheme, counted from 1: `first` and every second one after it, up to `layers`."""
    return list(range(first, layers + 1, 2))


def inject_hierarchy(model: PreTrainedModel, layers: Sequence[int], tree: Trees = None) -> Injection:
    """Let `layers` (from 1) of `model` attend through `tree`, zero-shot; `remove()` of the result undoes it.

    Without `tree`, each call brings its own: `model(..., tree=signal)`.  A causal model attends inside the tree with
    the mask of the paper, which is right where all of the tree is given (a prompt).  Raises `ValueError` for layers
    that the model does not have, and for models whose attention is more than a softmax of scaled scores; a layer that
    may not read all of the tree (a sliding window) is refused when it is run.  An injection takes the place of another.
    """
    numbered = _numbered(model)
    known = {number + 1 for number, _ in numbered}
    if not layers or not set(layers) <= known:
        raise ValueError(f"layers {sorted(layers)}: wanted some of {sorted(known)}, which this model has")
    for _, module in numbered:  # one injection at a time: another takes its place
        if (place := getattr(module, _MARK, None)) is not None:
            place.injection.remove()
    injection = Injection(model, frozenset(layer - 1 for layer in layers), tree)
    use_attention(model, NAME, hierarchical_attention_forward)
    for number, module in numbered:
        setattr(module, _MARK, _Place(injection, number))
    return injection


def _numbered(model: PreTrainedModel) -> list[tuple[int, nn.Module]]:
    """All modules that say which layer they are of, from 0, among them those that attend.

    Where none says it (DistilBERT, ViT), the modules that attend, in order.  Raises `ValueError` for layers that are
    one module, as in ALBERT: they cannot be told apart.
    """
    modules = [module for module in model.modules() if not getattr(module, "is_cross_attention", False)]
    said = [(number, one) for one in modules if isinstance(number := getattr(one, "layer_idx", None), int)]
    if said:
        return said
    attending = [module for module in modules if isinstance(getattr(module, "is_causal", None), bool)]
    depth = getattr(model.config, "num_hidden_layers", len(attending))
    if attending and len(attending) != depth:
        raise ValueError(f"{depth} layers and {len(attending)} modules that attend: wanted one for each layer")
    return list(enumerate(attending))


@dataclass(frozen=True, slots=True)
class _Place:
    """What an injected module knows: of which layer it is, from 0."""

    injection: Injection
    layer: int


class Injection:
    """Which layers (from 0) attend through which trees; knows the layout of the last trees, which all layers share."""

    def __init__(self, model: PreTrainedModel, layers: frozenset[int], tree: Trees) -> None:
        self.layers = layers
        self._model = model
        self._tree = tree
        self._before = model.config._attn_implementation
        self._last: _Laid | None = None

    def remove(self) -> None:
        """Let the model attend as it did before; nothing happens if it was removed already."""
        places = [(module, getattr(module, _MARK, None)) for _, module in _numbered(self._model)]
        ours = [module for module, place in places if isinstance(place, _Place) and place.injection is self]
        for module in ours:
            delattr(module, _MARK)
        if ours:
            self._model.set_attn_implementation(self._before)

    def laid(self, own: NestedSignal | None, mask: Tensor | None, query: Tensor, causal: bool) -> _Laid:
        """The trees of this call in tensors: `own` if it brought some; `mask` (B, 1, T, S) says who may read."""
        given = self._tree if own is None else own
        if given is None:
            raise ValueError("model(...) without tree: wanted model(..., tree=signal), or a tree for inject_hierarchy")
        last = self._last
        if last is None or not last.is_of(given, mask, query):
            last = self._last = _Laid(given, mask, query, causal)
        return last


class _Laid:
    """The layout of the trees of a call, and which tokens (B or 1, N) are leaves."""

    def __init__(self, given: Trees, mask: Tensor | None, query: Tensor, causal: bool) -> None:
        self._given, self._mask, self._shape = given, mask, (query.shape[0], query.shape[2])
        allowed = None if mask is None else (mask if mask.dtype == torch.bool else mask == 0)[:, 0]
        tree = _trees(given, allowed, query)
        self.layout = lay_out(tree, query.device)
        self.inside = _tokens(tree, tree.slot != NONE, query)
        self.outside = (~self.inside).any(0).nonzero()[:, 0]
        if allowed is not None:
            _check_readable(_tokens(tree, tree.leaf & (tree.size > 0), query), allowed, causal)

    def is_of(self, given: Trees, mask: Tensor | None, query: Tensor) -> bool:
        """Whether this is what the same trees and the same mask would give again."""
        return (
            self._given is given
            and self._mask is mask
            and self._shape == (query.shape[0], query.shape[2])
            and self.layout.device == query.device
        )


def _tokens(tree: NestedSignal, nodes: NDArray[np.bool_], query: Tensor) -> Tensor:
    """(B or 1, N): True for the tokens of the leaves `nodes` (M)."""
    found = torch.zeros(tree.batch * tree.tokens, dtype=torch.bool)
    found[torch.from_numpy(tree.slot[nodes])] = True
    return found.view(tree.batch, tree.tokens).to(query.device)


def _check_readable(leaves: Tensor, allowed: Tensor, causal: bool) -> None:
    """Raises `ValueError` if the leaves (B or 1, N) do not all read each other under the mask (B or 1, T, S)."""
    if leaves.shape[-1] != allowed.shape[-1]:
        return  # the attention itself says what does not fit
    wanted = leaves[:, :, None] & leaves[:, None, :]
    wanted = wanted.tril(-1) if causal else wanted.triu(1) | wanted.tril(-1)  # reading itself is no harm
    if bool((wanted & ~allowed).any()):
        raise ValueError(
            "an injected layer may not read all leaves of its tree (it attends in a sliding window, or the tree holds "
            "padding): wanted layers with full attention, and trees without padding"
        )


def _trees(given: Trees, allowed: Tensor | None, query: Tensor) -> NestedSignal:
    """The trees of a call; `allowed` (B or 1, T, S) says who may read whom."""
    batch, _, tokens, _ = query.shape
    if isinstance(given, NestedSignal):
        return given
    read = query.new_ones(1, 1, tokens, dtype=torch.bool) if allowed is None else allowed
    real = read.any(1).expand(batch, -1)  # padding is what nobody may read
    if callable(given):
        return given(real)
    assert given is not None
    return windows([tokens], given) if allowed is None else _windows_of(real, given)


def _windows_of(real: Tensor, branching: Sequence[int]) -> NestedSignal:
    """Windows over the real tokens of each text, wherever its padding is."""
    batch, tokens = real.shape
    tree = windows(real.sum(-1).clamp(min=1).tolist(), branching, tokens)
    first = torch.argsort(~real, dim=-1, stable=True).cpu().numpy()  # the real tokens of each text, then its padding
    if (first == np.arange(tokens)).all():
        return tree
    slots = (first + np.arange(batch)[:, None] * tokens).ravel()
    return replace(tree, slot=np.where(tree.slot == NONE, NONE, slots[tree.slot]))


def hierarchical_attention_forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    is_causal: bool | None = None,
    tree: NestedSignal | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """The attention of one layer, (B, T, H, D) as `transformers` wants it.

    Layers that are not injected, and steps that go on from a cache, attend as with `attn_implementation="sdpa"`.  In
    the tree there is no dropout of weights.  Raises `ValueError` for attention that is more than a plain softmax.
    """
    place: _Place | None = getattr(module, _MARK, None)
    if place is None or place.layer not in place.injection.layers or query.shape[2] != key.shape[2]:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, is_causal=is_causal, **options
        )
        return plain
    check_plain_softmax(options, f"layer {place.layer + 1}", "hierarchical attention")
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    laid = place.injection.laid(tree, attention_mask, query, causal)
    copies = query.shape[1] // key.shape[1]
    keys, values = (one.repeat_interleave(copies, 1) if copies > 1 else one for one in (key, value))
    output = hierarchical_attention(query, keys, values, laid.layout, causal=causal and "paper", scale=scaling)
    if len(laid.outside):
        output = _with_rows_outside(output, query, keys, values, attention_mask, laid, causal, scaling)
    return output.transpose(1, 2).contiguous(), None


def _with_rows_outside(
    output: Tensor,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    laid: _Laid,
    causal: bool,
    scale: float | None,
) -> Tensor:
    """`output` with the ordinary attention of the tokens that are no leaves."""
    rows, tokens = laid.outside, query.shape[2]
    if mask is not None:
        mask = mask.expand(-1, -1, tokens, -1)[:, :, rows]
    elif causal:
        mask = rows[:, None] >= torch.arange(tokens, device=rows.device)
    flat = nn.functional.scaled_dot_product_attention(query[:, :, rows], key, value, attn_mask=mask, scale=scale)
    inside = laid.inside[:, None, rows, None]
    return output.index_copy(2, rows, torch.where(inside, output[:, :, rows], flat))
