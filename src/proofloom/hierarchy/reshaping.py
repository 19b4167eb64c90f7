"""Trees made of trees: without their inner nodes, and cut off at a depth.

Flat trees are the control of every experiment: the same layer, the same tokens, no hierarchy.  Cut trees are what is
left when leaves have been pooled into their parents.
"""

from __future__ import annotations

import numpy as np

from proofloom.hierarchy.nested import NONE, Domain, Integers, NestedSignal


def flattened(tree: NestedSignal, domain: Domain | None = None) -> NestedSignal:
    """The same leaves in the same order, all of them children of their root, in one plain sequence (or `domain`)."""
    leaves = tree.leaves
    lone = tree.leaf[leaves] & (tree.parent[leaves] == NONE)
    below = leaves[~lone]
    roots = np.arange(tree.batch)
    return NestedSignal.from_arrays(
        tree.batch,
        tree.tokens,
        np.concatenate([np.full(tree.batch, NONE), tree.owner[below]]),
        np.concatenate([tree.leaf[roots], np.full(len(below), True)]),
        np.concatenate([tree.slot[roots], tree.slot[below]]),
        present=np.concatenate([tree.size[roots] > 0, tree.size[below] > 0]),
        domains=(domain or Domain("flat"),),
    )


def cut(tree: NestedSignal, depth: int) -> tuple[NestedSignal, Integers]:
    """The tree down to `depth`, where inner nodes become leaves, and the new token of each old one (B N), or -1.

    New tokens are numbered from left to right; the slots of all signals are as many as the largest needs.  Raises
    `ValueError` below depth 1.
    """
    if depth < 1:
        raise ValueError(f"depth={depth}: wanted 1 or more, a root is no leaf")
    kept = int(tree.starts[min(depth, tree.depth) + 1])
    ends = tree.leaf[:kept] | (np.arange(kept) >= tree.starts[min(depth, tree.depth)])
    top = np.arange(tree.nodes)
    for start, end in zip(tree.starts[depth + 1 : -1], tree.starts[depth + 2 :], strict=True):
        top[start:end] = top[tree.parent[start:end]]
    held = tree.leaves[tree.size[tree.leaves] > 0]  # leaves with content, from left to right
    above = top[held]
    first = np.flatnonzero(np.diff(above, prepend=NONE))
    nodes, owner = above[first], tree.owner[above[first]]
    counts = np.bincount(owner, minlength=tree.batch)
    width = max(int(counts.max(initial=0)), 1)
    within = np.arange(len(nodes)) - np.repeat(np.cumsum(counts) - counts, counts)
    slot = np.full(kept, NONE)
    slot[nodes] = owner * width + within
    moved = np.full(tree.batch * tree.tokens, NONE)
    moved[tree.slot[held]] = slot[above]
    shorter = NestedSignal.from_arrays(
        tree.batch,
        width,
        tree.parent[:kept],
        ends,
        slot,
        domain=tree.domain[:kept],
        key=tree.key[:kept],
        domains=tree.domains,
    )
    return shorter, moved
