"""Nested signals: the order of the arrays, what is counted, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.hierarchy.nested import Branch, Domain, Kind, NestedSignal
from proofloom.hierarchy.windows import windows

TREES = [((0, 1), 2, (3,)), (0, (1, (2, 3)))]


def test_nodes_are_ordered_by_depth_and_by_parent() -> None:
    tree = NestedSignal.of(TREES)
    assert tree.parent.tolist() == [-1, -1, 0, 0, 0, 1, 1, 2, 2, 4, 6, 6, 11, 11]
    assert tree.starts.tolist() == [0, 2, 7, 12, 14]
    assert tree.slot.tolist() == [-1, -1, -1, 2, -1, 4, -1, 0, 1, 3, 5, -1, 6, 7]
    assert tree.size.tolist() == [4, 4, 2, 1, 1, 1, 3, 1, 1, 1, 1, 2, 1, 1]
    assert tree.rank.tolist() == [0, 0, 0, 1, 2, 0, 1, 0, 1, 0, 0, 1, 0, 1]
    assert tree.slot[tree.leaves].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert (tree.batch, tree.tokens, tree.depth, tree.families) == (2, 4, 3, 6)


def test_it_draws_itself() -> None:
    assert repr(NestedSignal.of(TREES)) == (
        "NestedSignal(2 signals of 4, 4 leaves in 4 slots, depth 3, 6 families of 1 to 3 members)"
    )
    assert (
        repr(NestedSignal.of([0]))
        == "NestedSignal(1 signals of 1 leaves in 1 slots, depth 0, 0 families of no members)"
    )


def test_keys_of_records_are_numbers_of_their_domain() -> None:
    goal = Domain("goal", Kind.RECORD, ("case", "declarations", "conclusion"))
    names = Domain("declarations", Kind.SET)
    tree = NestedSignal.of([Branch(goal, (Branch(names, (0, 1)), 2), ("declarations", "conclusion"))])
    assert tree.domains == (goal, names)
    assert tree.key.tolist() == [-1, 1, 2, -1, -1]
    assert tree.domain.tolist() == [-1, 0, 0, 1, 1]


def test_arrays_may_come_in_any_order() -> None:
    tree = NestedSignal.of(TREES)
    shuffled = np.random.default_rng(0).permutation(np.arange(2, tree.nodes))
    order = np.concatenate([[0, 1], shuffled])
    order = order[np.lexsort((tree.rank[order], np.zeros(tree.nodes)))]  # siblings keep their order
    order = np.concatenate([[0, 1], order[~np.isin(order, [0, 1])]])
    place = np.argsort(order)
    parent = tree.parent[order]
    again = NestedSignal.from_arrays(2, 4, np.where(parent < 0, -1, place[parent]), tree.leaf[order], tree.slot[order])
    for name in ("parent", "starts", "leaf", "slot", "size", "rank"):
        assert (getattr(again, name) == getattr(tree, name)).all(), name


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4), branching=st.lists(st.integers(2, 5), max_size=4))
@settings(max_examples=60, deadline=None)
def test_windows_hold_every_token_once_and_in_order(lengths: list[int], branching: list[int]) -> None:
    tree = windows(lengths, branching)
    slots = tree.slot[tree.leaves]
    assert slots[slots >= 0].tolist() == list(range(len(lengths) * max(lengths)))
    assert tree.size[: tree.batch].tolist() == lengths
    below_roots = tree.children[tree.batch :]
    assert set(below_roots.tolist()) <= {0, *branching}  # all windows are full, with padding if need be


def test_windows_stop_where_one_is_left() -> None:
    tree = windows([5], (2, 4, 8))
    assert np.diff(tree.starts).tolist() == [1, 4, 6]
    assert tree.leaf[tree.starts[1] : tree.starts[2]].tolist() == [False, False, False, True]
    assert windows([1], (2,)).depth == 0
    assert windows([7], ()).children[0] == 7


@pytest.mark.parametrize(
    ("parent", "leaf", "slot", "says"),
    [
        ([-1, 2, 1], [0, 0, 0], [-1, -1, -1], "empty family"),
        ([-1, 0, 3, 2], [0, 1, 0, 0], [-1, 0, -1, -1], "cycle"),
        ([-1, 0], [0, 0], [-1, -1], "node 1 is an empty family"),
        ([-1, 0, 1], [0, 1, 1], [-1, 0, 1], "node 1 is a leaf and has children"),
        ([-1, 0], [0, 1], [0, 1], "node 0 has children and a token"),
        ([-1, 0, 0], [0, 1, 1], [-1, 1, 1], "slot 1 belongs to 2 leaves"),
        ([-1, 0], [0, 1], [-1, 5], "slot that is none of 0 to 1"),
        ([-1, -1, 0], [0, 1, 1], [-1, 0, 1], "2 roots: wanted 1"),
        ([-1, 7], [0, 1], [-1, 0], "parents from -1 to 7"),
        ([-1, 0], [0, 1, 1], [-1, 0], "of 2, 3, 2 nodes"),
    ],
)
def test_what_is_no_forest_is_refused(parent: list[int], leaf: list[int], slot: list[int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        NestedSignal.from_arrays(1, 2, parent, leaf, slot)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"domain": [-1, 0, 2]}, "domains from 0 to 2: wanted 0 to 1"),
        ({"domain": [-1, 0]}, r"domain of shape \(2,\): wanted \(3,\)"),
        ({"domain": [-1, 1, 1], "key": [-1, 0, -1]}, "node 2 has key -1"),
        ({"domain": [-1, 1, 1], "key": [-1, 0, 3]}, "node 2 has key 3"),
        ({"domain": [-1, 0, 0], "key": [-1, 0, -1]}, "node 1 has key 0"),
        ({"present": [True]}, r"present of shape \(1,\)"),
    ],
)
def test_members_that_their_domain_does_not_know_are_refused(members: dict[str, list[int]], says: str) -> None:
    domains = (Domain(), Domain("goal", Kind.RECORD, ("case", "conclusion")))
    with pytest.raises(ValueError, match=says):
        NestedSignal.from_arrays(1, 2, [-1, 0, 0], [False, True, True], [-1, 0, 1], domains=domains, **members)


def test_slots_of_another_signal_are_refused() -> None:
    with pytest.raises(ValueError, match="slot 0 under root 1: wanted one of its own tokens, 2 to 3"):
        NestedSignal.from_arrays(2, 2, [-1, -1, 0, 1], [0, 0, 1, 1], [-1, -1, 1, 0])


def test_trees_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="0 signals: wanted at least one"):
        NestedSignal.of([])
    for wrong in ("ab", 1.5):
        with pytest.raises(TypeError, match="wanted the number of a token"):
            NestedSignal.of([(wrong, 0)])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="no members"):
        NestedSignal.of([((), 0)])
    with pytest.raises(ValueError, match="leaf 4: wanted a token from 0 to 2"):
        NestedSignal.of([(0, 4)], tokens=3)
    record = Domain("goal", Kind.RECORD, ("case",))
    with pytest.raises(ValueError, match="wanted one of"):
        NestedSignal.of([Branch(record, (0,), ("conclusion",))])
    with pytest.raises(ValueError, match="wanted keys for a record"):
        Domain("goal", Kind.RECORD)
    with pytest.raises(TypeError, match=r"branching 4: wanted the sizes of windows, lowest first, such as \(4,\)"):
        windows([4], 4)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="windows of 2 or more"):
        windows([4], (1,))
    with pytest.raises(ValueError, match="1 token or more"):
        windows([0], (2,))
    with pytest.raises(ValueError, match="wanted at least as many slots"):
        windows([4], (2,), tokens=3)
