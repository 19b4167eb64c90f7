"""Tracing Lean files with the real Lean: the steps are those of the author, and what fails is reported."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_lean import HEADER

from proofloom.app.libraries.trace import TraceRequest, trace_library
from proofloom.app.toml_records import BadInput
from proofloom.assistants.lean.mentions import mentions, place_of
from proofloom.assistants.lean.modules import imported, module_name
from proofloom.assistants.lean.process import LeanWorker, WorkerLimits
from proofloom.assistants.lean.text.lexing import code
from proofloom.assistants.lean.text.outline import Lines
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.assistants.lean.trace import FileRefused, LeanFileTracer, LeanProof, LeanTrace, TraceSeconds
from proofloom.corpus.entries import StepEntry
from proofloom.corpus.exchange.leandojo import import_leandojo
from proofloom.corpus.exchange.leandojo_export import export_leandojo
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.splits.splits import SplitSettings, divide
from proofloom.proofs import Goal

DAY = date(2026, 11, 29)
BASE = """\
namespace Base
/-- Weakening. -/
theorem weaker (p q : Prop) (h : p) : p ∨ q := Or.inl h
def twice (n : Nat) : Nat := n + n
set_option genInjectivity false
set_option genSizeOf false
set_option genCtorIdx false
set_option bootstrap.inductiveCheckResultingUniverse false
inductive Colour where
  | red
  | green (n : Nat) : Colour
theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  cases h with
  | intro a b =>
    have c : p ∨ q := by
      exact weaker p q a
    exact ⟨b, a⟩
end Base
"""
PROOFS = """\
open Base
theorem zero_plus (n : Nat) : 0 + n = n := by
  induction n with
  | zero => rfl
  | succ n ih => exact congrArg Nat.succ ih.symm.symm
theorem pairs (p q : Prop) (x : p) (y : q) : (p ∧ q) ∧ p := by
  constructor -- a comment
  · constructor <;> assumption
  · exact x
theorem cases_ (p q : Prop) (x : p ∨ q) : q ∨ p := by
  cases x
  case inl h => right; exact h
  case inr h =>
    left
    exact h
theorem stated (p q : Prop) (x : p) : p ∨ q := by
  have y : p := by exact x
  have z : p ∨ q := by
    have w : p := by exact y
    exact weaker p q w
  exact z
theorem every (p : Prop) : p → p := fun h => by
  have q : p := by exact h
  all_goals exact q
theorem used (p q : Prop) (h : p ∧ q) : q ∧ p := by exact swap p q h
theorem open_ (p : Prop) : p := by
  sorry
theorem leaves (p q : Prop) (x : p) (y : q) : p ∧ q := by
  constructor <;> skip
  exact x
  exact y
