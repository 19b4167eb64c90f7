"""Benchmarks in JSON lines become files with holes, and what is known to be wrong with them is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofloom.app.experiments.problems import problems
from proofloom.app.languages import LEAN
from proofloom.app.toml_records import BadInput
from proofloom.evaluation.statements.errata import faults, faulty
from proofloom.evaluation.statements.json_lines import StatementError, read_statements, write_statements


def row(name: str = "t", statement: str = "theorem t : 1 = 1 := by\n", **fields: object) -> str:
    given = {
        "name": name,
        "split": "test",
        "header": "import Mathlib\n\nopen Nat\n\n",
        "informal_prefix": "/-- One. -/\n",
    }
    return json.dumps({**given, "formal_statement": statement, "goal": "⊢ 1 = 1", **fields}) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "given.jsonl"


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("theorem t : 1 = 1 := by\n", "theorem t : 1 = 1 := by\n  sorry\n"),
        ("theorem t : 1 = 1 :=", "theorem t : 1 = 1 := by\n  sorry\n"),
        ("theorem t : 1 = 1 := by sorry", "theorem t : 1 = 1 := by sorry\n"),
        ("theorem t : 1 = 1 := sorry\n", "theorem t : 1 = 1 := sorry\n"),
        ("theorem t : 1 = 1", "theorem t : 1 = 1 := by\n  sorry\n"),
    ],
)
def test_a_statement_becomes_a_file_with_one_hole(file: Path, statement: str, wanted: str) -> None:
    file.write_text(row(statement=statement))
    (found,) = read_statements(file)
    assert (found.name, found.split) == ("t", "test")
    assert found.text == f"import Mathlib\n\nopen Nat\n\n/-- One. -/\n{wanted}"
    (hole,) = LEAN.source(found.text.encode(), None).holes
    assert (hole.path, hole.unsupported, len(hole.gaps)) == ("t", "", 1)


def test_names_are_unique_and_files_of_others_are_not_touched(file: Path, tmp_path: Path) -> None:
    file.write_text(row() + "\n" + row(header="import A\n") + row("u"))
    statements = read_statements(file)
    assert [one.name for one in statements] == ["t", "t_2", "u"]
    folder = tmp_path / "out" / "files"
    written = write_statements(statements, folder)
    assert written == write_statements(statements, folder) == [folder / f"{name}.lean" for name in ("t", "t_2", "u")]
    (folder / "u.lean").write_text("mine")
    (folder / "t.lean").unlink()
    with pytest.raises(StatementError, match=r"u\.lean: is there already"):
        write_statements(statements, folder)
    assert not (folder / "t.lean").exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no statement"),
        ("{", "line 1: is not JSON"),
        (row() + row(header=None), "line 2: field 'header': wanted a text, not None"),
        ("[]\n", "line 1: field 'name': wanted a text"),
        (row("../t"), "cannot be the name of a file"),
    ],
)
def test_what_is_no_benchmark_is_refused_in_one_line(file: Path, text: str, complaint: str) -> None:
    file.write_text(text)
    with pytest.raises(StatementError, match=complaint):
        read_statements(file)


def test_what_is_known_to_be_wrong_is_named_or_left_out(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(row("fine") + row("mathd_algebra_314"))
    assert problems(file, tmp_path / "all") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"2 files in {tmp_path / 'all'}"
    assert out[1].startswith("known to be wrong: mathd_algebra_314: 1 / 4 is computed in the natural numbers")
    assert problems(file, tmp_path / "right", without_faulty=True) == 0
    assert [path.name for path in (tmp_path / "right").iterdir()] == ["fine.lean"]
    with pytest.raises(BadInput, match="cannot be read"):
        problems(tmp_path / "none.jsonl", tmp_path / "x")


def test_faults_have_a_reason_and_a_source_and_are_those_of_one_assistant() -> None:
    assert len(faults("lean")) == 6
    assert all(fault.why and fault.source.startswith("https://") for fault in faults("lean").values())
    assert faults("rocq") == {}
    assert faulty("File:mathd_algebra_158", "lean") == faulty("mathd_algebra_158", "lean") is not None
    assert faulty("mathd_algebra_1", "lean") is None
