"""`doctor --record` with the Lean of a recording: what it records is what was played to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from proofloom.app.doctor.dialogue import record
from proofloom.app.toml_records import BadInput
from proofloom.assistants.doubles import player
from proofloom.assistants.session import AssistantError

RECORDING = Path(__file__).parents[2] / "assistants" / "doubles" / "dialogue-lean-4.35.0.jsonl"


def doctor(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:/usr/bin:/bin"}
    command = [sys.executable, "-m", "proofloom.app", "doctor", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_dialogue_is_written_with_the_imports_of_a_file(tmp_path: Path) -> None:
    player.install(tmp_path / "bin", RECORDING)
    (tmp_path / "Own.lean").write_text("prelude\nimport ProofCore\n\ntheorem t : True := trivial\n")
    done = doctor(tmp_path, "--record", "mine.jsonl", "--like", "Own.lean")
    assert done.returncode == 0, done.stderr
    first, *lines, last = done.stdout.splitlines()
    assert first.startswith("Lean 4.35.0") and last.startswith("written to mine.jsonl")
    assert [line.split()[2] for line in lines][:3] == ["(opening)", "left", "constructor"]
    assert "timeout" in lines[7] and lines[9].endswith("no goals")
    written = [(turn.version, turn.text) for turn in player.read(tmp_path / "mine.jsonl")[1]]
    assert written == [(turn.version, turn.text) for turn in player.read(RECORDING)[1]]
    text = (tmp_path / "mine.jsonl").read_text("utf-8")
    assert str(tmp_path) not in text and json.loads(text.splitlines()[0])["lean"] == "4.35.0"


def test_a_dialogue_that_cannot_be_held_says_why(tmp_path: Path) -> None:
    played = player.install(tmp_path / "bin", RECORDING)
    with pytest.raises(AssistantError, match="the recording has no answer to this text"):
        list(record(tmp_path / "mine.jsonl", None, lambda: played))
    with pytest.raises(BadInput, match="No such file"):
        list(record(tmp_path / "no" / "folder.jsonl", None, lambda: played))
    with pytest.raises(BadInput, match="No such file"):
        list(record(tmp_path / "mine.jsonl", tmp_path / "Own.lean", lambda: played))


def test_a_dialogue_that_stops_half_way_is_an_error(tmp_path: Path) -> None:
    head, *lines = RECORDING.read_text("utf-8").splitlines()
    position = next(n for n, line in enumerate(lines) if json.loads(line)["message"].get("id") == 3)
    (tmp_path / "cut.jsonl").write_text("\n".join([head, *lines[:position]]), "utf-8")
    played = player.install(tmp_path / "bin", tmp_path / "cut.jsonl")
    (tmp_path / "Own.lean").write_text("prelude\nimport ProofCore\n")
    with pytest.raises(AssistantError, match="stopped after 2 of 9 tactics"):
        list(record(tmp_path / "mine.jsonl", tmp_path / "Own.lean", lambda: played))
