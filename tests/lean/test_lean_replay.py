"""The replay of the small Lean: the kernel sees every declaration of a compiled file, and of what it imports."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from small_lean import HEADER

GOOD = "theorem t : 12344 + 1 = 12345 := rfl\n"


def compiled(lean: Path, folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.lean").write_text(text, encoding="utf-8")
    command = (str(lean), "-o", f"{name}.olean", f"{name}.lean")
    subprocess.run(command, cwd=folder, env=variables(folder), check=True, timeout=60)
    return folder / f"{name}.olean"


def variables(folder: Path) -> dict[str, str]:
    return {**os.environ, "LEAN_PATH": str(folder)}


def replayed(lean: Path, folder: Path, module: str) -> tuple[int, str]:
    command = (str(lean.with_name("leanchecker")), module)
    done = subprocess.run(command, env=variables(folder), capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_an_honest_file_is_replayed_with_all_below_it(lean: Path, tmp_path: Path) -> None:
    compiled(lean, tmp_path, "A", HEADER + GOOD)
    compiled(lean, tmp_path, "B", "prelude\nimport A\ntheorem u : 12344 + 1 = 12345 := t\n")
    code, said = replayed(lean, tmp_path, "B")
    assert code == 0
    assert said.endswith(" declarations replayed\n") and int(said.split()[0]) > 800


def test_a_compiled_file_that_was_changed_is_refused(lean: Path, tmp_path: Path) -> None:
    file = compiled(lean, tmp_path, "A", HEADER + GOOD)
    number, other = ((2 * n + 1).to_bytes(8, "little") for n in (12344, 12343))
    assert replayed(lean, tmp_path, "A")[0] == 0
    file.write_bytes(file.read_bytes().replace(number, other))
    code, said = replayed(lean, tmp_path, "A")
    assert code == 1
    assert "while replaying declaration 't'" in said


@pytest.mark.parametrize("module", ["Nowhere", "A B"])
def test_a_module_that_is_not_there_is_refused(lean: Path, tmp_path: Path, module: str) -> None:
    code, said = replayed(lean, tmp_path, module)
    assert code == 1
    assert f"no compiled file for the module {module}" in said
