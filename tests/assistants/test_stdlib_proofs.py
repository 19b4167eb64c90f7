"""The installed standard library as the judge: proofs and holes as Rocq itself finds them, and scripts that compile."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.assistants.rocq.vernacular import command_of

pytestmark = pytest.mark.rocq

COUNTED = (8, 16, 1)
"""The version whose library was replayed sentence by sentence in Rocq: 12,732 proofs in 139,803 sentences."""


@pytest.fixture(scope="module")
def toolchain() -> RocqToolchain:
    return find_toolchain()


def test_the_proofs_of_the_standard_library_are_those_that_rocq_finds(toolchain: RocqToolchain) -> None:
    if toolchain.version != COUNTED:
        pytest.skip(f"the counts are of {COUNTED}, this is {toolchain.name}")
    kinds: Counter[str] = Counter()
    endings: Counter[str] = Counter()
    holes: list[str] = []
    files = [*toolchain.theories.rglob("*.v"), *(toolchain.contributions / "Ltac2").rglob("*.v")]
    assert len(files) == 583
    for file in sorted(files):
        source = Source.read(file)
        holes += [f"{file.name}: {hole.path}" for hole in source.holes]
        for proof in source.proofs:
            kinds[command_of(source.restated(proof).statement).kind] += 1
            endings[proof.ending.split()[0].removesuffix(".")] += 1
    assert holes == []
    assert endings == {"Qed": 12180, "Defined": 414, "Proof": 138}
    assert kinds == {
        "Lemma": 10285,
        "Theorem": 1427,
        "Instance": 492,
        "Definition": 286,
        "Add": 113,
        "Obligation": 45,
        "Let": 23,
        "Corollary": 21,
        "Fact": 18,
        "Remark": 11,
        "Fixpoint": 6,
        "Example": 3,
        "Function": 1,
        "Proposition": 1,
    }


FILE = """(* One of each kind of place. *)
Require Import List.
Module M. Section S. Context (A : Type).
Lemma one (l : list A) : l ++ nil = l. Admitted.
Lemma two (l : list A) : l ++ nil = l.
Proof.
Admitted.
End S. End M.
Lemma three (a b : bool) : andb a b = andb b a /\\ orb a b = orb b a.
Proof.
  split.
  - admit.
  - destruct a.
    + admit.
    + simpl. destruct b; simpl.
Admitted.
Lemma four (a b : bool) : andb a b = andb b a /\\ orb a b = orb b a.
Proof. split.
  - destruct a, b; reflexivity.
  - Admitted.
Goal forall b : bool, b = b. Proof. Admitted.
Class Full (A : Set) := member : A.
#[global] Instance five : Full nat. Admitted.
Definition six : forall b : bool, b = b. Admitted.
"""
CASES = "destruct b.\n- reflexivity.\n- reflexivity."
SCRIPTS = {
    "M.one": ["induction l.\n- reflexivity.\n- simpl.\n  rewrite IHl.\n  reflexivity."],
    "M.two": ["induction l.\n- reflexivity.\n- simpl.\n  f_equal.\n  assumption."],
    "three": ["destruct a.\n- " + CASES.replace("-", "+") + "\n- " + CASES.replace("-", "+"), CASES, "all: auto."],
    "four": ["destruct a.\n- " + CASES.replace("-", "+") + "\n- " + CASES.replace("-", "+")],
    "Unnamed_thm": ["intros b.\n" + CASES],
    "five": ["exact 0."],
    "six": ["intros b.\n" + CASES],
}


@pytest.mark.parametrize("windows", [False, True])
def test_filled_files_compile(toolchain: RocqToolchain, tmp_path: Path, windows: bool) -> None:
    source = Source((FILE.replace("\n", "\r\n") if windows else FILE).encode())
    compile_file(toolchain, tmp_path / "Before.v", source.data)
    assert [hole.path for hole in source.holes] == list(SCRIPTS)
    result = source.filled(SCRIPTS)
    assert Source(result).holes == ()
    compile_file(toolchain, tmp_path / "After.v", result)


@pytest.mark.parametrize("module", ["Bool/Bool.v", "Logic/Decidable.v", "Sets/Powerset.v"])
def test_library_files_compile_with_every_proof_admitted_or_put_back(
    toolchain: RocqToolchain, tmp_path: Path, module: str
) -> None:
    source = Source.read(toolchain.standard_folder / module)
    proofs = [proof for proof in source.proofs if proof.ending == "Qed."]
    assert proofs
    admitted = put_back = source
    for proof in proofs:
        here = next(other for other in admitted.proofs if other.path == proof.path)
        admitted = Source(admitted.with_admitted(here))
        there = next(other for other in put_back.proofs if other.path == proof.path)
        put_back = Source(put_back.with_script(there, "\n".join(proof.tactics)))
    assert {hole.path for hole in admitted.holes} == {proof.path for proof in proofs}
    assert all(not hole.unsupported for hole in admitted.holes)
    compile_file(toolchain, tmp_path / "Admitted_.v", admitted.data)
    compile_file(toolchain, tmp_path / "Back.v", put_back.data)
    scripts = {proof.path: ["\n".join(proof.tactics)] for proof in proofs}
    compile_file(toolchain, tmp_path / "Filled.v", admitted.filled(scripts))


def compile_file(toolchain: RocqToolchain, file: Path, data: bytes) -> None:
    file.write_bytes(data)
    result = subprocess.run(
        [*toolchain.coqc, "-q", "-w", "none", file.name], cwd=file.parent, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
