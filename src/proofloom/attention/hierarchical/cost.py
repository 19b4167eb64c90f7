"""What attention costs, by the rule that gives every entry of the paper's table 3.

A pair of a query and a key costs 4 E + H operations in a layer of width E and H heads: the product of both, the product
with the value, and one exponential for each head.  Flat attention has n^2 pairs; a tree has those of its families, each
member with itself included, and a last window counts as full.  The means and the way down are not counted, nor are
projections: it is a rule for comparing, `benchmarks/hierarchical_attention.py` has the seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proofloom.hierarchy.nested import NestedSignal


def flops(pairs: int, width: int = 768, heads: int = 12) -> int:
    """Operations of one attention layer, by default in the geometry of the base models of table 3."""
    return pairs * (4 * width + heads)


def window_pairs(tokens: int, branching: Sequence[int]) -> int:
    """Pairs in the windows of `branching`, lowest first, and in the family of the root.

    Where fewer nodes are left than a window holds, they are one family; every further depth then counts one pair.
    """
    pairs, left = 0, tokens
    for size in branching:
        if left <= size:
            pairs, left = pairs + left * left, 1
        else:
            left = -(-left // size)
            pairs += left * size * size
    return pairs + left * left


def tree_pairs(tree: NestedSignal) -> int:
    """Pairs in the families of any forest: the sum of the squares of their sizes; families of nothing but padding have
    none.
    """
    return int(np.square(tree.children[tree.size > 0]).sum())
