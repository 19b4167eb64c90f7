"""The order on the levels and its variants, as tables of what is forbidden."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.hierarchy import FIVE_LEVELS, HIERARCHIES, OUTSIDE, THREE_LEVELS, Hierarchy, Level, Span

LEVELS = st.sampled_from(Level)


@given(LEVELS, LEVELS)
def test_reading_a_higher_level_is_forbidden_and_nothing_else(query: Level, key: Level) -> None:
    assert FIVE_LEVELS.forbids(query, key) == (key > query)
    assert FIVE_LEVELS.reversed().forbids(query, key) == (key < query)
    assert FIVE_LEVELS.forbidden()[query][key] == float(key > query)


@given(LEVELS, LEVELS)
def test_merged_levels_read_each_other(query: Level, key: Level) -> None:
    merged = [{Level.CONTEXT, Level.CASE}, {Level.TYPE, Level.INSTANCE}, {Level.GOAL}]
    places = [next(i for i, group in enumerate(merged) if level in group) for level in (query, key)]
    assert THREE_LEVELS.forbids(query, key) == (places[1] > places[0])


@given(st.sampled_from(sorted(HIERARCHIES)))
def test_reversing_twice_is_the_same_order(name: str) -> None:
    hierarchy = HIERARCHIES[name]
    assert hierarchy.reversed().reversed().ranks == hierarchy.ranks


@given(st.lists(st.sampled_from([OUTSIDE, *Level]), max_size=12), st.sampled_from(sorted(HIERARCHIES)))
def test_levels_can_flow_where_a_forbidden_key_stands_before_a_query(levels: list[int], name: str) -> None:
    hierarchy = HIERARCHIES[name]
    pairs = [
        (query, key)
        for position, query in enumerate(levels)
        for key in levels[:position]
        if OUTSIDE not in (query, key) and hierarchy.forbids(Level(query), Level(key))
    ]
    assert hierarchy.can_flow(levels) == bool(pairs)


@pytest.mark.parametrize("ranks", [(0, 1, 2), (0, 0, 2, 2, 2), (0, 1, 2, 3, 9)])
def test_ranks_that_are_no_order_are_refused(ranks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="hierarchy wrong"):
        Hierarchy("wrong", ranks)


@pytest.mark.parametrize("fields", [(3, 2, Level.GOAL), (-1, 2, Level.GOAL), (0, 1, 5)])
def test_spans_that_make_no_sense_are_refused(fields: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="span"):
        Span(*fields)
