"""What needs Lean's own library: session, search, gate and catalogue against a full toolchain (marker `lean`).

`tools/check_lean.sh` runs these.  They were written where only the wheel's Lean is, so there they are skipped.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import proofloom
from full_catalogue import FULL_CHEATS, HONEST, HONEST_WITH_MATHLIB, META, FullCheat
from small_theorems import THEOREMS

from proofloom.app.proving.settings import ProveSettings
from proofloom.assistants.doubles.dialogue import TACTICS, hold
from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.lean.gate import FORBIDDEN, LIMITS, LeanGate, _Case
from proofloom.assistants.gate.lean.probe import Edition, Shop
from proofloom.assistants.gate.refusals import Refusal
from proofloom.assistants.lean.interact import InteractRepl
from proofloom.assistants.lean.moves import moves
from proofloom.assistants.lean.repl import ReplLean
from proofloom.assistants.lean.session import Lean, SessionLimits
from proofloom.assistants.lean.text.source import Source
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain, find_lean, settings_for
from proofloom.assistants.session import AssistantError
from proofloom.policies.tactic_lists.moves import MovesPolicy
from proofloom.proofs import Budget, CheckResult, Finding, Outcome, Verdict
from proofloom.search.driver import attempt

PROJECT = "PROOFLOOM_LEAN_PROJECT"
"""Names the folder of a Lake project, whose Lean and packages are then used."""
REPL = "PROOFLOOM_LEAN_REPL"
"""Names the folder in which the REPL was built."""


@dataclass(frozen=True)
class Full:
    """A full Lean: its programs, where a file of the tests would lie, and whether Mathlib is there."""

    toolchain: LeanToolchain
    file: Path
    mathlib: bool

    @property
    def settings(self) -> LeanSettings:
        """How that file is compiled."""
        return settings_for(self.file, self.toolchain)


@functools.cache
def found() -> Full | str:
    """The full Lean of this machine, or why there is none."""
    project = os.environ.get(PROJECT)
    folder = Path(project).resolve() if project else Path.cwd()
    try:
        toolchain = find_lean()
        if toolchain.checker is None:
            return f"{toolchain.lean} has no leanchecker beside it or on the path (it comes with Lean 4.28)"
        full = Full(toolchain, folder / "ProofloomTrial.lean", False)
        settings = full.settings
    except AssistantError as error:
        return f"no full Lean: {error}; put one on the path, or name a Lake project by {PROJECT}"
    for words, there in (("import Lean\nexample : 1 + 1 = 2 := rfl\n", False), ("import Mathlib\n", True)):
        command = [toolchain.lean, "--stdin"]
        environment = settings.environment
        done = subprocess.run(
            command, cwd=folder, env=environment, input=words, text=True, capture_output=True, check=False, timeout=600
        )
        if done.returncode == 0:
            full = Full(toolchain, full.file, there)
        elif not there:
            return f"{toolchain.lean} has no library of its own: {(done.stdout + done.stderr)[:200]}"
    return full


@pytest.fixture
def full() -> Full:
    """The full Lean; tests that ask for it are skipped where there is none."""
    one = found()
    if isinstance(one, str):
        pytest.skip(one)
    return one


@pytest.fixture
def gate(full: Full) -> Iterator[Callable[..., LeanGate]]:
    made: list[LeanGate] = []

    def opened(filter: bool = True, cpu_seconds: float = 60.0) -> LeanGate:
        limits = GateLimits(seconds=300, cpu_seconds=cpu_seconds, memory_mib=LIMITS.memory_mib)
        made.append(LeanGate(full.toolchain, limits=limits, forbidden=FORBIDDEN if filter else frozenset()))
        return made[-1]

    yield opened
    for one in made:
        one.close()


@pytest.mark.lean
@pytest.mark.parametrize("cheat", FULL_CHEATS, ids=lambda cheat: cheat.id)
def test_a_cheat_is_refused_by_its_check(cheat: FullCheat, full: Full, gate: Callable[..., LeanGate]) -> None:
    texts = [(cheat.header + one).encode() for one in (cheat.reference, cheat.candidate)]
    verdict = gate(filter=False).check(texts[0], texts[1], "t", full.settings)
    assert not verdict.accepted
    failed = [name for name, result in verdict.checks.items() if result is CheckResult.FAILED]
    if failed == ["compile"] and cheat.check != "compile":
        pytest.skip(f"does not compile with {full.toolchain.name}: {verdict.reason}")
    assert (verdict.finding, failed) == (cheat.finding, [cheat.check]), verdict.reason


@pytest.mark.parametrize("cheat", FULL_CHEATS, ids=lambda cheat: cheat.id)
def test_the_word_filter_alone(cheat: FullCheat, tmp_path: Path) -> None:
    """Without Lean: which cheats have a word that the reference has not."""
    toolchain = LeanToolchain((4, 35, 0), "lean")
    shop = Shop(toolchain, LIMITS, LeanSettings(tmp_path))
    reference, candidate = (Edition(cheat.header + text, tmp_path, shop) for text in (cheat.reference, cheat.candidate))
    gate = LeanGate(toolchain)
    if not cheat.filtered:
        gate._commands(_Case(reference, candidate, "t"))
    else:
        with pytest.raises(Refusal) as refusal:
            gate._commands(_Case(reference, candidate, "t"))
        assert refusal.value.finding is Finding.FORBIDDEN_COMMAND
    gate.close()


def test_the_catalogue_names_every_family() -> None:
    families = {cheat.id.split()[0] for cheat in FULL_CHEATS}
    assert {f"L-A{number}" for number in (2, 3, 4, 5, 6, 7, 8)} <= families
    assert {f"L-N{number}" for number in (1, 2, 3, 4)} <= families
    assert {f"L-M{number}" for number in (1, 2, 5, 6, 7)} <= families
    assert len({cheat.id for cheat in FULL_CHEATS}) == len(FULL_CHEATS) >= 30


def accepted(verdict: Verdict) -> None:
    assert verdict.accepted, verdict.reason
    assert verdict.level == 4


@pytest.mark.lean
@pytest.mark.parametrize("proof", HONEST)
def test_an_honest_proof_is_accepted(proof: str, full: Full, gate: Callable[..., LeanGate]) -> None:
    reference = META + proof.partition(" := ")[0] + " := sorry\n"
    accepted(gate().check(reference.encode(), (META + proof + "\n").encode(), "t", full.settings))


@pytest.mark.lean
@pytest.mark.parametrize("proof", HONEST_WITH_MATHLIB)
def test_an_honest_proof_with_mathlib_is_accepted(proof: str, full: Full, gate: Callable[..., LeanGate]) -> None:
    if not full.mathlib:
        pytest.skip(f"no Mathlib: name a project that has it by {PROJECT}")
    reference = "import Mathlib\n" + proof.partition(" := ")[0] + " := sorry\n"
    candidate = f"import Mathlib\n{proof}\n"
    accepted(gate(cpu_seconds=600).check(reference.encode(), candidate.encode(), "t", full.settings))


@pytest.mark.lean
@pytest.mark.parametrize("header", ["", "import Mathlib\n"])
def test_the_dialogue_of_doctor(header: str, full: Full) -> None:
    if header and not full.mathlib:
        pytest.skip(f"no Mathlib: name a project that has it by {PROJECT}")
    with Lean(full.toolchain, SessionLimits()) as lean:
        heard = list(hold(lean, header, full.file))
    assert len(heard) == len(TACTICS) + 1, heard[-1]
    kinds = [one.answer.partition(":")[0] for one in heard if one.tactic in ("exact h.left", "exact nowhere", "exact")]
    assert kinds == ["failed", "failed", "syntax", "no goals"]
    assert [one.answer for one in heard[-2:]] == ["no goals", "no goals"]
    assert next(one.answer for one in heard if one.tactic.startswith("right")).startswith("timeout")


def trusting(steps: object) -> Verdict:
    """Not a gate: the file with all scripts is shown to one at the end of the test."""
    return Verdict("t", Finding.ACCEPTED, 1, "for the test only", {})


@pytest.mark.lean
def test_the_dialogue_over_a_repl(full: Full) -> None:
    built = os.environ.get(REPL)
    if built is None:
        pytest.skip(f"no REPL: name the folder of one that was built for {full.toolchain.name} by {REPL}")
    lean = ReplLean(lambda: InteractRepl(Path(built), full.settings.folder))
    heard = list(hold(lean, "", full.file))
    lean.close()
    assert len(heard) == len(TACTICS) + 1, heard[-1]
    assert [one.answer for one in heard[-2:]] == ["no goals", "no goals"]


@pytest.mark.lean
def test_small_theorems_are_found_and_accepted(full: Full, gate: Callable[..., LeanGate]) -> None:
    """Search and gate together; what is not found is named."""
    text = "".join(f"theorem t{number} {claim} := sorry\n" for number, claim in enumerate(THEOREMS))
    source = Source(text.encode(), full.file)
    scripts: dict[str, list[str]] = {}
    with Lean(full.toolchain, SessionLimits()) as lean:
        for hole in source.holes:
            budget = Budget(seconds=120, tactics=1000, tactic_seconds=20)
            strategy = ProveSettings().strategy.start
            tried = attempt(source.theorem(hole), lean, MovesPolicy(moves), strategy, budget, trusting)
            if tried.outcome is Outcome.PROVED and tried.proof is not None:
                scripts[hole.path] = ["\n".join(tried.proof)]
    missing = [hole.name for hole in source.holes if hole.path not in scripts]
    assert len(scripts) >= 30, missing
    candidate = source.filled(scripts)
    judge = gate(cpu_seconds=300)
    for path in list(scripts)[::8]:
        accepted(judge.check(text.encode(), candidate, path, full.settings))


@pytest.mark.lean
def test_prove_writes_a_file_that_lean_accepts(full: Full, tmp_path: Path) -> None:
    place = full.file.parent if os.environ.get(PROJECT) else tmp_path
    file = place / "ProofloomTrial.lean"
    file.write_text("theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  sorry\n", "utf-8")
    try:
        program = shutil.which("proofloom") or "proofloom"
        done = subprocess.run(
            [program, "prove", file.name, "--output", str(tmp_path / "out")],
            cwd=place, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        (written,) = (tmp_path / "out").rglob("ProofloomTrial.lean")
        assert "sorry" not in written.read_text("utf-8")
    finally:
        file.unlink()


def test_without_a_full_lean_the_reason_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    reason = found.__wrapped__()
    assert isinstance(reason, str)
    assert "no program lean on the path" in reason and PROJECT in reason


@pytest.mark.lean
def test_prove_fills_a_file_and_the_gate_accepts_it(full: Full, tmp_path: Path) -> None:
    file = full.file.with_name("ProofloomProve.lean") if os.environ.get(PROJECT) else tmp_path / "F.lean"
    file.write_text("theorem t (a b : Nat) (h : a < b) : ¬b ≤ a := sorry\n", encoding="utf-8")
    try:
        done = proofloom("prove", file, "--json", "--time", "120", cwd=tmp_path, seconds=900)
    finally:
        file.unlink()
    assert (done.code, done.outcomes) == (0, {"t": "proved"})
    assert done.objects[0]["verdict"]["level"] == 4
