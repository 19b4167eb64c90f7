"""The gate for Lean against the real kernel: every cheat of the table is refused by the rung that must catch it.

The catalogue is that of docs/lean.md.  The replay is that of the small Lean: the real kernel, on the compiled file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from small_lean import HEADER

from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.lean.gate import FORBIDDEN, LIMITS, LeanGate
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.proofs import CheckResult, Finding, Verdict

FALSE = "theorem t : 1 = 2 := sorry\n"
TRUE = "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := sorry\n"
GOOD = "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := ⟨h.right, h.left⟩\n"
DEFINED = "def two : Nat := 2\n"
DEFINED += "inductive Even : Nat → Prop where\n  | zero : Even 0\n  | step (n : Nat) : Even n → Even (n + 2)\n"
STATED = DEFINED + "theorem t : Even two := sorry\n"
UNCHECKED = "set_option debug.skipKernelTC true\ntheorem t : 1 = 2 := by decide (kernel := true)\n"
"""The tactic leaves the work to the kernel, and the option keeps the kernel from it."""
PLAIN = "set_option genCtorIdx false\nset_option genSizeOf false\nset_option genInjectivity false\n"


@dataclass(frozen=True)
class Cheat:
    """A candidate, what the gate finds, and the check that refuses it; `filter` says whether the word filter is on."""

    id: str
    candidate: str
    finding: Finding
    check: str
    reference: str = FALSE
    filter: bool = False
    theorem: str = "t"


OWN = "axiom a : 1 = 2\ntheorem t : 1 = 2 := a\n"
H, A, W, C = Finding.INCOMPLETE, Finding.FORBIDDEN_AXIOM, Finding.WRONG_STATEMENT, Finding.FORBIDDEN_COMMAND
CHEATS = (
    Cheat("L-H1 sorry", FALSE, H, "assumptions"),
    Cheat("L-H1 sorry as a tactic", "theorem t : 1 = 2 := by sorry", H, "assumptions"),
    Cheat("L-H1 admit", "theorem t : 1 = 2 := by admit", H, "assumptions"),
    Cheat("L-H1 in a helper", "theorem h : 1 = 2 := sorry\ntheorem t : 1 = 2 := h", H, "assumptions"),
    Cheat("L-H1 in a have", "theorem t : 1 = 2 := by\n  have h : 1 = 2 := sorry\n  exact h", H, "assumptions"),
    Cheat("L-H1 sorryAx by name", "theorem t : 1 = 2 := sorryAx _ false", H, "assumptions"),
    Cheat("L-H1 sorryAx by name, filtered", "theorem t : 1 = 2 := sorryAx _ false", C, "commands", filter=True),
    Cheat("L-H3 tactic blocks are holes", "set_option debug.byAsSorry true\ntheorem t : 1 = 2 := by exact rfl", H, "assumptions"),
    Cheat("L-H4 opaque", "opaque h : 1 = 2 := sorry\ntheorem t : 1 = 2 := h", H, "assumptions"),
    Cheat("L-H6 open goals", "theorem t : 1 = 2 := by\n  skip", H, "compile"),
    Cheat("L-H6 type mismatch", "theorem t : 1 = 2 := (rfl : 1 = 1)", H, "compile"),
    Cheat("L-H7 a failed instance", "theorem t : 1 = 2 := inferInstance", H, "compile"),
    Cheat("L-H8 only a comment", "-- theorem t : 1 = 2 := rfl", W, "assumptions"),
    Cheat("L-H8 empty", "", W, "assumptions"),
    Cheat("L-A1 own axiom", "axiom a : 1 = 2\ntheorem t : 1 = 2 := a", A, "assumptions"),
    Cheat("L-A1 own axiom, filtered", "axiom a : 1 = 2\ntheorem t : 1 = 2 := a", C, "commands", filter=True),
    Cheat("L-A1 the theorem as an axiom", "axiom t : 1 = 2", A, "assumptions"),
    Cheat("L-A2 a trusted namespace", "axiom Classical.em : 1 = 2\ntheorem t : 1 = 2 := Classical.em", A, "assumptions"),
    Cheat("L-A2 a trusted name inside another", "axiom A.propext : 1 = 2\ntheorem t : 1 = 2 := A.propext", A, "assumptions"),
    Cheat("L-A3 an escaped name", "axiom «propext, Quot.sound» : 1 = 2\ntheorem t : 1 = 2 := «propext, Quot.sound»", A, "assumptions"),
    Cheat("L-A3 an escaped name with brackets", "axiom «propext]» : 1 = 2\ntheorem t : 1 = 2 := «propext]»", A, "assumptions"),
    Cheat("L-A5 kernel check switched off", UNCHECKED, Finding.CHECKER_REFUSED, "checker"),
    Cheat("L-A9 axiom behind a definition", "axiom a : 1 = 2\ndef d : 1 = 2 := a\ntheorem t : 1 = 2 := d", A, "assumptions"),
    Cheat("L-S1 another statement", "theorem t : 1 = 1 := rfl", W, "statement"),
    Cheat("L-S1 missing", "theorem u : 1 = 1 := rfl", W, "assumptions"),
    Cheat("L-S2 one more hypothesis", "theorem t (h : 1 = 2) : 1 = 2 := h", W, "statement"),
    Cheat("L-S2 a section variable", "variable (h : 1 = 2)\ninclude h\ntheorem t : 1 = 2 := h", W, "statement"),
    Cheat("L-S2 another universe", "theorem t (α : Type) (a : α) : a = a := rfl", W, "statement", "theorem t.{u} (α : Type u) (a : α) : a = a := sorry"),
    Cheat("L-S5 own equality", "namespace B\ndef Eq (a b : Nat) : Prop := True\ntheorem t : Eq 1 2 := True.intro\nend B", W, "statement",
          "namespace B\ntheorem t : Eq 1 2 := sorry\nend B", theorem="B.t"),
    Cheat("L-S5 own False", "namespace B\ndef False : Prop := True\ntheorem t : False := True.intro\nend B", W, "statement",
          "namespace B\ntheorem t : False := sorry\nend B", theorem="B.t"),
    Cheat("L-S7 a definition is changed", STATED.replace("Nat := 2", "Nat := 0").replace("sorry", "Even.zero"), W, "statement", PLAIN + STATED),
    Cheat("L-S7 an inductive type is changed", STATED.replace("zero : Even 0", "zero : Even 2").replace("sorry", "Even.zero"), W, "statement", PLAIN + STATED),
    Cheat("L-S10 in a nested namespace", "namespace B\ntheorem t : 1 = 2 → 1 = 2 := id\nend B", W, "assumptions"),
    Cheat("L-M2 prints the success text", 'theorem t : 1 = 2 := sorry\n#print "\'t\' does not depend on any axioms"', H, "assumptions"),
    Cheat("L-M7 endless elaboration", "set_option maxHeartbeats 0\nnoncomputable def long (n : Nat) : Nat → Nat := Nat.rec (fun x => x) (fun _ f x => f (f x)) n\ntheorem t : long 60 0 = 1 := rfl", Finding.TIMEOUT, "compile"),
    Cheat("other imports", "import Nowhere", C, "commands"),
    Cheat("options, filtered", "set_option debug.skipKernelTC true\n" + FALSE, C, "commands", filter=True),
    Cheat("L-A6 an unsafe loop, unchecked", "unsafe def u : 1 = 2 := u\nset_option debug.skipKernelTC true in\ntheorem t : 1 = 2 := u", Finding.CHECKER_REFUSED, "checker"),
    Cheat("L-S1 only a private one", "private theorem t : 1 = 1 := rfl", W, "assumptions"),
    Cheat("L-S4 another default", "@[default_instance 2000] instance x (n : Nat) : OfNat Unit n := ⟨()⟩\ntheorem t : 1 = 2 := rfl", W, "statement"),
    Cheat("L-A8 a primitive of the kernel", "def Nat.div (a b : Nat) : Nat := 0\ntheorem z (a b : Nat) : Nat.div a b = 0 := rfl\ntheorem c : Nat.div 6 2 = 3 := rfl\ntheorem t : 1 = 2 := by\n  have h : 3 = 0 := c.symm.trans (z 6 2)\n  cases h", A, "contents"),
    Cheat("a quote in a name of two lines, filtered", f'theorem «"\n» : True := True.intro\n{OWN}theorem «" » : True := True.intro', C, "commands", filter=True),
    Cheat("a comment that is not closed at once, filtered", f'/--/ " -/\n{OWN}-- "', C, "commands", filter=True),
    Cheat("a comment that is closed early, filtered", f"/-/- -/\n{OWN}-- -/", C, "commands", filter=True),
    Cheat("a keyword right after a number, filtered", f"def n : Nat := 1{OWN}", C, "commands", filter=True),
    Cheat("an escaped word, filtered", "theorem t : 1 = 2 := _root_.«sorryAx» _ false", C, "commands", filter=True),
    Cheat("code in a string, filtered", f'example : True := by first | exact (f s!"{{"/-"}}") | trivial\n{OWN}-- -/', C, "commands", filter=True),
    Cheat("notation, filtered", 'local infix:50 " = " => fun a b => True\n' + FALSE, C, "commands", filter=True),
)  # fmt: skip


@pytest.fixture(scope="module")
def gates(toolchain: LeanToolchain) -> Iterator[Callable[..., LeanGate]]:
    made: list[LeanGate] = []

    def gate(filter: bool = True, toolchain: LeanToolchain = toolchain, **more: object) -> LeanGate:
        limits = GateLimits(seconds=100, cpu_seconds=3, memory_mib=LIMITS.memory_mib)
        forbidden = FORBIDDEN if filter else frozenset()
        made.append(LeanGate(toolchain, limits=limits, forbidden=forbidden, **more))  # type: ignore[arg-type]
        return made[-1]

    yield gate
    for one in made:
        one.close()


def judged(gate: LeanGate, reference: str, candidate: str, folder: Path, theorem: str = "t") -> Verdict:
    head = HEADER if "import Nowhere" not in candidate else "prelude\nimport ProofCore\n"
    return gate.check((HEADER + reference).encode(), (head + candidate).encode(), theorem, LeanSettings(folder))


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.id)
def test_refused(cheat: Cheat, gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    candidate = PLAIN + cheat.candidate if cheat.reference.startswith(PLAIN) else cheat.candidate
    verdict = judged(gates(filter=cheat.filter), cheat.reference, candidate, tmp_path, cheat.theorem)
    failed = [name for name, result in verdict.checks.items() if result is CheckResult.FAILED]
    assert (verdict.finding, failed) == (cheat.finding, [cheat.check]), verdict.reason
    assert not verdict.accepted
    assert verdict.level < 4


def test_a_flood_of_output_is_cut(toolchain: LeanToolchain, tmp_path: Path) -> None:
    """L-M7: the limit is that of the process, so what is printed is not kept either."""
    gate = LeanGate(toolchain, limits=GateLimits(seconds=100, memory_mib=LIMITS.memory_mib, output_mib=1))
    long = "a" * 3000
    verdict = judged(gate, TRUE, f"{GOOD}theorem {long} : True := True.intro\n" + f"#check {long}\n" * 500, tmp_path)
    assert (verdict.finding, verdict.accepted) == (Finding.MEMORY, False), verdict.reason
    assert verdict.checks["compile"] is CheckResult.FAILED
    assert verdict.memory_mib < 1000
    gate.close()


def test_a_very_deep_term_is_refused(gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    """L-M7: how it ends is Lean's matter, that it is no proof is ours."""
    deep = "theorem t : 1 = 2 := " + "(" * 30000 + "rfl" + ")" * 30000
    verdict = judged(gates(), FALSE, deep, tmp_path)
    assert verdict.checks["compile"] is CheckResult.FAILED
    assert verdict.finding in (Finding.INCOMPLETE, Finding.CRASHED, Finding.MEMORY)


