"""A tree as it grows from left to right: which nodes each new leaf opens, and the cache that follows it.

Letters: B batch, H heads, D head width, V value width, C position width, b members of a family.

While a text is generated only the right edge of its tree is open.  A node that is closed is never read again but as a
whole, so the cache keeps, for each open node, its finished children as means: O(b log_b N) entries instead of N
(Amizadeh et al. 2025, appendix G.2).  What it gives is `key_tied_attention` of the whole, token by token.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from proofloom.hierarchy.nested import NestedSignal


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new leaf: of the inner nodes that were open, `shared` stay open; `nodes` are new, from the topmost down to the
    leaf itself.
    """

    token: int
    shared: int
    nodes: tuple[int, ...]


def arrivals(tree: NestedSignal) -> Iterator[Arrival]:
    """The leaves with content of one signal, from left to right.  Raises `ValueError` for a batch."""
    if tree.batch != 1:
        raise ValueError(f"{tree.batch} signals: a cache follows one tree, which may serve a batch of texts")
    before: list[int] = []
    for leaf in tree.leaves.tolist():
        if not tree.size[leaf]:
            continue
        path = [leaf]
        while tree.parent[path[-1]] >= 0:
            path.append(int(tree.parent[path[-1]]))
        path.reverse()
        shared = 0
        while shared < min(len(before), len(path)) and before[shared] == path[shared]:
            shared += 1
        yield Arrival(int(tree.slot[leaf]), shared, tuple(path[shared:]))
        before = path


@dataclass(slots=True)
class _Finished:
    """Children that are complete: how many leaves each has, and the means of these."""

    size: int
    key: Tensor
    value: Tensor
    place: Tensor | None


@dataclass(slots=True)
class _Open:
    """A node on the right edge, with its position among its siblings."""

    place: Tensor | None
    children: list[_Finished] = field(default_factory=list)


class KeyTiedCache:
    """The right edge of a tree.  `step` once for each token, in order."""

    def __init__(self, scale: float | None = None) -> None:
        self._scale = scale
        self._edge: list[_Open] = []

    @property
    def entries(self) -> int:
        """How many means are kept."""
        return sum(len(node.children) for node in self._edge)

    def step(
        self, query: Tensor, key: Tensor, value: Tensor, shared: int, places: Tensor | None = None, *, opened: int = 0
    ) -> Tensor:
        """(B, H, V) of one new token with `query`, `key` (B, H, D) and `value` (B, H, V).

        Of the open nodes the `shared` topmost stay open, the others are complete; `opened` new ones follow, and below
        the last the token hangs.  `places` (opened + 1, C) are the positions of the new nodes and of the token.  An
        `Arrival` has these numbers: `opened` is `len(nodes) - 1`.  Raises `ValueError` for a tree that cannot be.
        """
        if not 0 <= shared <= len(self._edge) or shared + opened < 1 or (self._edge and shared < 1):
            raise ValueError(
                f"shared={shared}, opened={opened} with {len(self._edge)} open nodes: wanted the root to stay open, "
                "and the token below at least one node"
            )
        while len(self._edge) > shared:
            self._close()
        for number in range(opened):
            self._edge.append(_Open(None if places is None else places[number]))
        own = None if places is None else places[opened]
        work = torch.promote_types(query.dtype, torch.float32)
        kept_key, kept_value = key.to(work), value.to(work)
        output = self._attended(query.to(work), kept_key, kept_value, own)
        self._edge[-1].children.append(_Finished(1, kept_key, kept_value, own))
        return output.to(query.dtype)

    def _attended(self, query: Tensor, key: Tensor, value: Tensor, own: Tensor | None) -> Tensor:
        scale = query.shape[-1] ** -0.5 if self._scale is None else self._scale
        extra, keys, values = [], [key], [value]
        extra.append(query.new_zeros(()) if own is None else own @ own)
        below = [*(node.place for node in self._edge[1:]), own]
        for node, ours in zip(self._edge, below, strict=True):
            for child in node.children:
                keys.append(child.key)
                values.append(child.value)
                amount = query.new_tensor(float(child.size)).log()
                extra.append(amount if ours is None or child.place is None else amount + ours @ child.place)
        scores = (torch.stack(keys, -2) @ query[..., None]).squeeze(-1) * scale + torch.stack(extra).to(query.dtype)
        weights: Tensor = scores.softmax(-1)
        return (weights[..., None, :] @ torch.stack(values, -2)).squeeze(-2)

    def _close(self) -> None:
        """Take the last open node as a whole into its parent."""
        node = self._edge.pop()
        size = sum(child.size for child in node.children)
        key, value = (
            torch.stack([getattr(child, name) * (child.size / size) for child in node.children]).sum(0)
            for name in ("key", "value")
        )
        self._edge[-1].children.append(_Finished(size, key, value, node.place))
