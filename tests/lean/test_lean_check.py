"""`proofloom check` on Lean files with the real Lean and the real kernel's replay."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_lean import HEADER

REFERENCE = (
    HEADER + "def two : Nat := 2\ntheorem a : two = 2 := sorry\nnamespace M\ntheorem b : True := by sorry\nend M\n"
)
GOOD = REFERENCE.replace(":= sorry", ":= rfl").replace("by sorry", "by trivial")


@pytest.fixture
def folder(tmp_path: Path, lean: Path) -> Path:
    (tmp_path / "Ref.lean").write_text(REFERENCE)
    (tmp_path / "Good.lean").write_text(GOOD)
    (tmp_path / "Half.lean").write_text(REFERENCE.replace(":= sorry", ":= rfl"))
    (tmp_path / "Other.lean").write_text(GOOD.replace("two : Nat := 2", "two : Nat := 1 + 1"))
    (tmp_path / "bin").mkdir()
    for program in (lean, lean.with_name("leanchecker")):
        shutil.copy(program, tmp_path / "bin")
    return tmp_path


def check(folder: Path, *arguments: str, replay: bool = True) -> tuple[int, list[dict[str, object]], str]:
    if not replay:
        (folder / "bin" / "leanchecker").unlink()
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    command = [sys.executable, "-m", "proofloom.app", "check", "--json", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=240, check=False
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_every_hole_of_the_reference_is_asked_about(folder: Path) -> None:
    code, verdicts, _ = check(folder, "Ref.lean", "Good.lean")
    assert code == 0
    assert [(v["theorem"], v["accepted"], v["level"]) for v in verdicts] == [("a", True, 4), ("M.b", True, 4)]


def test_what_is_refused_says_why(folder: Path) -> None:
    code, verdicts, _ = check(folder, "Ref.lean", "Half.lean", "--theorem", "b")
    assert (code, [v["outcome"] for v in verdicts]) == (1, ["incomplete"])
    code, verdicts, _ = check(folder, "Ref.lean", "Other.lean", "--theorem", "a")
    assert (code, [v["outcome"] for v in verdicts]) == (1, ["wrong_statement"])
    code, verdicts, error = check(folder, "Ref.lean", "Good.lean", "--theorem", "c")
    assert (code, verdicts) == (2, [])
    assert "it states a, M.b" in error


def test_without_the_replay_nothing_is_accepted(folder: Path) -> None:
    code, verdicts, _ = check(folder, "Ref.lean", "Good.lean", "--theorem", "a", replay=False)
    assert code == 2
    assert [(v["outcome"], v["level"]) for v in verdicts] == [("not_checked", 2)]
    assert "leanchecker" in str(verdicts[0]["reason"])
