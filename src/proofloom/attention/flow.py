"""Flow attention: ordinary attention that also says how much of it is forbidden.

Letters: B batch, H query heads, G key heads (H is a multiple of G), T queries, S keys, D head width, C classes of keys.

The one idea: the attention mass of query i on the keys of class c is `sum_j att_ij * [class_j = c]`, which is linear in
the attention row, so it *is* an attention output.  The values get one more column for each class, queries and keys get
zeros of the same width (the scale is that of the true width), and any fused kernel computes outputs and masses in one
pass: exact, differentiable, and no matrix of T x S is ever made.  What is forbidden is decided afterwards, by a table.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from proofloom.hierarchy import FIVE_LEVELS, OUTSIDE, Hierarchy

_MULTIPLE = 8
"""Fused kernels keep their speed at head widths that are multiples of this."""


_FIVE_LEVELS_TABLE = torch.tensor(FIVE_LEVELS.forbidden())


def forbidden_table(hierarchy: Hierarchy = FIVE_LEVELS) -> Tensor:
    """(C, C) with C = 5 levels: 1.0 where a query of the row's level must not read a key of the column's level."""
    return torch.tensor(hierarchy.forbidden())


def flow_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_levels: Tensor,
    query_levels: Tensor,
    *,
    forbidden: Tensor | None = None,
    attention_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    dropout: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Attention (B, H, T, D) and the forbidden mass (B, T) of each query: the mean over heads, from 0 to 1, float32.

    `key_levels` (B, S) and `query_levels` (B, T) are integers, -1 for tokens outside the state, whose mass is 0 and
    which nobody is forbidden to read.  `forbidden` (C, C) is the table, by default the paper's five levels.  The rest
    is as for `attend_by_class`.
    """
    table = _FIVE_LEVELS_TABLE if forbidden is None else forbidden
    check_classes(query_levels, len(table), query, "query_levels")
    if query_levels.shape != (query.shape[0], query.shape[2]):
        wanted = (query.shape[0], query.shape[2])
        raise ValueError(f"query_levels of shape {tuple(query_levels.shape)}: wanted (B, T) = {wanted}")
    output, masses = attend_by_class(
        query,
        key,
        value,
        key_levels,
        classes=table.shape[0],
        attention_mask=attention_mask,
        is_causal=is_causal,
        scale=scale,
        dropout=dropout,
    )
    return output, forbidden_mass(masses, query_levels, table)


def forbidden_mass(masses: Tensor, query_classes: Tensor, forbidden: Tensor) -> Tensor:
    """(B, T) from the masses (B, T, C) of each query on each class and the table (C, C); 0 for queries outside."""
    rows = forbidden.to(masses)[query_classes.clamp(min=0).long()]
    total: Tensor = (masses * rows).sum(-1)
    return torch.where(query_classes != OUTSIDE, total, torch.zeros_like(total))


