"""The invariants of the schedule on random ragged batches, its pictures, and the table of filled time."""

from __future__ import annotations

import math
from collections import defaultdict
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.attention.lean_decode.efficiency import Case, filled
from proofloom.attention.lean_decode.picture import schedule_svg, schedule_text
from proofloom.attention.lean_decode.schedule import Schedule

SCHEDULES = st.builds(
    Schedule.over,
    st.lists(st.integers(1, 1500), min_size=1, max_size=6),
    st.integers(1, 8),
    st.sampled_from([16, 32, 128]),
    st.integers(1, 300),
)
FREE = st.builds(Schedule, st.lists(st.integers(1, 20), min_size=1, max_size=12).map(tuple), st.integers(1, 60))


@settings(max_examples=100, deadline=None)
@given(SCHEDULES | FREE)
def test_every_tile_is_done_once_and_loads_differ_by_one(schedule: Schedule) -> None:
    done = defaultdict(list)
    loads = [0] * schedule.programs
    for segment in schedule.segments():
        assert 0 <= segment.first < segment.last <= segment.count == schedule.counts[segment.output]
        done[segment.output] += range(segment.first, segment.last)
        loads[segment.program] += segment.last - segment.first
    assert [done[output] for output in range(len(schedule.counts))] == [list(range(n)) for n in schedule.counts]
    assert max(loads) - min(loads) <= 1
    assert max(loads) == math.ceil(schedule.tiles / schedule.programs)


@settings(max_examples=100, deadline=None)
@given(SCHEDULES | FREE)
def test_slots_partners_and_bounds(schedule: Schedule) -> None:
    segments = list(schedule.segments())
    by_program = defaultdict(list)
    for segment in segments:
        by_program[segment.program].append(segment)
    for own in by_program.values():
        assert all(segment.host for segment in own[1:])
        assert all(segment.finishing for segment in own[:-1])
    guests = [segment for segment in segments if not segment.host]
    assert len(segments) <= schedule.programs + len(schedule.counts) - 1
    assert len(guests) <= schedule.programs - 1
    for host in segments:
        if host.host:
            assert list(schedule.partners(host)) == [one.program for one in guests if one.output == host.output]
        else:
            assert not schedule.partners(host)


def test_small_batches_take_no_more_programs_than_pay() -> None:
    assert Schedule.over([128], 4, 128, 132).programs == 4
    assert Schedule.over([1280], 1, 128, 132).programs == 5
    assert Schedule.over([128 * 1000], 1, 128, 132).programs == 132


@pytest.mark.parametrize(
    ("counts", "programs", "message"), [((3,), 0, "0 programs"), ((3, 0), 2, "output 1 of 0 tiles: wanted at least 1")]
)
def test_an_impossible_schedule_is_refused(counts: tuple[int, ...], programs: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Schedule(counts, programs)


def test_a_schedule_of_no_heads_is_refused() -> None:
    with pytest.raises(ValueError, match="0 heads and tiles of 16 keys"):
        Schedule.over([5], 0, 16, 2)


PICTURED = Schedule.over([1000, 300, 2000], 2, 128, 5)
TEXT = """\
program 0  AAAAAAAABBB
program 1  bbbbbCCCDDD
program 2  EEEEEEEEEEE
program 3  eeeeeFFFFFF
program 4  ffffffffff
program 0 merges slots 1 into B
program 2 merges slots 3 into E
program 3 merges slots 4 into F"""


def test_the_picture_in_text() -> None:
    assert schedule_text(PICTURED) == TEXT


def test_the_picture_as_svg_has_a_box_for_each_tile_and_a_dot_for_each_merge() -> None:
    root = ElementTree.fromstring(schedule_svg(PICTURED, "a < b"))
    kinds = [one.tag.rpartition("}")[2] for one in root]
    assert kinds.count("rect") == 1 + PICTURED.tiles
    assert kinds.count("circle") == 3
    assert sum(one.get("fill-opacity") == "0.4" for one in root) == 5 + 5 + 10


@pytest.mark.parametrize(
    ("case", "splits", "fixed", "equal"),
    [  # the table of shared tiles that was worked out from the two rules by hand
        (Case(132, 1, 8, 131072), 15, 0.90, 0.985),
        (Case(132, 4, 8, 131072), 4, 0.97, 0.997),
        (Case(132, 14, 8, 32768), 1, 0.85, 0.996),
        (Case(132, 17, 8, 32768), 1, 0.515, 0.999),
        (Case(132, 20, 8, 32768), 1, 0.61, 0.998),
        (Case(132, 5, 8, 65536), 3, 0.91, 0.995),
        (Case(108, 14, 8, 32768), 1, 0.52, 0.998),
        (Case(108, 33, 8, 8192), 1, 0.81, 0.996),
    ],
)
def test_the_time_that_tiles_fill(case: Case, splits: int, fixed: float, equal: float) -> None:
    found = filled(case)
    assert found.splits == splits
    assert found.fixed == pytest.approx(fixed, abs=0.005)
    assert found.equal == pytest.approx(equal, abs=0.0006)
