"""A run: what is settled, checked again, written and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from stand_ins import FILE, Silent, StandInGate, input_file, toy_prover

from proofloom.app.proving.inputs import InputFile
from proofloom.app.proving.results import Result
from proofloom.app.proving.run import Destination, FileDone, Run
from proofloom.app.proving.settings import ProveSettings
from proofloom.assistants.executor import InProcess, LocalProcesses
from proofloom.proofs import Attempt, Budget, Finding, Outcome

FILLED = FILE.replace(b"Proof.\nAdmitted.", b"Proof.\n  easy.\nQed.", 1).replace(
    b"Proof.\nAdmitted.", b"Proof.\n  by a.\nQed.", 1
)
SETTINGS_BUDGET = Budget(seconds=20)


class Recorder:
    """Collects what a run reports and keeps."""

    def __init__(self) -> None:
        self.done: list[FileDone] = []
        self.kept: list[tuple[str, Outcome]] = []
        self.watcher = Silent()

    def keep(self, file: InputFile, attempt: Attempt) -> None:
        self.kept.append((attempt.theorem, attempt.outcome))

    @property
    def outcomes(self) -> dict[str, str]:
        return {result.theorem: result.outcome.value for done in self.done for result in done.results}


def ran(
    files: list[InputFile],
    gate: StandInGate,
    destination: Destination | None = None,
    known: list[tuple[InputFile, Result]] | None = None,
    report: Callable[[FileDone], None] | None = None,
) -> tuple[Run, Recorder]:
    recorder = Recorder()
    run = Run(
        files,
        lambda language: gate,
        destination or Destination(),
        watcher=recorder.watcher,
        keep=recorder.keep,
        report=report or recorder.done.append,
        known=known or [],
    )
    settings = ProveSettings(budget=SETTINGS_BUDGET)
    run.go(InProcess(), partial(toy_prover, settings, gate, run.found))
    return run, recorder


def test_without_destination_no_byte_changes(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    _, recorder = ran([file], StandInGate())
    assert recorder.outcomes == {"a": "proved", "b": "proved", "c": "exhausted"}
    assert (tmp_path / "F.v").read_bytes() == FILE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["F.v"]
    assert recorder.kept == [("a", Outcome.PROVED), ("b", Outcome.PROVED), ("c", Outcome.EXHAUSTED)]


def test_the_complete_file_is_checked_again_before_it_is_written(tmp_path: Path) -> None:
    gate = StandInGate()
    file = input_file(tmp_path / "F.v")
    _, recorder = ran([file], gate, Destination(in_place=True))
    assert (tmp_path / "F.v").read_bytes() == FILLED
    assert [(theorem, candidate == FILLED) for theorem, candidate in gate.asked] == [
        ("a", False),
        ("b", True),
        ("a", True),
    ]
    assert recorder.watcher.lines[-1] == "check 1"
    assert recorder.done[0].written == tmp_path / "F.v"


def test_what_the_last_check_refuses_is_proved_no_longer(tmp_path: Path) -> None:
    def refuse(theorem: str, candidate: bytes) -> Finding | None:
        return Finding.CHECKER_REFUSED if theorem == "a" and b"by a" in candidate else None

    file = input_file(tmp_path / "F.v")
    _, recorder = ran([file], StandInGate(refuse), Destination(in_place=True))
    assert recorder.outcomes == {"a": "rejected", "b": "rejected", "c": "exhausted"}
    assert (tmp_path / "F.v").read_bytes() == FILE
    assert recorder.kept[3:] == [("a", Outcome.REJECTED), ("b", Outcome.REJECTED)]
    assert "in the complete file" in recorder.done[0].results[0].reason


def test_one_proof_alone_needs_no_second_check(tmp_path: Path) -> None:
    gate = StandInGate()
    ran([input_file(tmp_path / "F.v", wanted="a")], gate, Destination(in_place=True))
    assert len(gate.asked) == 1


def test_filled_files_go_below_the_output_folder(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    ran([file], StandInGate(), Destination(folder=tmp_path / "new" / "out"))
    assert (tmp_path / "new" / "out" / "F.v").read_bytes() == FILLED
    assert (tmp_path / "F.v").read_bytes() == FILE


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    (tmp_path / "F.v").write_bytes(b"(* somebody else *)")
    _, recorder = ran([file], StandInGate(), Destination(in_place=True))
    assert (tmp_path / "F.v").read_bytes() == b"(* somebody else *)"
    assert "was changed since it was read" in recorder.done[0].error
    assert recorder.outcomes["a"] == "proved"


def test_the_required_module_comes_with_the_first_filled_theorem(tmp_path: Path) -> None:
    sentence = "From Coq Require Import Lia."
    ran([input_file(tmp_path / "F.v", sentence=sentence)], StandInGate(), Destination(in_place=True))
    assert (tmp_path / "F.v").read_bytes() == FILLED.replace(b"Lemma a", sentence.encode() + b"\nLemma a")
    nothing = input_file(tmp_path / "G.v", b"Lemma c : C.\nAdmitted.\n", sentence=sentence)
    ran([nothing], StandInGate(), Destination(in_place=True))
    assert (tmp_path / "G.v").read_bytes() == b"Lemma c : C.\nAdmitted.\n"


def test_known_results_are_not_tried_again_but_are_written(tmp_path: Path) -> None:
    file = input_file(tmp_path / "F.v")
    _, first = ran([file], StandInGate())
    known = [(file, result) for result in first.done[0].results if result.theorem != "c"]
    gate = StandInGate()
    _, second = ran([file], gate, Destination(in_place=True), known)
    assert [theorem for theorem, _ in second.kept] == ["c"]
    assert [theorem for theorem, _ in gate.asked] == ["a", "b"]
    assert second.outcomes == first.outcomes
    assert (tmp_path / "F.v").read_bytes() == FILLED


def test_ctrl_c_keeps_and_writes_what_was_found(tmp_path: Path) -> None:
    class Impatient(Silent):
        def started(self, file: InputFile, theorem: str) -> None:
            if theorem == "c":
                raise KeyboardInterrupt

    first, second = input_file(tmp_path / "F.v"), input_file(tmp_path / "G.v")
    gate, done = StandInGate(), []
    run = Run(
        [first, second],
        lambda language: gate,
        Destination(in_place=True),
        watcher=Impatient(),
        keep=lambda file, attempt: None,
        report=done.append,
    )
    run.go(InProcess(), partial(toy_prover, ProveSettings(), gate, run.found))
    assert run.interrupted
    assert (tmp_path / "F.v").read_bytes() == FILLED
    assert (tmp_path / "G.v").read_bytes() == FILE
    assert [[result.theorem for result in item.results] for item in done] == [["a", "b"], []]


def test_a_worker_that_never_saw_the_lemma_is_heard_again(tmp_path: Path) -> None:
    """`b` was refused because `a` was admitted where it was tried; in the end `a` is proved."""
    file = input_file(tmp_path / "F.v")
    _, recorder = ran([file], StandInGate())
    a, b, _ = recorder.done[0].results
    rejected = Result.from_record(
        b.file,
        b.line,
        {
            "theorem": "b",
            "outcome": "rejected",
            "spend": {},
            "proof": ["by a"],
            "scripts": ["by a."],
            "verdict": {"outcome": "incomplete"},
            "reason": "rests on a",
        },
    )
    gate = StandInGate()
    _, again = ran([file], gate, known=[(file, a), (file, rejected)])
    assert again.outcomes["b"] == "proved"
    assert ("b", Outcome.PROVED) in again.kept


def broken_prover(settings: ProveSettings) -> object:
    raise RuntimeError("no engine")


@pytest.mark.parametrize("executor", [InProcess(), LocalProcesses(2)], ids=["here", "processes"])
def test_a_worker_that_dies_is_a_crash_of_its_theorem(tmp_path: Path, executor: InProcess) -> None:
    file = input_file(tmp_path / "F.v")
    recorder = Recorder()
    run = Run(
        [file],
        lambda language: StandInGate(),
        Destination(),
        watcher=recorder.watcher,
        keep=recorder.keep,
        report=recorder.done.append,
    )
    run.go(executor, partial(broken_prover, ProveSettings()))  # type: ignore[arg-type]
    assert set(recorder.outcomes.values()) == {"crashed"}
    assert "no engine" in recorder.done[0].results[0].reason