def attend_by_class(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    key_classes: Tensor,
    classes: int,
    *,
    attention_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    dropout: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Attention (B, H, T, D) and the masses (B, T, C) of each query on each class of keys, mean over heads, float32.

    `query` (B, H, T, D), `key` (B, G, S, D), `value` (B, G, S, any width); `key_classes` (B, S) are integers from 0 to
    C - 1, or -1 for keys of no class.  `attention_mask` (B or 1, H or 1, T, S) is boolean (True may be read) or
    additive, and excludes `is_causal`.  `scale` is 1/sqrt(D) if None.  With `dropout` the masses are those of what is
    left, right on average.  Raises `ValueError` if shapes do not fit.
    """
    _check(query, key, value, key_classes, attention_mask, is_causal)
    check_classes(key_classes, classes, key, "levels of keys")
    width = value.shape[-1]
    padded = _rounded(max(width + classes, query.shape[-1]))
    shape = (*value.shape[:3], padded - width)
    numbers = torch.arange(padded - width, device=value.device)
    columns = (key_classes[..., None] == numbers).to(value.dtype)[:, None].expand(shape)
    value = torch.cat((value, columns), -1)
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    query, key = F.pad(query, (0, padded - query.shape[-1])), F.pad(key, (0, padded - key.shape[-1]))
    grouped = query.shape[1] != key.shape[1]
    if grouped and attention_mask is not None and query.device.type != "cpu":
        # Off the CPU no fused kernel takes a mask and grouped heads together.
        copies = query.shape[1] // key.shape[1]
        key, value, grouped = key.repeat_interleave(copies, 1), value.repeat_interleave(copies, 1), False
    attended = F.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=attention_mask,
        dropout_p=dropout,
        is_causal=is_causal,
        scale=scale,
        enable_gqa=grouped,
    )
    # One split has one backward pass; slices would each fill a whole tensor with zeros.
    output, masses, _ = attended.split_with_sizes((width, classes, padded - width - classes), -1)
    return output, masses.float().mean(1)


def separate_goals(levels: Tensor, goals: Tensor, forbidden: Tensor) -> tuple[Tensor, Tensor]:
    """Classes and table under which levels are compared within one goal only: C becomes C times the number of goals.

    `levels` and `goals` (B, T) are integers, -1 outside.  The number of goals is the largest in the batch, and each
    goal costs five more columns.
    """
    count = int(goals.max()) + 1 if goals.numel() else 0
    classes = goals * forbidden.shape[0] + levels
    return torch.where(levels == OUTSIDE, levels, classes), torch.kron(
        torch.eye(max(count, 1)).to(forbidden), forbidden
    )


def check_classes(numbers: Tensor, classes: int, beside: Tensor, name: str) -> None:
    """Raises `TypeError` if `numbers` are no integers, `ValueError` if they are elsewhere than `beside` or, on a CPU,
    not from -1 to `classes` - 1.  Elsewhere looking at them would stop the queue of the device.
    """
    if numbers.is_floating_point() or numbers.dtype == torch.bool:
        raise TypeError(f"{name} are of {numbers.dtype}: wanted integers")
    if numbers.device != beside.device:
        raise ValueError(f"{name} are on {numbers.device}: wanted {beside.device}, where queries and keys are")
    if numbers.device.type != "cpu" or torch.compiler.is_compiling() or not numbers.numel():
        return
    lowest, highest = (int(one) for one in numbers.aminmax())
    if lowest < OUTSIDE or highest >= classes:
        raise ValueError(
            f"{name} from {lowest} to {highest}: wanted {OUTSIDE} (outside: tactic, special tokens, padding) to "
            f"{classes - 1}"
        )


def _rounded(width: int) -> int:
    return -(-width // _MULTIPLE) * _MULTIPLE


def _check(
    query: Tensor, key: Tensor, value: Tensor, key_classes: Tensor, attention_mask: Tensor | None, is_causal: bool
) -> None:
    if query.dim() != 4 or key.dim() != 4 or value.dim() != 4:
        shapes = [tuple(one.shape) for one in (query, key, value)]
        raise ValueError(f"query, key, value of shapes {shapes}: wanted four dimensions (B, heads, tokens, width)")
    if query.shape[-1] != key.shape[-1] or key.shape[:3] != value.shape[:3]:
        shapes = [tuple(one.shape) for one in (query, key, value)]
        raise ValueError(f"query, key, value of shapes {shapes}: wanted one head width, and as many values as keys")
    if query.shape[1] % key.shape[1]:
        raise ValueError(f"{query.shape[1]} query heads and {key.shape[1]} key heads: wanted a multiple")
    if key_classes.shape != (key.shape[0], key.shape[2]):
        wanted = (key.shape[0], key.shape[2])
        raise ValueError(f"levels of keys of shape {tuple(key_classes.shape)}: wanted (B, S) = {wanted}")
    if is_causal and attention_mask is not None:
        raise ValueError("is_causal=True with an attention_mask: wanted one of them; the mask must hold the causality")
    if is_causal and query.shape[2] != key.shape[2]:
        lengths = f"{query.shape[2]} queries and {key.shape[2]} keys"
        raise ValueError(f"is_causal=True with {lengths}: wanted as many, or an attention_mask")
