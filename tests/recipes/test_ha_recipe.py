"""The rows of recipes/ha_rocq: each differs from the flow row in what its first line says, and one command runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.app.experiments.train_settings import train_settings
from proofloom.models.neox import SIZES

RECIPES = Path(__file__).parents[2] / "recipes"
ROWS = {
    "plain": {("flow", "strength"): 0.0},
    "flow": {},
    "flat": {("flow", "decay"): False},
    "three": {("flow", "hierarchy"): "three"},
    "weak": {("flow", "strength"): 0.05},
    "strong": {("flow", "strength"): 0.2},
    "very-strong": {("flow", "strength"): 1.0},
    "two-layers": {("flow", "layers"): 2},
    "all-layers": {("flow", "layers"): "all"},
    "reversed": {("flow", "hierarchy"): "five-reversed"},
    "lines": {("reading", "levels"): "lines"},
    "paper-lines": {("reading", "levels"): "paper"},
    "tags": {("flow", "strength"): 0.0, ("reading", "tags"): True},
    "learned": {("flow", "learned"): True},
    "premises": {
        ("flow", "strength"): 0.0,
        ("reading", "hints"): 64,
        ("reading", "hints_from"): "bm25",
        ("limits", "prompt"): 192,
    },
}


def settings(row: str) -> dict[tuple[str, str], Any]:
    """The resolved settings, by table and field."""
    file = RECIPES / "ha_rocq" / f"{row}.toml"
    resolved = train_settings(file.read_text(), file.name, {"": {"split": "figures@1"}})
    resolved.fit.flow.weights(SIZES[resolved.size].layers)
    tables = tomllib.loads(resolved.toml)
    return {
        (name, field): value
        for name, table in tables.items()
        for field, value in (table.items() if isinstance(table, dict) else [("", table)])
    }


def test_every_row_is_there() -> None:
    assert {file.stem for file in (RECIPES / "ha_rocq").glob("*.toml")} == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_differs_from_the_paper_in_one_thing(row: str) -> None:
    flow, mine = settings("flow"), settings(row)
    assert {place: value for place, value in mine.items() if flow[place] != value} == ROWS[row]


def ran(home: Path, *arguments: str, **environment: str) -> tuple[int, list[list[str]], str]:
    """A copy of the script with a program that writes down what it is asked; exit status, questions, standard error."""
    shutil.copytree(RECIPES, home / "recipes")
    program = home / "bin" / "proofloom"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(home / 'asked')!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
        "print('split figures@1')\n"
    )
    program.chmod(0o755)
    (home / "library.sqlite").touch()
    given = {"BIN": str(program.parent), "DB": str(home / "library.sqlite"), "PATH": "/usr/bin:/bin", **environment}
    command = [str(home / "recipes" / "ha_rocq.sh"), *arguments]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60, check=False)
    asked = (home / "asked").read_text().splitlines() if (home / "asked").exists() else []
    return done.returncode, [json.loads(line) for line in asked], done.stderr


def test_one_command_trains_and_compares_a_row(tmp_path: Path) -> None:
    code, asked, error = ran(tmp_path, "two-layers", SEEDS="0 7", EPOCHS="0.1", MINIF2F="mini", LIMIT="20")
    assert (code, error) == (0, "")
    trained = [words for words in asked if words[0] == "train"]
    assert [words[words.index("--run") + 1] for words in trained] == [
        "ha-plain-0", "ha-plain-7", "ha-two-layers-0", "ha-two-layers-7",
    ]  # fmt: skip
    assert all(words[-2:] == ["--epochs", "0.1"] and "recipes/ha_rocq/" in words[4] for words in trained)
    compared = [words for words in asked if words[0] == "evaluate"]
    assert [words[words.index("--run") + 1] for words in compared] == ["ha-steps", "ha-proofs", "ha-minif2f"]
    names = [f"{arm}/{seed}=runs/ha-{arm}-{seed}/model" for arm in ("plain", "two-layers") for seed in (0, 7)]
    assert all(words[1:5] == names for words in compared)
    assert "--steps" in compared[0]
    assert compared[1][compared[1].index("--limit") + 1] == "20"
    assert compared[2][-10:-6] == ["--theorems", "mini", "--require", "Lia,Lra,Psatz"]


def test_the_baseline_alone_is_a_row_and_no_row_lists_them(tmp_path: Path) -> None:
    code, asked, _ = ran(tmp_path / "one", "plain", SEEDS="0")
    assert code == 0
    assert asked[-1][:2] == ["evaluate", "plain/0=runs/ha-plain-0/model"]
    assert [words[0] for words in asked].count("evaluate") == 2
    code, asked, error = ran(tmp_path / "two", "nothing")
    assert (code, asked) == (2, [])
    assert all(f"  {row}: " in error for row in ROWS)
