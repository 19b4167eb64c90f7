"""Candidates that exhaust a resource end with the finding that names it, and leave nothing running."""

from __future__ import annotations

from pathlib import Path

import pytest

from proofloom.assistants.gate import GateLimits, RocqGate
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.proofs import Finding, Verdict

pytestmark = pytest.mark.rocq

REFERENCE = b"Lemma t : 1 = 2. Admitted."
ENDLESS = b"Lemma t : 1 = 2. Proof. do 1000000000 (try fail). Qed."
FLOOD = (
    b'Ltac say n := match n with S ?m => idtac "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; say m | 0 => idtac end.\n'
)
FLOOD += b"Lemma t : 1 = 2. Proof. do 1000 (say 200). Qed."
DEEP = b"Fixpoint d (n : nat) := match n with 0 => 0 | S m => S (d m) end.\n"
DEEP += b"Lemma t : d (Nat.pow 10 6) = 1. Proof. vm_compute. reflexivity. Qed."
HUNGRY = (
    b"Lemma t : 1 = 2. Proof. pose proof I as H. repeat (pose proof (conj H H) as K; clear H; rename K into H). Qed."
)
LONG = b"Lemma t : 1 = 2. Proof.\n" + b"idtac. " * 200_000 + b"Qed."


def check(toolchain: RocqToolchain, candidate: bytes, reference: bytes = REFERENCE, **limits: float) -> Verdict:
    gate = RocqGate(toolchain, limits=GateLimits(**{"seconds": 60, "cpu_seconds": 60, **limits}))  # type: ignore[arg-type]
    verdict = gate.check(reference, candidate, "t", FileSettings("Gated"))
    gate.close()
    return verdict


@pytest.mark.parametrize(
    ("candidate", "limits", "finding", "reason"),
    [
        pytest.param(ENDLESS, {"seconds": 4}, Finding.TIMEOUT, "wall", id="endless, wall clock"),
        pytest.param(ENDLESS, {"cpu_seconds": 2}, Finding.TIMEOUT, "CPU", id="endless, CPU"),
        pytest.param(FLOOD, {"output_mib": 1}, Finding.CRASHED, "1 MiB of output", id="output flood"),
        pytest.param(DEEP, {}, Finding.MEMORY, "stack", id="deep recursion"),
        pytest.param(HUNGRY, {"memory_mib": 700, "seconds": 30}, Finding.MEMORY, "700 MiB", id="memory"),
        pytest.param(LONG, {"source_mib": 1}, Finding.NOT_CHECKED, "bytes", id="very long proof, source limit"),
        pytest.param(LONG, {"cpu_seconds": 2}, Finding.TIMEOUT, "CPU", id="very long proof, time"),
    ],
)
def test_a_limit_is_a_finding(
    toolchain: RocqToolchain, candidate: bytes, limits: dict[str, float], finding: Finding, reason: str
) -> None:
    verdict = check(toolchain, candidate, **limits)
    assert (verdict.finding, reason in verdict.reason) == (finding, True), verdict.reason


def test_a_long_honest_proof_is_accepted(toolchain: RocqToolchain) -> None:
    candidate = b"Lemma t : 1 = 1. Proof.\n" + b"idtac.\n" * 2000 + b"reflexivity. Qed."
    verdict = check(toolchain, candidate, b"Lemma t : 1 = 1. Admitted.")
    assert verdict.accepted, verdict.reason


def test_files_are_written_in_the_gates_own_folder_only(
    toolchain: RocqToolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lia` keeps a cache in the working folder."""
    monkeypatch.chdir(tmp_path)
    candidate = b"From Coq Require Import Lia. Lemma t : forall n, n < S n. Proof. lia. Qed."
    verdict = check(toolchain, candidate, b"Lemma t : forall n, n < S n. Admitted.")
    assert verdict.accepted, verdict.reason
    assert list(tmp_path.iterdir()) == []


def test_the_record_says_which_limits_were_on(toolchain: RocqToolchain) -> None:
    verdict = check(toolchain, b"Lemma t : 1 = 2. Admitted.")
    assert verdict.limits["wall"] == "60 s"
    assert {"cpu", "memory", "file", "output", "network", "processes"} <= set(verdict.limits)
