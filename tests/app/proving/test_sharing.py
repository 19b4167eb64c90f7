"""Workers hear of each other's proofs, and get theorems of different files first."""

from __future__ import annotations

from pathlib import Path

from stand_ins import FILE, RULES, Silent, StandInGate, TacticsOf, input_file

from proofloom.app.proving.prover import Prover, Task
from proofloom.app.proving.run import Destination, Run
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.proving.sharing import SharedProofs
from proofloom.assistants.doubles.fake import FakeAssistant
from proofloom.assistants.rocq.project import FileSettings


def test_every_reader_sees_every_proof_of_its_file(tmp_path: Path) -> None:
    writer, early, late = SharedProofs(tmp_path), SharedProofs(tmp_path), SharedProofs(tmp_path)
    file, other = Path("F.v"), Path("caf\udce9.v")
    assert early.of(file) == {}
    writer.add(file, "a", ("easy.",))
    writer.add(other, "a", ("other.",))
    assert early.of(file) == {"a": ("easy.",)}
    writer.add(file, "M.b", ("one.", "two.", ""))
    assert early.of(file) == late.of(file) == {"a": ("easy.",), "M.b": ("one.", "two.", "")}
    assert late.of(other) == {"a": ("other.",)}
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json"] * 3


def test_a_worker_uses_the_lemma_that_another_one_proved(tmp_path: Path) -> None:
    shared, gate = SharedProofs(tmp_path), StandInGate()
    prover = Prover(ProveSettings(), FakeAssistant(RULES), gate, TacticsOf(), shared=SharedProofs(tmp_path))
    task = Task(Path("F.v"), FILE, FILE, FileSettings("F"), "b")
    shared.add(Path("F.v"), "a", ("told.",))
    assert prover(task).attempt.proof == ("by a",)
    assert b"told.\nQed." in gate.asked[-1][1]


def test_theorems_of_different_files_come_first_when_there_are_several_workers(tmp_path: Path) -> None:
    files = [input_file(tmp_path / "F.v"), input_file(tmp_path / "G.v", b"Lemma d : D. Admitted.\n")]

    def order(shared: SharedProofs | None) -> list[str]:
        run = Run(
            files,
            StandInGate(),
            Destination(),
            watcher=Silent(),
            keep=lambda file, attempt: None,
            report=lambda done: None,
            shared=shared,
        )
        return [task.theorem for task in run.tasks]

    assert order(None) == ["a", "b", "c", "d"]
    assert order(SharedProofs(tmp_path)) == ["a", "d", "b", "c"]
