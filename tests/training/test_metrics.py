"""Metrics have the time left, and after an interruption the file goes on as if there had been none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.training.metrics import TRAIN, VALIDATION, JsonLines, Record, read_records


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def record(kind: str, step: int) -> Record:
    return {"kind": kind, "step": step, "steps": 10, "loss": step / 8}


def test_the_time_left_is_counted_from_where_this_process_began(tmp_path: Path) -> None:
    clock, said = Clock(), list[str]()
    log = JsonLines(tmp_path / "metrics.jsonl", clock, said.append)
    clock.seconds += 50  # spent before training
    log.rewind(4)
    log.write(record(VALIDATION, 4))
    clock.seconds += 30
    log.write(record(TRAIN, 6))
    first, second = read_records(tmp_path / "metrics.jsonl")
    assert first == {**record(VALIDATION, 4), "seconds": 0.0}
    assert second == {**record(TRAIN, 6), "seconds": 30.0, "seconds_left": 60.0}
    assert said == ["step 4 of 10: validation loss 0.5000", "step 6 of 10: loss 0.7500, 60 s left"]


def test_what_was_said_beyond_a_checkpoint_is_dropped_and_so_is_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    log = JsonLines(file, Clock())
    for kind, step in [(VALIDATION, 0), (TRAIN, 1), (TRAIN, 2), (VALIDATION, 2), (TRAIN, 3)]:
        log.write(record(kind, step))
    with file.open("a") as stream:
        stream.write('{"kind": "train", "st')
    JsonLines(file, Clock()).rewind(2)
    assert [(one["kind"], one["step"]) for one in read_records(file)] == [(VALIDATION, 0), (TRAIN, 1), (TRAIN, 2)]
    assert all(json.loads(line) for line in file.read_text().splitlines())
