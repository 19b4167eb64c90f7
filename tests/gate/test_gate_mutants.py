"""A gate with one check removed lets a cheat through: no check is decoration.

Six checks are taken out of the list.  The other two make what the checks look at, so they are replaced by what a
careless gate would use instead: a compiled file that came with the source, and the candidate's own statement.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from gate_case import LIMITS, Case
from gate_cases import REFUSED

from proofloom.assistants.gate import RocqGate
from proofloom.assistants.gate.rocq import build, edition
from proofloom.assistants.gate.rocq import gate as gate_module
from proofloom.assistants.gate.rocq.case import Case as Question
from proofloom.assistants.gate.rocq.checks import CHECKS
from proofloom.assistants.gate.rocq.reading import Reading
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.proofs import Finding, Verdict

pytestmark = pytest.mark.rocq

# For each check a case that nothing else catches.
GUARDED = {
    "settings": "project file with native compilation",
    "commands": "R-34 Redirect",
    "statement": "R-21 extra premise",
    "definitions": "body of a definition changed",
    "assumptions": "R-01 admitted target",
    "checker": "R-18 inlined functor argument, guard, flag in the reference",
}
MORE = [
    ("commands", "R-36 definitional UIP"),
    ("statement", "R-20 section hypothesis"),
    ("statement", "R-22 notation for equality"),
    ("statement", "R-29 abort and restate"),
    ("statement", "levels of the theorem's own by the same names"),
    ("definitions", "constraint taken away"),
    ("definitions", "opaque body of a signature"),
    ("assumptions", "R-04 axiom"),
    ("checker", "R-17 inlined functor argument, universes, flag in the reference"),
    ("checker", "R-19 abstract under universes off, flag in the reference"),
]
CASES = {case.id: case for case in REFUSED}


@pytest.mark.parametrize(("check", "case"), [*GUARDED.items(), *MORE])
def test_without_the_check_the_case_gets_through(
    check: str, case: str, judge: Callable[[Case], Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not judge(CASES[case]).accepted
    monkeypatch.setattr(gate_module, "CHECKS", tuple(item for item in CHECKS if item[0] != check))
    verdict = judge(CASES[case])
    assert verdict.finding is Finding.ACCEPTED, verdict.reason


def test_a_statement_taken_from_the_candidate_lets_a_weaker_one_through(
    judge: Callable[[Case], Verdict], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(question: Question) -> tuple[object, Reading]:
        return question.candidate.theorem(question.theorem)

    monkeypatch.setattr(Question, "asked", property(asked))
    assert judge(CASES["R-21 extra premise"]).accepted


def test_a_compiled_file_in_place_of_source_is_not_looked_at(
    toolchain: RocqToolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted file is on the load path of the project under the same name and holds a good proof."""
    honest, cheat = b"Lemma t : 1 = 1. Proof. reflexivity. Qed.", b"Lemma t : 1 = 1. Admitted."
    planted = tmp_path / "planted" / "Gated.v"
    planted.parent.mkdir()
    planted.write_bytes(honest)
    subprocess.run([*toolchain.coqc, "-q", "-Q", str(planted.parent), "", str(planted)], check=True, timeout=60)
    settings = FileSettings("Gated", ("-Q", str(planted.parent), ""))

    gate = RocqGate(toolchain, limits=LIMITS)
    verdict = gate.check(cheat, cheat, "t", settings)
    assert (verdict.finding, verdict.checks["assumptions"]) == (Finding.INCOMPLETE, "failed")

    def supplied(text: bytes, *arguments: object) -> build.Compiled:
        compiled = build.compile_text(text, *arguments)  # type: ignore[arg-type]
        shutil.copy(planted.with_suffix(".vo"), compiled.object)
        return compiled

    monkeypatch.setattr(edition, "compile_text", supplied)
    assert RocqGate(toolchain, limits=LIMITS).check(cheat, cheat, "t", settings).accepted


def test_every_check_is_removed_in_turn() -> None:
    assert {*GUARDED, "reference", "compile"} == {name for name, _ in CHECKS}
