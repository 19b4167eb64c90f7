"""How the gate behaves to its callers: errors, caches, digests, records; and that nothing else makes a verdict."""

from __future__ import annotations

import ast
import dataclasses
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gate_case import LIMITS

import proofloom
from proofloom.assistants.gate import RocqGate
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Finding

GATED = FileSettings("Gated")
HOLE = b"Definition f (n : nat) := n.\nLemma t : f 1 = 1. Admitted.\nLemma s : f 2 = 2. Admitted.\n"
ONE = HOLE.replace(b"1 = 1. Admitted", b"1 = 1. Proof. reflexivity. Qed")
BOTH = ONE.replace(b"2 = 2. Admitted", b"2 = 2. Proof. reflexivity. Qed")


@pytest.fixture
def gate(toolchain: RocqToolchain) -> Iterator[RocqGate]:
    gate = RocqGate(toolchain, limits=LIMITS)
    yield gate
    gate.close()


def test_only_the_gate_makes_verdicts() -> None:
    root = Path(proofloom.__file__).parent
    makers = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Verdict"
    }
    assert makers == {"assistants/gate/rocq/gate.py", "assistants/gate/lean/gate.py"}


@pytest.mark.rocq
class TestGate:
    @pytest.mark.parametrize(("theorem", "name"), [("", "Gated"), ("t.", "Gated"), ("t. Qed", "Gated"), ("t", "1x")])
    def test_bad_names_are_errors(self, gate: RocqGate, theorem: str, name: str) -> None:
        with pytest.raises(ValueError, match="identifiers"):
            gate.check(HOLE, ONE, theorem, FileSettings(name))

    def test_an_unknown_bundle_is_an_error(self, toolchain: RocqToolchain) -> None:
        with pytest.raises(ValueError, match="no such bundle"):
            RocqGate(toolchain, axioms=("everything",))

    def test_a_missing_compiler_is_never_a_yes(self, toolchain: RocqToolchain) -> None:
        gate = RocqGate(dataclasses.replace(toolchain, coqc=("/nowhere/coqc",)), limits=LIMITS)
        assert gate.check(HOLE, ONE, "t", GATED).finding is Finding.NOT_CHECKED

    def test_a_missing_shell_is_an_error(self, gate: RocqGate, monkeypatch: pytest.MonkeyPatch) -> None:
        nowhere = ("/nowhere/unshare",)
        monkeypatch.setattr("proofloom.assistants.gate.confinement.network_isolation", lambda own_proc: nowhere)
        with pytest.raises(AssistantError, match="cannot start"):
            gate.check(HOLE, ONE, "t", GATED)

    def test_a_checker_that_does_not_run_is_a_refusal(self, toolchain: RocqToolchain) -> None:
        for program in ("/nowhere/coqchk", "true"):
            gate = RocqGate(dataclasses.replace(toolchain, coqchk=(program,)), limits=LIMITS)
            verdict = gate.check(HOLE, ONE, "t", GATED)
            assert (verdict.accepted, verdict.checks["checker"], verdict.level) == (False, "failed", 2)

    def test_a_reference_is_compiled_once_for_many_candidates(self, gate: RocqGate) -> None:
        first = gate.check(HOLE, ONE, "t", GATED)
        compiled = sorted(gate.folder.glob("*/build*"))
        second = gate.check(HOLE, BOTH, "t", GATED)
        third = gate.check(HOLE, BOTH, "s", GATED)
        assert [verdict.accepted for verdict in (first, second, third)] == [True] * 3
        assert len(compiled) == 2
        assert len(sorted(gate.folder.glob("*/build*"))) == 3
        assert first.statement_digest == second.statement_digest != third.statement_digest
        assert len(first.statement_digest) == 64

    def test_settings_and_libraries_are_part_of_what_is_remembered(self, gate: RocqGate, tmp_path: Path) -> None:
        settings = FileSettings("Gated", ("-R", str(tmp_path), "P"))
        gate.check(HOLE, ONE, "t", GATED)
        gate.check(HOLE, ONE, "t", settings)
        assert len(list(gate.folder.glob("*/build*"))) == 4
        (tmp_path / "A.vo").write_bytes(b"")
        gate.check(HOLE, ONE, "t", settings)
        assert len(list(gate.folder.glob("*/build*"))) == 3 + 2  # of candidates the last two are kept

    def test_a_folder_that_cannot_be_written_is_a_refusal(self, gate: RocqGate) -> None:
        gate.close()
        gate.folder.write_text("a file stands where the folder was")
        verdict = gate.check(HOLE, ONE, "t", GATED)
        assert (verdict.finding, "cannot use its folder" in verdict.reason) == (Finding.NOT_CHECKED, True)
        gate.folder.unlink()

    def test_close_removes_the_folder(self, gate: RocqGate) -> None:
        gate.check(HOLE, ONE, "t", GATED)
        gate.close()
        assert not gate.folder.exists()
        gate.close()

    def test_the_verdict_as_json(self, gate: RocqGate) -> None:
        record = json.loads(json.dumps(gate.check(HOLE, ONE, "t", GATED).as_json()))
        assert (record["accepted"], record["outcome"], record["level"], record["reason"]) == (True, "accepted", 4, "")
        assert set(record["checks"].values()) == {"passed"}
        assert "8." in record["tools"]["compiler"] or "9." in record["tools"]["compiler"]
        assert 0 < record["seconds"] < 300
        assert record["memory_mib"] > 10

    def test_bytes_that_are_not_utf8(self, gate: RocqGate) -> None:
        latin = b"(* caf\xe9 *)\n"
        assert gate.check(latin + HOLE, latin + ONE, "t", GATED).accepted

    def test_a_project_of_two_files(self, gate: RocqGate, toolchain: RocqToolchain, tmp_path: Path) -> None:
        """The second file requires the first by its short name and lies in a folder of its own."""
        (tmp_path / "Sub").mkdir()
        (tmp_path / "Base.v").write_text("Definition two := 2. Axiom odd : two = 3.")
        base = [*toolchain.coqc, "-q", "-R", str(tmp_path), "Proj", str(tmp_path / "Base.v")]
        subprocess.run(base, check=True, timeout=60)
        settings = FileSettings("Proj.Sub.User", ("-R", str(tmp_path), "Proj"))
        reference = b"Require Import Base. Module M. Lemma t : two = 2. Admitted. End M."
        honest = reference.replace(b"Admitted", b"Proof. reflexivity. Qed")
        assert gate.check(reference, honest, "M.t", settings).accepted
        cheat = reference.replace(b"Admitted", b"Proof. pose proof odd. discriminate. Qed")
        verdict = gate.check(reference, cheat, "M.t", settings)
        assert (verdict.finding, "Proj.Base.odd" in verdict.reason) == (Finding.FORBIDDEN_AXIOM, True)

    def test_a_file_of_the_installed_library(self, gate: RocqGate, toolchain: RocqToolchain) -> None:
        """Checked under its own name, though a compiled file of that name is installed; the prelude needs -noinit."""
        text = (toolchain.theories / "Init" / "Logic.v").read_bytes()
        start = text.index(b"Theorem iff_refl")
        end = text.index(b"Qed.", start) + 4
        reference = text[:start] + b"Theorem iff_refl : forall A:Prop, A <-> A. Admitted." + text[end:]
        settings = FileSettings("Coq.Init.Logic", ("-noinit",))
        verdict = gate.check(reference, text, "iff_refl", settings)
        assert verdict.accepted, verdict.reason
        other = text.replace(
            b"Definition iff (A B:Prop) := (A -> B) /\\ (B -> A)", b"Definition iff (A B:Prop) := True"
        )
        assert gate.check(reference, other, "iff_refl", settings).accepted is False