def test_an_honest_proof_reaches_every_rung(gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    verdict = judged(gates(), TRUE, GOOD, tmp_path)
    assert verdict.accepted, verdict.reason
    assert verdict.level == 4
    others = {name for name, result in verdict.checks.items() if result is not CheckResult.PASSED}
    assert others <= {"safeverify", "comparator"}  # not installed, see test_lean_witnesses.py
    assert verdict.axioms == ()
    assert len(verdict.statement_digest) == 64


HONEST = (
    "-- axiom macro \"\n/- axiom /- macro -/ ' -/\n/-- the axiom of choice -/\n",
    "theorem axiom_of_choice : True := True.intro\ntheorem eval : True := True.intro\ntheorem k : True := eval\n",
    "namespace N\ntheorem α₁β' : True := True.intro\nend N\nopen N in\n",
    "-- a\ttab, an image f '' s, 1..2\r\n",
)


def test_words_that_only_look_forbidden_are_let_through(gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    verdict = judged(gates(), TRUE, "".join(HONEST) + GOOD, tmp_path)
    assert verdict.accepted, verdict.reason


def test_a_matcher_that_a_lemma_made_first_is_another_statement(gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    """L-S9, a false refusal that is known: docs/lean.md says so."""
    match = "(match n with | .zero => 0 | .succ m => m)"
    stated = f"theorem t (n : Nat) : {match} = {match} := "
    lemma = stated.replace("theorem t", "theorem lemma_first") + "rfl\n"
    assert judged(gates(), f"{stated}sorry\n", f"{stated}rfl\n", tmp_path).accepted
    verdict = judged(gates(), f"{stated}sorry\n", f"{lemma}{stated}rfl\n", tmp_path)
    assert (verdict.finding, verdict.checks["statement"]) == (Finding.WRONG_STATEMENT, CheckResult.FAILED)


MEDDLING = """\
#!{python}
import shutil, subprocess, sys
from pathlib import Path

status = subprocess.run([{lean!r}, *sys.argv[1:]]).returncode
here = Path.cwd()
if "ProofloomGated.lean" in sys.argv and here.parent.name == "c" and {what!r} == "the reference":
    shutil.copy("ProofloomGated.olean", here.parent.parent / "r" / "library")
if "Ask.lean" in sys.argv and here.parent.name == "c" and {what!r} == "its own file":
    shutil.copy(here.parent.parent / "r" / "library" / "ProofloomGated.olean", here.parent / "library")
if "Ask.lean" in sys.argv and here.parent.name == "c" and {what!r} == "a module beside it":
    shutil.copy({core!r}, here.parent / "library")
if "Ask.lean" in sys.argv and here.parent.name == "c" and {what!r} == "a link":
    for place in here.parent.glob("questions*/Ask.lean"):
        place.unlink()
        place.symlink_to({core!r})
sys.exit(status)
"""
"""Lean that does what code of a candidate can do while it is compiled or loaded."""


def meddling(toolchain: LeanToolchain, folder: Path, what: str, core: Path) -> LeanToolchain:
    lean = folder / "lean"
    lean.write_text(MEDDLING.format(python=sys.executable, lean=toolchain.lean, what=what, core=str(core)))
    lean.chmod(0o755)
    return replace(toolchain, lean=str(lean))


@pytest.mark.parametrize(
    ("what", "check", "candidate"),
    [
        ("the reference", "compile", "theorem t : 1 = 1 := rfl\n"),
        ("its own file", "assumptions", GOOD),
        ("a module beside it", "assumptions", GOOD),
    ],
)
def test_compiled_files_that_were_changed_are_no_proof(
    toolchain: LeanToolchain, tmp_path: Path, what: str, check: str, candidate: str
) -> None:
    """L-M1, L-M5: the first of these was accepted, with the candidate's own statement as the reference."""
    core = Path(toolchain.lean).parent.parent / "lib" / "ProofCore.olean"
    gate = LeanGate(meddling(toolchain, tmp_path, what, core))
    verdict = judged(gate, FALSE if what == "the reference" else TRUE, candidate, tmp_path)
    gate.close()
    failed = [name for name, result in verdict.checks.items() if result is CheckResult.FAILED]
    assert (verdict.finding, failed) == (Finding.NOT_CHECKED, [check]), verdict.reason
    assert "have been changed" in verdict.reason


def test_no_question_is_written_through_a_link(toolchain: LeanToolchain, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    gate = LeanGate(meddling(toolchain, tmp_path, "a link", outside))
    assert judged(gate, TRUE, GOOD, tmp_path).accepted
    gate.close()
    assert outside.read_text() == "mine"


def test_lemmas_definitions_and_the_axioms_of_lean_may_be_used(gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    lemma = "theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by simp [h]\n"
    verdict = judged(gates(), TRUE, lemma + "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := swap p q h\n", tmp_path)
    assert verdict.accepted, verdict.reason
    assert verdict.axioms == ("propext",)
    filled = PLAIN + STATED.replace("sorry", "Even.step 0 Even.zero")
    assert judged(gates(), PLAIN + STATED, filled, tmp_path).accepted


def test_without_a_replay_nothing_is_accepted(
    gates: Callable[..., LeanGate], toolchain: LeanToolchain, tmp_path: Path
) -> None:
    verdict = judged(gates(toolchain=replace(toolchain, checker=None)), TRUE, GOOD, tmp_path)
    assert (verdict.finding, verdict.level, verdict.accepted) == (Finding.NOT_CHECKED, 2, False)
    assert verdict.checks["checker"] is CheckResult.NOT_RUN
    assert verdict.checks["statement"] is CheckResult.PASSED


def test_axioms_that_are_asked_for_are_allowed_by_full_name(gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    reference = "axiom mine : 1 = 2\n" + FALSE
    verdict = judged(gates(axioms=("mine",)), reference, reference.replace("sorry", "mine"), tmp_path)
    assert verdict.finding is Finding.FORBIDDEN_AXIOM
    assert "not the axiom of the library" in verdict.reason


def test_a_reference_that_does_not_compile_is_not_checked(gates: Callable[..., LeanGate], tmp_path: Path) -> None:
    verdict = judged(gates(), "theorem t : nonsense x := sorry", GOOD, tmp_path)
    assert verdict.finding is Finding.NOT_CHECKED
    assert "the reference" in verdict.reason
    with pytest.raises(ValueError, match="names with dots"):
        judged(gates(), TRUE, GOOD, tmp_path, "t; #eval 1")


@pytest.mark.parametrize(
    ("checks", "candidate"),
    [
        (("_assumptions", "_contents"), "axiom a : 1 = 2\ntheorem t : 1 = 2 := a"),
        (("_statement", "_contents"), "theorem t : 1 = 1 := rfl"),
        (("_replay",), UNCHECKED),
    ],
)
def test_a_gate_without_its_checks_lets_a_cheat_through(
    gates: Callable[..., LeanGate],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    checks: tuple[str, ...],
    candidate: str,
) -> None:
    """Axioms and statement are looked at twice, so there both checks have to go."""
    gate = gates(filter=False)
    for check in checks:
        assert not judged(gate, FALSE, candidate, tmp_path).accepted
        monkeypatch.setattr(gate, check, lambda case: None)
    assert judged(gate, FALSE, candidate, tmp_path).accepted
