"""Rows of a benchmark's tasks: kept as they come, and no figures where some are missing."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from proofloom.assistants.executor import Executor, InProcess, LocalProcesses
from proofloom.evaluation.measuring.side_by_side import rows_side_by_side


@dataclass(frozen=True)
class Row:
    """A number and its inverse."""

    number: int
    inverse: float


@contextmanager
def bench() -> Iterator[Callable[[int], list[Row]]]:
    """Two rows a task; 0 has no inverse."""
    yield lambda number: [Row(number, 1 / number), Row(-number, -1 / number)]


@pytest.mark.parametrize("executor", [InProcess(), LocalProcesses(2)])
def test_rows_are_in_the_file_when_they_are_handed_out(executor: Executor, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    seen: list[Row] = []
    for part in rows_side_by_side(bench, [1, 2, 4], executor, file):
        seen += part
        assert [Row(**json.loads(line)) for line in file.read_text().splitlines()] == seen
    assert {row.number for row in seen} == {1, -1, 2, -2, 4, -4}


def test_a_task_that_crashes_costs_the_figures_and_not_the_rows_of_the_others(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    seen: list[Row] = []
    with pytest.raises(SystemExit, match="1 of 3 tasks crashed: 0: ZeroDivisionError"):
        for part in rows_side_by_side(bench, [1, 0, 2], InProcess(), file):
            seen += part
    assert [row.number for row in seen] == [1, -1, 2, -2]
    assert len(file.read_text().splitlines()) == 4


def test_without_a_file_rows_are_only_handed_out() -> None:
    assert list(rows_side_by_side(bench, [2], InProcess(), None)) == [[Row(2, 0.5), Row(-2, -0.5)]]