example (p : Prop) (h : p) : p := by exact h
"""


@pytest.fixture(scope="module")
def traced(toolchain: LeanToolchain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, LeanTrace]]:
    """The trace of both parts in one file."""
    file = tmp_path_factory.mktemp("trace") / "All.lean"
    file.write_text(HEADER + BASE + PROOFS, encoding="utf-8")
    with LeanFileTracer(toolchain, TraceSeconds(60, 20)) as tracer:
        yield file, tracer.trace(file)


def proof(trace: LeanTrace, name: str) -> LeanProof:
    (found,) = (one for one in trace.proofs if one.name == name)
    return found


def told(found: LeanProof) -> list[tuple[str, str, str]]:
    """First conclusion, tactic, and the conclusions afterwards."""
    return [
        (step.before.goals[0].conclusion, step.tactic, "; ".join(goal.conclusion for goal in step.after.goals))
        for step in (one.step for one in found.steps)
    ]


def test_blocks_become_steps_on_first_goals(traced: tuple[Path, LeanTrace]) -> None:
    _, trace = traced
    assert told(proof(trace, "zero_plus")) == [
        ("0 + n = n", "induction n with\n| zero => ?_\n| succ n ih => ?_", "0 + 0 = 0; 0 + (n + 1) = n + 1"),
        ("0 + 0 = 0", "rfl", ""),
        ("0 + (n + 1) = n + 1", "exact congrArg Nat.succ ih.symm.symm", ""),
    ]
    assert [tactic for _, tactic, _ in told(proof(trace, "pairs"))] == [
        "constructor", "constructor", "assumption", "assumption", "exact x",
    ]  # fmt: skip
    assert [tactic for _, tactic, _ in told(proof(trace, "cases_"))] == [
        "cases x", "rename_i h", "right", "exact h", "rename_i h", "left", "exact h",
    ]  # fmt: skip
    assert told(proof(trace, "stated")) == [
        ("p ∨ q", "have y : p := ?_", "p ∨ q; p"),
        ("p ∨ q", "have z : p ∨ q := ?_", "p ∨ q; p ∨ q"),
        ("p ∨ q", "exact z", ""),
        ("p ∨ q", "have w : p := ?_", "p ∨ q; p"),
        ("p ∨ q", "exact weaker p q w", ""),
        ("p", "exact y", ""),
        ("p", "exact x", ""),
    ]


def test_what_cannot_be_taken_apart_stays_whole(traced: tuple[Path, LeanTrace]) -> None:
    _, trace = traced
    every = proof(trace, "every")
    assert [tactic for _, tactic, _ in told(every)] == ["have q : p := by exact h", "all_goals exact q"]
    assert [tactic for _, tactic, _ in told(proof(trace, "leaves"))] == ["constructor <;> skip", "exact x", "exact y"]
    assert (trace.counts.again, trace.counts.whole) == (1, 1)


def test_every_step_begins_at_a_goal_that_the_editor_shows_there(
    traced: tuple[Path, LeanTrace], toolchain: LeanToolchain
) -> None:
    file, trace = traced
    worker = LeanWorker(toolchain, LeanSettings(file.parent), WorkerLimits(memory_mib=1500))
    worker.check(trace.text, 60)
    lines = Lines(trace.text)
    asked = 0
    for found in trace.proofs:
        for step in (one.step for one in found.steps if one.step.spans):
            place = place_of(trace.text, lines, step.spans[0][0])
            shown = [Goal.parse(text) for text in worker.ask("$/lean/plainGoal", place, 20)["goals"]]
            goals = [(goal.hypotheses, goal.conclusion) for goal in shown]
            assert (step.before.goals[0].hypotheses, step.before.goals[0].conclusion) in goals, step
            asked += 1
    worker.kill()
    assert asked > 25


def test_names_in_tactics_mean_constants(traced: tuple[Path, LeanTrace]) -> None:
    _, trace = traced
    names = {one.step.tactic: one.names for found in trace.proofs for one in found.steps}
    assert names["exact congrArg Nat.succ ih.symm.symm"] == ("congrArg", "Nat.succ", "Eq.symm")
    assert names["exact weaker p q a"] == ("Base.weaker",)
    assert names["exact swap p q h"] == ("Base.swap",)
    assert names["assumption"] == names["exact x"] == names["induction n with\n| zero => ?_\n| succ n ih => ?_"] == ()


def test_declarations_have_kinds_statements_and_places(traced: tuple[Path, LeanTrace]) -> None:
    _, trace = traced
    found = [(one.full_name, one.kind, one.statement) for one in trace.declarations[:6]]
    assert found == [
        ("Base.weaker", "theorem", "theorem weaker (p q : Prop) (h : p) : p ∨ q"),
        ("Base.twice", "definition", "def twice (n : Nat) : Nat := n + n"),
        ("Base.Colour", "inductive", "inductive Colour where\n  | red\n  | green (n : Nat) : Colour"),
        ("Base.Colour.red", "constructor", "red"),
        ("Base.Colour.green", "constructor", "green (n : Nat) : Colour"),
        ("Base.swap", "theorem", "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p"),
    ]
    assert all(trace.text[one.start :].startswith(("theorem", "def", "inductive", "red", "green", "example"))
               for one in trace.declarations)  # fmt: skip
    assert trace.imports == ("ProofCore",)


def test_holes_terms_and_examples(traced: tuple[Path, LeanTrace]) -> None:
    _, trace = traced
    assert (proof(trace, "open_").admitted, proof(trace, "open_").steps) == (True, ())
    weaker = proof(trace, "Base.weaker")
    assert (weaker.admitted, weaker.steps, weaker.tactics) == (False, (), 0)
    (example,) = (found for found in trace.proofs if found.keyword == "example")
    assert example.name == f"_example.{trace.text.count(chr(10), 0, example.start) + 1}"
    assert [one.step.tactic for one in example.steps] == ["exact h"]
    assert not any(one.full_name == example.name for one in trace.declarations)


def test_a_proof_that_does_not_run_tactic_by_tactic_has_no_steps(toolchain: LeanToolchain, tmp_path: Path) -> None:
    file = tmp_path / "A.lean"
    file.write_text(
        HEADER + "mutual\ntheorem a : 0 = 0 := by\n  rfl\ntheorem b : 0 = 0 := by\n  rfl\nend\n"
        "theorem c : 0 = 0 := by\n  rfl\n",
        encoding="utf-8",
    )
    with LeanFileTracer(toolchain, TraceSeconds(60, 20)) as tracer:
        trace = tracer.trace(file)
    assert [(found.name, len(found.steps)) for found in trace.proofs] == [("a", 0), ("b", 0), ("c", 1)]
    assert all(found.refused for found in trace.proofs[:2])


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (HEADER + "theorem a : 0 = 1 := by\n  rfl\n", 4, "Tactic `rfl` failed"),
        (HEADER + "theorem a : 0 = 0 := rfl\ntheorem b : 0 = 0 := wish\n", 4, "`wish`"),
        ("prelude\nimport Nowhere\n", 1, "lake build"),
        (HEADER + "/- no end", 3, "cannot be read"),
    ],
)
def test_a_file_that_lean_refuses_is_refused_with_its_place(
    toolchain: LeanToolchain, tmp_path: Path, text: str, line: int, reason: str
) -> None:
    file = tmp_path / "A.lean"
    file.write_text(text, encoding="utf-8")
    with LeanFileTracer(toolchain, TraceSeconds(60, 20)) as tracer, pytest.raises(FileRefused) as refused:
        tracer.trace(file)
    assert refused.value.line == line
    assert reason in refused.value.reason


def test_files_are_called_by_their_project(tmp_path: Path) -> None:
    file = tmp_path / "Sub" / "Deep" / "A.lean"
    file.parent.mkdir(parents=True)
    assert module_name(file) == "A"
    assert module_name(file, tmp_path / "Sub") == "Deep.A"
    (tmp_path / "lakefile.toml").write_text("")
    assert module_name(file, tmp_path / "Sub") == "Sub.Deep.A"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("import A.B\nimport C\ntheorem t : p := h\n", ("Init", "A.B", "C")),
        ("/- import X -/\nprelude\nimport A -- import Y\n", ("A",)),
        ("module\npublic import A\nimport all B\npublic meta import C\n\ndef import1 := 1\n", ("Init", "A", "B", "C")),
        ("open A\nimport B\n", ("Init",)),
        ("", ("Init",)),
    ],
)
def test_imports_are_read_from_the_head(text: str, wanted: tuple[str, ...]) -> None:
    assert imported(text) == wanted


def test_projections_by_number_are_constants(toolchain: LeanToolchain, tmp_path: Path) -> None:
    text = HEADER + "theorem t (p q r : Prop) (h : p ∧ q ∧ r) : q := by exact h.2.1\n"
    worker = LeanWorker(toolchain, LeanSettings(tmp_path), WorkerLimits(memory_mib=1500))
    assert worker.check(text, 60) == ()
    script = [token for token in code(text) if token.start > text.index("by ")]
    assert [found.full_name for found in mentions(worker, text, script, {"t"}, 20)] == ["And.right", "And.left"]
    worker.kill()


def test_a_local_name_is_not_a_constant(toolchain: LeanToolchain, tmp_path: Path) -> None:
    text = HEADER + "theorem t (n m : Nat) (congrArg : n = m) : m = n := by exact congrArg.symm\n"
    worker = LeanWorker(toolchain, LeanSettings(tmp_path), WorkerLimits(memory_mib=1500))
    assert worker.check(text, 60) == ()
    script = [token for token in code(text) if token.start > text.index("by ")]
    assert [(found.full_name, found.start) for found in mentions(worker, text, script, {"t"}, 20)] == [
        ("Eq.symm", text.index("congrArg.symm"))
    ]
    worker.kill()


@pytest.fixture
def place(lean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with Lean on the path."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "lean").symlink_to(lean)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("LEAN_PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_becomes_a_library_and_is_gone_on_with(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "Base.lean").write_text(HEADER + BASE, encoding="utf-8")
    (place / "Use.lean").write_text("prelude\nimport Base\n" + PROOFS, encoding="utf-8")
    (place / "Wrong.lean").write_text(HEADER + "theorem a : 0 = 1 := by\n  rfl\n", encoding="utf-8")
    subprocess.run(["lean", "-o", "Base.olean", "Base.lean"], check=True, timeout=60)

    def trace(target: str) -> tuple[int, dict[str, Any]]:
        code = trace_library(TraceRequest(target, as_json=True), lambda line: None)
        return code, json.loads(capsys.readouterr().out)

    status, report = trace(".")
    assert (status, report["stored"], report["skipped"]) == (1, 2, 0), report
    assert [(failed["path"], failed["line"]) for failed in report["failed"]] == [("Wrong.lean", 4)]
    _, again = trace(".")
    assert (again["stored"], again["skipped"], again["funnel"]) == (0, 2, report["funnel"])
    status, one = trace("Base.lean")
    assert (status, one["skipped"]) == (0, 1)
    with Library.open(DEFAULT_PLACE, create=False) as library:
        (entry,) = library.repositories()
        assert (entry.repository.assistant, entry.repository.url) == ("lean", str(place))
        imports = {file.logical_name: file.imports for file in library.files()}
        assert imports == {"Base": ("ProofCore",), "Use": ("Base",)}
        steps = list(library.steps())
        assert ("exact swap p q h", ("Base.swap",)) in [(step.tactic, step.premises) for step in steps]
        theorems = {theorem.full_name: theorem for theorem in library.theorems()}
        settings = SplitSettings(val=0, test=0)
        library.add_split("all", divide(library.members(), settings), settings, DAY)
        export_leandojo(library, entry.repository, {"random": "all"}, place / "out", DAY)
    assert theorems["open_"].admitted
    assert theorems["stated"].human_tactics == 7
    assert len(steps) == report["funnel"]["steps"] > 30
    with Library.open(place / "other.sqlite") as other:
        import_leandojo(other, place / "out", DAY)
        proved = {theorem.full_name for theorem in other.theorems()}
        again = sorted(map(said, other.steps()))
    assert proved == set(theorems) - {"open_"}
    assert again == sorted(map(said, steps))


def said(step: StepEntry) -> tuple[str, str, str, tuple[str, ...], int]:
    """What a step says, without its number."""
    return step.state_before, step.tactic, step.state_after, step.premises, step.goals


def test_a_folder_of_both_kinds_and_a_missing_file_are_bad_input(place: Path) -> None:
    (place / "A.lean").write_text(HEADER)
    (place / "A.v").write_text("")
    with pytest.raises(BadInput, match="files of Rocq and of Lean"):
        trace_library(TraceRequest("."), print)
    with pytest.raises(BadInput, match="there is no such file"):
        trace_library(TraceRequest("B.lean"), print)
