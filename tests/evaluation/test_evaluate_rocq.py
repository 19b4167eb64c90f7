"""The verb `evaluate` from models to tables, with Rocq and the gate: files with holes, and theorems of a library."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from toy_models import taught_folder

from proofloom.app.cli import main
from proofloom.app.experiments.evaluate import INTERRUPTED, evaluate
from proofloom.app.toml_records import BadInput
from proofloom.corpus.library import Library
from proofloom.corpus.splits.splits import SplitSettings, divide
from proofloom.evaluation.contest_rows import AttemptRow, ContestRows

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
pytestmark = pytest.mark.rocq

FILES = {
    "truth.v": "Theorem truth : True.\nProof.\nAdmitted.\n",
    "one.v": "Theorem one : 1 = 1.\nProof.\nAdmitted.\n",
    "false.v": "Theorem false : 1 = 2.\nProof.\nAdmitted.\n",
    "broken.v": "Definition oops := nowhere.\nTheorem broken : True.\nProof.\nAdmitted.\n",
}
KNOWS_ONE = {"⊢ True": "exact I", "⊢ 1 = 1": "exact I", "⊢ 1 = 2": "exact I"}
KNOWS_BOTH = {**KNOWS_ONE, "⊢ 1 = 1": "reflexivity"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Problems, and two models of which the second knows more."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "problems").mkdir()
    for name, text in FILES.items():
        (folder / "problems" / name).write_text(text)
    taught_folder(folder / "less", 0, KNOWS_ONE)
    taught_folder(folder / "more", 0, KNOWS_BOTH)
    return folder


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to run in."""
    monkeypatch.chdir(tmp_path)
    for entry in home.iterdir():
        (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


MODELS = ["less/0=less", "more/0=more"]


def run(**options: Any) -> int:
    given = {"run": "r", "theorems": [Path("problems")], "candidates": "1,2", "seconds": 5.0, "expansions": 4}
    return evaluate(MODELS, **{**given, **options})


def cells(text: str) -> dict[tuple[str, int], list[int]]:
    """By strategy and K, how many theorems each contestant solved."""
    return {
        (cell["strategy"], cell["candidates"]): [one["solved"] for one in cell["contestants"]]
        for cell in json.loads(text)["findings"]
    }


def test_models_are_compared_by_what_the_gate_accepts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(as_json=True) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["solved_means"] == "proved"
    solved = cells(said.out)
    assert solved["best-first", 1] == [1, 2]
    assert set(solved) == {(name, count) for name in ("best-first", "single-pass") for count in (1, 2)}
    cell = found["findings"][0]
    assert (cell["theorems"], cell["unsupported"]) == (3, 1)
    assert cell["comparisons"][0]["difference"]["value"] == pytest.approx(1 / 3)
    assert "24 of 24 attempts" in said.err
    with ContestRows(here / "runs/r/contest.sqlite") as rows:
        made = rows.attempts()
        assert len(made) == len({row.key for row in made}) == 4 * 2 * 3
        for row in made:
            assert (row.outcome == "proved") == (row.verdict is not None and row.verdict["accepted"])
            assert row.outcome == "unsupported" or row.tokens_read > 0
    assert run(as_json=True) == 0
    again = capsys.readouterr()
    assert again.out == said.out
    assert again.err == ""


def test_the_command_of_the_page_works(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text("utf-8")
    for name, model in (("plain-0", "less"), ("flow-0", "more")):
        (here / "runs" / name).mkdir(parents=True)
        (here / "runs" / name / "model").symlink_to(here / model)
    (command,) = [line for line in re.findall(r"^\$ (.*)$", page, re.MULTILINE) if "--theorems" in line]
    program, *arguments = shlex.split(command)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert (program, left.value.code) == ("proofloom", 0)
    told = capsys.readouterr().out
    assert "best-first, 4 candidates a state: 3 theorems; 1 that do not load are left out" in told
    assert "flow against plain" in told


def test_without_the_gate_the_word_is_found(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(no_gate=True, strategy="best-first", candidates="1", limit=3, jobs=2) == 0
    told = capsys.readouterr().out
    assert " found " in told
    assert "proved" not in told
    with pytest.raises(BadInput, match=r"started with gate = False, now it is True; use another --run$"):
        run()


def test_ctrl_c_keeps_the_attempts_that_were_made(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add, made = ContestRows.add_attempt, list[str]()

    def interrupting(self: ContestRows, row: AttemptRow, ended_at: float) -> None:
        add(self, row, ended_at)
        made.append(row.outcome)
        if len(made) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(ContestRows, "add_attempt", interrupting)
    options = {"strategy": "best-first", "candidates": "1", "no_gate": True}
    assert run(**options) == INTERRUPTED
    said = capsys.readouterr()
    assert "interrupted; the same command with --run r goes on from here" in said.err
    assert "best-first, 1 candidates a state: " in said.out
    assert run(**options) == 0
    assert len(made) == 8


DEVELOPMENT = """Theorem truth : True.
Proof. exact I. Qed.
Theorem one : 1 = 1.
Proof. reflexivity. Qed.
Theorem needs : True.
Proof. exact truth. Qed.
Theorem other : 1 = 1.
Proof. reflexivity. Qed.
"""


def test_theorems_of_a_library_are_proved_at_their_own_place(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "dev").mkdir()
    (here / "dev" / "F.v").write_text(DEVELOPMENT)
    with pytest.raises(SystemExit) as left:
        main(["trace", "dev", "--out", "library.sqlite"])
    assert left.value.code == 0
    settings = SplitSettings(val=2, test=0)
    with Library.open("library.sqlite", create=False) as library:
        members = library.members()
        library.add_split("toy", divide(members, settings), settings, date(2026, 11, 29))
        held = [one.full_name for one in library.theorems(split="toy", part="val")]
    assert len(held) == 2
    capsys.readouterr()
    options = {"theorems": None, "db": "library.sqlite", "split": "toy", "candidates": "1"}
    assert run(**options, strategy="best-first", as_json=True) == 0
    cell = json.loads(capsys.readouterr().out)["findings"][0]
    assert (cell["theorems"], cell["unsupported"]) == (2, 0)
    with ContestRows(here / "runs/r/contest.sqlite") as rows:
        assert {row.theorem for row in rows.attempts()} == set(held)
        assert all(row.outcome == "proved" for row in rows.attempts() if row.contestant == "more/0")
    (here / "dev" / "F.v").write_text(DEVELOPMENT + "\n")
    assert run(**options, run="changed", strategy="best-first", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["unsupported"] == 2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"candidates": "1,x"}, "--candidates 1,x: wanted numbers from 1 up"),
        ({"candidates": ""}, "--candidates : wanted numbers from 1 up"),
        ({"strategy": "depth-first"}, "unknown --strategy 'depth-first'; valid: best-first, single-pass"),
        ({"seconds": 0.0}, "budget seconds=0.0: wanted a number above 0"),
        ({"theorems": [Path("none")]}, "--theorems none: no such file or folder"),
        ({"require": "Nope"}, "--require Nope: the standard library"),
        ({"axioms": "magic"}, "magic"),
        ({"steps": True}, "--steps: the holes of --theorems have no tactics that people wrote"),
        ({"theorems": None, "require": "Lia"}, "--require: theorems of a library keep the imports of their files"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(here: Path, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadInput) as caught:
        run(**options)
    assert complaint in str(caught.value)
    assert not (here / "runs").exists()
