"""Which theorems are tried: of the parts that are named, drawn once, the smaller sample within the larger."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from toy_library import toy_library

from proofloom.corpus.library import Library
from proofloom.corpus.storage.database import LibraryError
from proofloom.evaluation.held_out import HeldOut, Sample, held_out


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_library(tmp_path_factory.mktemp("library") / "library.sqlite")


def drawn(place: Path, *parts: str, limit: int | None = None, seed: int = 0) -> list[HeldOut]:
    with Library.open(place, create=False) as library:
        return held_out(library, Sample("toy", parts, limit, seed))


def test_all_theorems_of_the_parts_with_their_steps(place: Path) -> None:
    found = drawn(place, "val", "test")
    assert Counter(one.part for one in found) == {"val": 6, "test": 4}
    assert len({one.name for one in found}) == 10
    for one in found:
        assert (one.name, one.file.logical_name, one.repository.assistant) == (one.theorem.full_name, "L.f", "rocq")
        assert [step.tactic for step in one.steps] == ["reflexivity", "exact I"]
        assert one.steps[0].state_before.endswith(f"x{one.theorem.start} = x{one.theorem.start}")


def test_a_larger_sample_holds_the_smaller_one(place: Path) -> None:
    samples = [[one.name for one in drawn(place, "val", "test", limit=limit, seed=4)] for limit in (3, 6, 99)]
    assert [len(sample) for sample in samples] == [3, 6, 10]
    assert samples[0] == samples[1][:3] == samples[2][:3]
    assert samples[1] == samples[2][:6]
    assert len(set(samples[2])) == 10
    assert samples[0] != [one.name for one in drawn(place, "val", "test", limit=3, seed=5)]


def test_a_split_that_is_not_there_is_named(place: Path) -> None:
    with Library.open(place, create=False) as library, pytest.raises(LibraryError, match="there is no split 'odd'"):
        held_out(library, Sample("odd", ("val",), None, 0))
