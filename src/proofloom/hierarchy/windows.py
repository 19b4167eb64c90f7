"""Fixed windows: trees that know nothing of the text, and therefore cost the same for every text.

The leaves are cut into windows of the first branching, these into windows of the next, and what is left is the family
of the root (Amizadeh et al. 2025, section 5.3).  A last window that is not full is filled up with padding, so that all
windows of a depth have one size and attention needs no indices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proofloom.hierarchy.nested import NONE, Domain, NestedSignal


def windows(lengths: Sequence[int], branching: Sequence[int], tokens: int | None = None) -> NestedSignal:
    """One tree of hopping windows for each text of `lengths` tokens, `branching` from the lowest windows up.

    All trees have the form of the longest (or of `tokens` slots); what a shorter text lacks is padding.  One length
    makes a tree that serves a whole batch.  Raises `ValueError` for lengths or branchings below 1.
    """
    if isinstance(branching, int):
        raise TypeError(f"branching {branching}: wanted the sizes of windows, lowest first, such as ({branching},)")
    if not lengths or min(lengths) < 1:
        raise ValueError(f"lengths {tuple(lengths)}: wanted at least one text, of 1 token or more")
    if min(branching, default=2) < 2:
        raise ValueError(f"branching {tuple(branching)}: wanted windows of 2 or more")
    width = max(lengths) if tokens is None else tokens
    if width < max(lengths):
        raise ValueError(f"a text of {max(lengths)} tokens in {width} slots: wanted at least as many slots")
    counts, padded = [width], []
    for size in branching:
        if counts[-1] == 1:
            break
        families = -(-counts[-1] // size)
        padded.append(families * size)
        counts.append(families)
    if counts[-1] > 1:
        padded.append(counts[-1])
        counts.append(1)
    batch = len(lengths)
    firsts = np.cumsum([batch] + [batch * nodes for nodes in padded[::-1]])
    parents = [np.full(batch, NONE)]
    leaf = [np.full(batch, not padded)]
    for depth, nodes in enumerate(padded[::-1]):
        real, families = counts[len(padded) - 1 - depth], counts[len(padded) - depth]
        above = padded[len(padded) - depth] if depth else 1
        start = firsts[depth - 1] if depth else 0
        one = np.arange(nodes) // (nodes // families)
        parents.append((start + np.arange(batch)[:, None] * above + one).ravel())
        last = depth == len(padded) - 1
        leaf.append(np.tile(np.arange(nodes) >= (0 if last else real), batch))
    slots = [np.full(batch * n, NONE) for n in [1, *padded[::-1]]]
    token = np.full(padded[0] if padded else 1, NONE)
    token[:width] = np.arange(width)
    slots[-1] = np.where(token == NONE, NONE, np.arange(batch)[:, None] * width + token).ravel()
    parent, is_leaf, slot = np.concatenate(parents), np.concatenate(leaf), np.concatenate(slots)
    present = (slot != NONE) & (slot % width < np.asarray(lengths)[np.clip(slot // width, 0, None)])
    return NestedSignal.from_arrays(batch, width, parent, is_leaf, slot, present=present, domains=(Domain("window"),))
