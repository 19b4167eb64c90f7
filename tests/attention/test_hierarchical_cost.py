"""Table 3 of the paper: all fourteen numbers of operations, from one rule."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from random_trees import random_batch

from proofloom.attention.hierarchical.cost import flops, tree_pairs, window_pairs
from proofloom.hierarchy.nested import NestedSignal
from proofloom.hierarchy.windows import windows

TABLE = [
    ("IMDB", 264, "214.94", "4.32", 1402),
    ("AGNEWS", 54, "8.99", "0.8357", 271),
    ("CoLA", 12, "0.4441", "0.1912", 62),
    ("SST-2", 26, "2.08", "0.4132", 134),
    ("MRPC", 55, "9.33", "0.8481", 275),
    ("RTE", 70, "15.11", "1.29", 417),
    ("QNLI", 38, "4.45", "0.5643", 183),
]


@pytest.mark.parametrize(("name", "tokens", "flat", "tree", "pairs"), TABLE)
def test_table_3(name: str, tokens: int, flat: str, tree: str, pairs: int) -> None:
    assert window_pairs(tokens, (2, 4, 8, 16)) == pairs
    for printed, count in ((flat, tokens * tokens), (tree, pairs)):
        digits = -int(Decimal(printed).as_tuple().exponent)
        value = Decimal(flops(count)) / 10**6
        cut = Decimal(math.floor(value * 10**digits)) / 10**digits
        assert Decimal(printed) in (round(value, digits), cut), name  # a few are cut, not rounded, in print


def test_the_pairs_of_a_tree_are_those_of_its_families() -> None:
    assert tree_pairs(NestedSignal.of([((0, 1), 2, (3,))])) == 9 + 4 + 1
    assert tree_pairs(windows([20, 3], (4, 4))) == 5 * 16 + 2 * 16 + 4 + 16 + 16 + 4
    assert tree_pairs(windows([256], (16,))) == window_pairs(256, (16,)) == 17 * 256


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_the_pairs_are_linear_in_the_families(seed: int) -> None:
    """Theorem E.1: M families of at most b members cost M b^2."""
    tree = random_batch(seed, [40, 17], 40)
    assert tree_pairs(tree) <= tree.families * int(tree.children.max()) ** 2
