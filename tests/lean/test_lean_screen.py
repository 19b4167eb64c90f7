"""Screening with the real Lean: contradictory, false and trivial problems are found, and the gate has seen why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from small_lean import HEADER

from proofloom.app.languages import LEAN
from proofloom.app.screening.screen import ScreenRequest, screen_files
from proofloom.app.toml_records import BadInput
from proofloom.assistants.lean.moves import introduction
from proofloom.assistants.lean.text.negation import negated
from proofloom.assistants.negation import NoNegation
from proofloom.proofs import Goal

PROBLEMS = """\
theorem behind_arrows (p q : Prop) : p → ¬p → q := by
  sorry
/-- A comment. -/
theorem wrong (n : Nat) : n + 0 = n + 1 := by
  sorry
theorem negative : ¬(1 = 2) := by
  sorry
theorem mathd_algebra_314 : 2 + 2 = 4 := by
  sorry
"""


@pytest.fixture
def place(lean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with Lean on the path."""
    monkeypatch.setenv("PATH", f"{lean.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "P.lean").write_text(HEADER + PROBLEMS, encoding="utf-8")
    return tmp_path


def test_each_problem_has_its_finding_and_a_row(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = place / "rows.jsonl"
    request = ScreenRequest((Path("P.lean"),), seconds=4.0, out=rows, as_json=True)
    assert screen_files(request, print) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told == [json.loads(line) for line in rows.read_text().splitlines()]
    assert {row["theorem"]: row["finding"] for row in told} == {
        "behind_arrows": "contradictory",
        "wrong": "refuted",
        "mathd_algebra_314": "trivial",
        "negative": "open",
    }
    assert all(row[row["finding"]]["level"] == 4 for row in told if row["finding"] != "open")
    by_name = {row["theorem"]: row for row in told}
    assert "exfalso" in by_name["behind_arrows"]["contradictory"]["script"]
    assert by_name["negative"]["contradictory"]["reason"] == "it assumes nothing"
    assert [name for name, row in by_name.items() if row["known"]] == ["mathd_algebra_314"]
    rows.write_text("".join(rows.read_text().splitlines(keepends=True)[:-1]))
    assert screen_files(request, print) == 0
    assert [json.loads(line)["theorem"] for line in capsys.readouterr().out.splitlines()] == ["mathd_algebra_314"]


def test_a_file_of_other_rows_is_not_written_to(place: Path) -> None:
    (place / "rows.jsonl").write_text('{"name": "x"}\n')
    with pytest.raises(BadInput, match="line 1 is not a row of `screen`"):
        screen_files(ScreenRequest((Path("P.lean"),), out=Path("rows.jsonl")), print)


def stated(text: str) -> str:
    """The line that states the negation of the first hole of a file."""
    source = LEAN.source(text.encode(), None)
    found = negated(source.data, None, source.holes[0])
    after = found.data.decode()
    (line,) = (line for line in after.split("\n") if "_negated" in line)
    assert found.path.endswith("_negated")
    assert [hole.path for hole in LEAN.source(found.data, None).holes] == [found.path, source.holes[0].path]
    return line


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("theorem t : p ∨ q := by sorry", "theorem t_negated : ¬ (p ∨ q) := by"),
        (
            "@[simp] theorem t (n : Nat) {m : Nat} [inst : Foo m] (h : n = m) : n < m := by sorry",
            "theorem t_negated : ¬ (∀ (n : Nat) {m : Nat} [inst : Foo m] (h : n = m), n < m) := by",
        ),
        ("lemma t (h : ∀ x : A, p x) : q :=\n  sorry", "theorem t_negated : ¬ (∀ (h : ∀ x : A, p x), q) := by"),
        ("namespace M\ntheorem t : p := sorry\nend M", "theorem t_negated : ¬ (p) := by"),
    ],
)
def test_the_negation_is_stated_before_the_theorem(statement: str, line: str) -> None:
    assert stated(statement + "\n") == line


@pytest.mark.parametrize("text", ["def t : Nat := by sorry\n", "theorem t.{u} (A : Type u) : p := by sorry\n"])
def test_what_is_no_theorem_has_no_negation(text: str) -> None:
    source = LEAN.source(text.encode(), None)
    with pytest.raises(NoNegation):
        negated(source.data, None, source.holes[0])


@pytest.mark.parametrize(
    ("conclusion", "tactic"),
    [("∀ (n m : Nat), n = m", "intro n"), ("∀ {p : Prop}, p", "intro p"), ("p → q", "intro h")],
)
def test_variables_keep_their_names(conclusion: str, tactic: str) -> None:
    assert introduction(Goal((), conclusion)) == tactic
