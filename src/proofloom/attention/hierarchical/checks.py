"""What hierarchical attention refuses, with the reason, before it computes anything."""

from __future__ import annotations

from torch import Tensor

from proofloom.attention.hierarchical.layout import Layout, lay_out
from proofloom.hierarchy.nested import NestedSignal


def checked(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    tree: NestedSignal | Layout,
    position: Tensor | None,
    *,
    inclusive: bool,
    causal: bool | str,
) -> Layout:
    """The layout of `tree` if all fits together.  Raises `ValueError`, or `TypeError` for tensors of integers."""
    if causal not in (False, "paper"):
        raise ValueError(f"causal={causal!r}: wanted False or 'paper'; key_tied_attention is the strictly causal one")
    if causal and not inclusive:
        raise ValueError("causal without inclusive: a first child would have nothing to read; wanted inclusive=True")
    check_rows(query, key, value)
    layout = tree if isinstance(tree, Layout) else lay_out(tree, query.device)
    check_tree(layout, query)
    if not inclusive and layout.smallest == 1:
        raise ValueError("a signal of one leaf has nothing to read if it must not read itself: wanted inclusive=True")
    if position is not None:
        check_position(position, query, layout)
    return layout


def check_rows(query: Tensor, key: Tensor, value: Tensor) -> None:
    """Shapes, kinds and devices of queries, keys and values."""
    if query.dim() != 4 or key.shape != query.shape or value.shape[:-1] != query.shape[:-1]:
        shapes = [tuple(one.shape) for one in (query, key, value)]
        raise ValueError(f"query, key, value of shapes {shapes}: wanted (B, H, N, D), the same, and (B, H, N, V)")
    for name, one in (("query", query), ("key", key), ("value", value)):
        if not one.is_floating_point():
            raise TypeError(f"{name} is of {one.dtype}: wanted floating point numbers")
        if one.device != query.device:
            raise ValueError(f"{name} is on {one.device}: wanted {query.device}, where the query is")
        if one.dtype != query.dtype:
            raise TypeError(f"{name} is of {one.dtype}: wanted {query.dtype}, as the query is")


def check_tree(layout: Layout, query: Tensor) -> None:
    """That the forest is one of these tokens, on this device."""
    if layout.device != query.device:
        raise ValueError(f"the layout is on {layout.device}: wanted {query.device}; lay the tree out there")
    batch, _, tokens, _ = query.shape
    if layout.tokens != tokens or layout.batch not in (1, batch):
        raise ValueError(
            f"a tree of {layout.batch} signals over {layout.tokens} tokens: wanted {batch} (or 1) over {tokens}, "
            f"as query of shape {tuple(query.shape)} has them"
        )


def check_position(position: Tensor, query: Tensor, layout: Layout) -> None:
    """That there is a vector for each node, for all heads or for each."""
    heads = query.shape[1]
    if position.dim() not in (2, 3) or position.shape[-2] != layout.nodes or position.shape[:-2] not in ((), (heads,)):
        raise ValueError(
            f"position of shape {tuple(position.shape)}: wanted ({layout.nodes}, C) or ({heads}, {layout.nodes}, C), "
            "a vector for each node in the order of the tree"
        )
    if position.device != query.device:
        raise ValueError(f"position is on {position.device}: wanted {query.device}, where the query is")
