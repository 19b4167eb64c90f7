"""Dialogues with the real Lean, recorded: the session is not disturbed, the file has no folder of the user."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from small_lean import HEADER

from proofloom.assistants.doubles import player
from proofloom.assistants.doubles.dialogue import Heard, hold
from proofloom.assistants.doubles.recorder import RecordedLean, Recording
from proofloom.assistants.lean.process import WorkerLimits
from proofloom.assistants.lean.session import Lean, SessionLimits
from proofloom.assistants.lean.toolchain import LeanToolchain
from proofloom.proofs import Step, Theorem

LIMITS = SessionLimits(load_seconds=60, worker=WorkerLimits(grace_seconds=2.0))


def told(heard: list[Heard]) -> list[tuple[str, str]]:
    return [(one.tactic, one.answer) for one in heard]


def test_a_recorded_dialogue_is_the_dialogue(toolchain: LeanToolchain, tmp_path: Path) -> None:
    file, place = tmp_path / "dialogue.jsonl", tmp_path / "Trial.lean"
    with Lean(toolchain, LIMITS) as lean:
        plain = told(list(hold(lean, HEADER, place)))
    recording = Recording(file, toolchain)
    with RecordedLean(toolchain, recording, LIMITS) as lean:
        recorded = told(list(hold(lean, HEADER, place)))
    recording.close()
    assert recorded == plain
    with Lean(player.install(tmp_path / "player", file), LIMITS) as lean:
        assert told(list(hold(lean, HEADER, place))) == plain
    text = file.read_text("utf-8")
    for hidden in (str(tmp_path), str(Path.home()), str(Path(toolchain.lean).parent)):
        assert hidden not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0]["lean"] == "4.35.0"
    times = [line["at"] for line in lines[1:]]
    assert times == sorted(times) and times[-1] < 120


@pytest.mark.parametrize("found_in", ["writing", "either"])
def test_a_process_that_is_killed_is_an_end_in_the_recording(
    toolchain: LeanToolchain, tmp_path: Path, found_in: str
) -> None:
    recording = Recording(tmp_path / "dialogue.jsonl", toolchain)
    theorem = Theorem("t", "theorem t (p : Prop) : p → p := by", before=HEADER, file=tmp_path / "T.lean", ending="")
    with RecordedLean(toolchain, recording, LIMITS) as lean:
        session = lean.open(theorem)
        os.kill(session.process_id, signal.SIGKILL)
        while found_in == "writing" and " Z " not in Path(f"/proc/{session.process_id}/stat").read_text():
            time.sleep(0.01)
        assert isinstance(session.apply(session.root, "intro h", 30), Step)
        session.close()
    recording.close()
    lines = [json.loads(line) for line in (tmp_path / "dialogue.jsonl").read_text("utf-8").splitlines()]
    assert [line["worker"] for line in lines if line.get("ended")] == [1]
    assert {line["worker"] for line in lines[1:]} == {1, 2}
