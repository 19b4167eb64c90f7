"""What people read: the page of a run, the lines on the terminal, the watchers.  All pure of files and clocks."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from stand_ins import FILE, input_file

from proofloom.app.proving.printing import Printer
from proofloom.app.proving.report import report_page
from proofloom.app.proving.results import Result, count_outcomes
from proofloom.app.proving.run import FileDone
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.proving.watch import LiveWatcher, PlainWatcher
from proofloom.assistants.doubles.fake import ManualClock
from proofloom.proofs import Attempt, CheckResult, Finding, Outcome, Spend, Verdict

VERDICT = Verdict(
    "a", Finding.ACCEPTED, 4, "", {"compile": CheckResult.PASSED}, axioms=("Lib.ax",), bundles=("classical",)
)
PROVED = Result.of(
    "F.v", 2, Attempt("a", Outcome.PROVED, Spend(1.25, 0.5, 3, 40), ("easy",), VERDICT, "", ("easy.\n  <b>x</b>",))
)
LOST = Result.of("F.v", 6, Attempt("b", Outcome.CRASHED, Spend(2.0), reason="died & died"))
LATE = Result.of("F.v", 10, Attempt("c", Outcome.OUT_OF_BUDGET, Spend(30.0), reason="30 s were spent"))


def printed(done: list[FileDone], *, as_json: bool = False, interrupted: bool = False) -> list[str]:
    stream = io.StringIO()
    printer = Printer(Console(file=stream, width=40), as_json)
    for item in done:
        printer.report(item)
    printer.summary(interrupted)
    return stream.getvalue().splitlines()


def test_outcomes_are_never_folded_together() -> None:
    every = [replace(LOST, outcome=outcome, theorem=outcome.value) for outcome in Outcome]
    assert count_outcomes([*every, PROVED]) == {outcome: 2 if outcome is Outcome.PROVED else 1 for outcome in Outcome}
    assert count_outcomes([]) == {}


def test_a_result_survives_the_journal() -> None:
    from proofloom.search.journal import as_record

    attempt = Attempt("a", Outcome.PROVED, Spend(1.25, 0.5, 3, 40), ("easy",), VERDICT, "", ("easy.",))
    assert Result.from_record("F.v", 2, as_record(attempt)) == Result.of("F.v", 2, attempt)


def test_the_page_shows_every_theorem_and_escapes_what_it_shows() -> None:
    page = report_page("night <1>", ProveSettings(), [PROVED, LOST])
    assert "night &lt;1&gt;" in page and "&lt;b&gt;x&lt;/b&gt;" in page and "died &amp; died" in page
    assert "2 theorems · 1 proved · 1 crashed" in page
    assert "Lib.ax" in page and "allowed by classical" in page and "compile: passed" in page
    assert "seconds = 30.0" in page
    assert not re.search(r"<script|src=|href=|@import|url\(", page)
    assert "0 theorems" in report_page("none", ProveSettings(), [])


def test_people_read_where_what_and_how_much(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    lines = printed([FileDone(file, (PROVED, LOST, LATE), written=Path("out/F.v"))])
    assert lines == [
        "F.v:2: a: proved in 1.2 s, 40 tactics tried",
        "  accepted by the gate at level 4 in 0.0 s: Lib.ax (allowed by --axioms classical)",
        "    easy.",
        "      <b>x</b>",
        "F.v:6: b: crashed in 2.0 s, 0 tactics tried",
        "  died & died",
        "F.v:10: c: out_of_budget in 30.0 s, 0 tactics tried",
        "  30 s were spent",
        "wrote out/F.v",
        "3 holes in 1 file: 1 proved, 1 out_of_budget, 1 crashed; 1 file written",
    ]


def test_the_gaps_of_a_proof_are_told_apart(tmp_path: Path) -> None:
    data = b"Lemma a : A.\nProof.\n  split.\n  - admit.\n  - admit.\nAdmitted.\n"
    file = input_file(tmp_path / "F.v", data)
    lines = printed([FileDone(file, (replace(PROVED, scripts=("one.", "two.", "")),))])
    assert lines[2:6] == ["  line 4:", "    one.", "  line 5:", "    two."]


@pytest.mark.parametrize(
    ("results", "interrupted", "last"),
    [
        ((), True, "interrupted; 3 holes in 1 file: none tried"),
        ((PROVED,), True, "interrupted; 3 holes in 1 file: 1 proved, 2 not tried; no file changed"),
        ((LATE,), False, "3 holes in 1 file: 1 out_of_budget, 2 not tried"),
    ],
)
def test_the_last_line_counts(tmp_path: Path, results: tuple[Result, ...], interrupted: bool, last: str) -> None:
    file = input_file(tmp_path / "F.v")
    assert printed([FileDone(file, results)], interrupted=interrupted)[-1] == last


def test_json_is_one_object_a_line_and_nothing_else(tmp_path: Path) -> None:
    import json

    file = input_file(tmp_path / "F.v")
    lines = printed([FileDone(file, (PROVED, LATE), written=Path("F.v"))], as_json=True)
    objects: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert [item["outcome"] for item in objects] == ["proved", "out_of_budget"]
    assert objects[0]["proof"] == ["easy"] and objects[1]["proof"] is None


def test_plain_progress_is_a_line_an_event(tmp_path: Path) -> None:
    said: list[str] = []
    watcher = PlainWatcher(said.append, 3)
    file = input_file(tmp_path / "F.v")
    watcher.started(file, "a")
    watcher.ended(PROVED)
    watcher.checking(file, 1)
    assert said == ["[1/3] F.v: a: proved in 1.2 s", f"checking {file.name} once more as a whole (1 theorem)"]


def test_the_live_table_shows_the_time_left(tmp_path: Path) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=300, force_terminal=True)
    clock = ManualClock()
    file = input_file(tmp_path / "F.v", FILE)

    def drawn() -> str:
        with console.capture() as capture:
            console.print(watcher._drawn())
        return capture.get()

    watcher = LiveWatcher(console, clock, 30.0, 2)
    watcher.started(file, "a")
    clock.advance(12)
    assert "18 s left" in drawn() and "0 of 2 holes done" in drawn()
    clock.advance(30)
    assert "finishing" in drawn()
    watcher.ended(replace(PROVED, file=file.name))
    assert "finishing" not in drawn() and "1 of 2 holes done: 1 proved" in drawn()
    watcher.checking(file, 2)
    assert "once more as a whole (2 theorems)" in drawn()
