"""`prove` on Lean files with the real Lean and its kernel: what a user sees, and what is never lost."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from command import Running, proofloom
from small_lean import HEADER

from proofloom.app.languages import LEAN, ROCQ
from proofloom.app.proving.prove import policy_for
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.toml_records import BadInput

SECONDS = "100"
EASY = "theorem easy (p : Prop) (h : p) : p := sorry\n"
EASY_DONE = "theorem easy (p : Prop) (h : p) : p := by\n  assumption\n"
FALSE = "theorem wrong (p q : Prop) (h : p ∨ q) : p := sorry\n"

HOLES = """
-- A term, with several goals on the way.
theorem swap (p q : Prop) : p ∧ q → q ∧ p := sorry

theorem half (p q : Prop) (h : p ∧ q) : q ∧ p := by
  constructor
  · sorry
  · admit -- here

theorem turn (p q : Prop) (h : p ∨ q) : q ∨ p := turned h
where
  turned (h : p ∨ q) : q ∨ p := sorry

namespace Numbers
theorem zero_plus (n : Nat) : 0 + n = n := by
  sorry
end Numbers
"""


@pytest.fixture
def path(lean: Path) -> dict[str, str]:
    """The variables of a process that finds the small Lean."""
    return {"PATH": f"{lean.parent}:{os.environ['PATH']}"}


def put(folder: Path, text: str, name: str = "F.lean") -> Path:
    (folder / name).write_text(HEADER + text, encoding="utf-8")
    return folder / name


def test_holes_of_every_kind_are_filled_and_judged(tmp_path: Path, path: dict[str, str]) -> None:
    file = put(tmp_path, HOLES)
    before = file.read_bytes()
    done = proofloom("prove", "F.lean", "--json", "--output", "out", "--time", SECONDS, cwd=tmp_path, env=path)
    assert done.code == 0, done
    assert done.outcomes == dict.fromkeys(("swap", "half", "turn", "Numbers.zero_plus"), "proved")
    assert all(item["verdict"]["level"] == 4 for item in done.objects)
    assert file.read_bytes() == before
    filled = (tmp_path / "out" / "F.lean").read_text("utf-8")
    assert "sorry" not in filled and "admit" not in filled and "-- here" in filled
    assert "    | zero => rfl" not in filled and "  | zero => rfl\n  | succ n ih => " in filled
    assert "turned (h : p ∨ q) : q ∨ p := by\n    " in filled


def test_a_run_goes_on_where_it_stopped_and_has_a_page(tmp_path: Path, path: dict[str, str]) -> None:
    put(tmp_path, EASY + FALSE)
    arguments = ("prove", "F.lean", "--run", "one", "--policy", "list", "--json", "--write", "--config", "c.toml")
    (tmp_path / "c.toml").write_text("[budget]\nseconds = 100\ntactics = 30\n")
    first = proofloom(*arguments, cwd=tmp_path, env=path)
    assert (first.code, first.outcomes) == (1, {"easy": "proved", "wrong": "out_of_budget"})
    assert (tmp_path / "F.lean").read_text("utf-8") == HEADER + EASY_DONE + FALSE
    again = proofloom(*arguments, cwd=tmp_path, env=path)
    assert again.outcomes == {"wrong": "out_of_budget"}
    assert "[1/" not in again.error
    page = (tmp_path / "runs" / "one" / "report.html").read_text("utf-8")
    assert "<pre>assumption</pre>" in page and "wrong" in page and "level 4" in page


def test_people_see_the_proof(tmp_path: Path, path: dict[str, str]) -> None:
    put(tmp_path, EASY)
    done = proofloom("prove", "F.lean", "--time", SECONDS, cwd=tmp_path, env=path)
    assert done.code == 0
    assert "F.lean:3: easy: proved in" in done.out
    assert "accepted by the gate at level 4" in done.out and "    assumption" in done.out
    assert "without" not in done.error, "nobody has named the model that is left out"
    named = proofloom("prove", "F.lean", "--time", SECONDS, "--policy", "list/model", cwd=tmp_path, env=path)
    assert "Lean files: without model, which know" in named.error


def test_without_leanchecker_nothing_is_proved_or_written(tmp_path: Path, lean: Path) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy(lean, tmp_path / "bin")
    file = put(tmp_path, EASY)
    here = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    done = proofloom("prove", "F.lean", "--write", "--json", "--time", SECONDS, cwd=tmp_path, env=here)
    (found,) = done.objects
    assert (done.code, found["outcome"], found["proof"]) == (1, "rejected", ["assumption"])
    assert found["reason"].startswith("not checked to the end: checker: no program leanchecker")
    assert (found["verdict"]["outcome"], found["verdict"]["level"]) == ("not_checked", 2)
    assert "no program leanchecker" in done.error.splitlines()[0]
    assert file.read_text("utf-8") == HEADER + EASY


@pytest.mark.rocq
def test_files_of_both_assistants_in_one_run(tmp_path: Path, path: dict[str, str]) -> None:
    put(tmp_path, EASY + EASY.replace("easy", "again"))
    (tmp_path / "G.v").write_text("Lemma simple : True.\nAdmitted.\n")
    done = proofloom("prove", ".", "--json", "--workers", "2", "--time", SECONDS, cwd=tmp_path, env=path)
    assert (done.code, done.outcomes) == (0, dict.fromkeys(("easy", "again", "simple"), "proved"))


def test_ctrl_c_keeps_what_is_proved(tmp_path: Path, path: dict[str, str]) -> None:
    put(tmp_path, EASY + FALSE)
    run = Running("prove", "F.lean", "--write", "--time", "300", "--json", cwd=tmp_path, env=path)
    run.until("easy: proved")
    run.send(signal.SIGINT)
    done = run.end()
    assert (done.code, done.outcomes) == (130, {"easy": "proved"})
    assert (tmp_path / "F.lean").read_text("utf-8") == HEADER + EASY_DONE + FALSE


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--theorem", "esay"], "--theorem esay: is not a theorem here; the holes are easy"),
        (["--require", "Lia"], "--require Lia: is not for Lean; write the imports into F.lean"),
        (["--policy", "model"], "policy model: knows nothing of Lean; name list, or a --model for it"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, path: dict[str, str], arguments: list[str], complaint: str) -> None:
    put(tmp_path, EASY)
    assert complaint in proofloom("prove", "F.lean", *arguments, cwd=tmp_path, env=path).complaint


def test_without_lean_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    put(tmp_path, EASY)
    done = proofloom("prove", "F.lean", cwd=tmp_path, env={"PATH": str(tmp_path)})
    assert "Lean is not installed" in done.complaint and "elan" in done.complaint


def test_the_model_that_learned_from_rocq_is_left_out_for_lean() -> None:
    mixed = ProveSettings(policy="2*knn+premises+model+0.5*list")
    assert policy_for(LEAN, mixed) == ("2*knn+premises+0.5*list", ("model",))
    assert policy_for(LEAN, ProveSettings(policy="model+list", model="folder")) == ("model+list", ())
    assert policy_for(LEAN, ProveSettings(policy="list/model")) == ("list", ("model",))
    assert policy_for(ROCQ, mixed) == (mixed.policy, ())
    with pytest.raises(BadInput, match="policy model: knows nothing of Lean"):
        policy_for(LEAN, ProveSettings(policy="model"))
