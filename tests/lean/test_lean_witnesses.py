"""Checkers by others, with small programs that stand for them: what they are given, and what their answer does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_lean import HEADER

from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.lean.gate import LIMITS, LeanGate
from proofloom.assistants.gate.lean.probe import Edition, Shop
from proofloom.assistants.gate.lean.witnesses import NotRun, Witnesses
from proofloom.assistants.gate.refusals import Refusal
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.proofs import CheckResult, Finding, Verdict

REFERENCE = HEADER + "theorem t (p : Prop) (h : p) : p := sorry\ntheorem u : True := sorry\n"
GOOD = REFERENCE.replace("p := sorry", "p := h").replace("True := sorry", "True := True.intro")
USUAL = frozenset(("propext", "Quot.sound", "Classical.choice"))


def program(folder: Path, name: str, script: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return str(folder / name)


@pytest.fixture
def judge(toolchain: LeanToolchain, tmp_path: Path) -> Iterator[Callable[..., Verdict]]:
    made: list[LeanGate] = []

    def judged(candidate: str, witnesses: Witnesses, lake: str | None = None) -> Verdict:
        limits = GateLimits(seconds=100, memory_mib=LIMITS.memory_mib)
        made.append(LeanGate(replace(toolchain, lake=lake), limits=limits, witnesses=witnesses))
        return made[-1].check(REFERENCE.encode(), candidate.encode(), "t", LeanSettings(tmp_path))

    yield judged
    for one in made:
        one.close()


def test_their_yes_is_a_check_that_passed(judge: Callable[..., Verdict], tmp_path: Path) -> None:
    yes = program(tmp_path / "bin", "safe_verify", 'test -s "$1" && test -s "$2" && test "$1" != "$2"')
    lake = program(tmp_path / "bin", "lake", 'test "$1" = env; shift; exec "$@"')
    compare = program(
        tmp_path / "bin", "comparator", "test -f Challenge.lean && test -f Solution.lean && cat config.json"
    )
    verdict = judge(GOOD, Witnesses(yes, compare), lake)
    assert verdict.accepted, verdict.reason
    assert {verdict.checks[name] for name in ("safeverify", "comparator")} == {CheckResult.PASSED}
    assert (verdict.tools["safeverify"], verdict.tools["comparator"]) == (yes, compare)


def test_their_no_is_a_no(judge: Callable[..., Verdict], tmp_path: Path) -> None:
    no = program(tmp_path / "bin", "safe_verify", "echo 'u: kind mismatch' >&2; exit 1")
    verdict = judge(GOOD, Witnesses(no))
    assert (verdict.finding, verdict.accepted) == (Finding.CHECKER_REFUSED, False)
    assert verdict.checks["safeverify"] is CheckResult.FAILED
    assert verdict.reason == "safeverify: u: kind mismatch"


def test_where_they_are_not_the_checks_are_not_run(judge: Callable[..., Verdict]) -> None:
    verdict = judge(GOOD, Witnesses())
    assert verdict.accepted
    assert {verdict.checks[name] for name in ("safeverify", "comparator")} == {CheckResult.NOT_RUN}
    assert verdict.tools["comparator"] == "none"


@pytest.fixture
def editions(toolchain: LeanToolchain, tmp_path: Path) -> Callable[[str], tuple[Edition, Edition]]:
    def made(candidate: str, home: Path = tmp_path) -> tuple[Edition, Edition]:
        lake = program(tmp_path / "bin", "lake", 'shift; exec "$@"')
        shop = Shop(replace(toolchain, lake=lake), LIMITS, LeanSettings(home))
        pair = [Edition(text, tmp_path / name, shop) for name, text in (("r", REFERENCE), ("c", candidate))]
        for one in pair:
            one.compile()
        return pair[0], pair[1]

    return made


def test_a_problem_that_is_only_printed_is_a_no(
    editions: Callable[..., tuple[Edition, Edition]], tmp_path: Path
) -> None:
    """As a version of SafeVerify does it: status 0, and a line about each declaration that is not as it should be."""
    no = program(
        tmp_path / "bin", "safe_verify", "echo 'Found a problem in s.olean with declaration t'; echo Finished."
    )
    with pytest.raises(Refusal, match="with declaration t"):
        Witnesses(no).safeverify(*editions(GOOD), ())


def test_safeverify_is_not_asked_what_it_cannot_know(
    editions: Callable[..., tuple[Edition, Edition]], tmp_path: Path
) -> None:
    no = Witnesses(program(tmp_path / "bin", "safe_verify", "exit 1"))
    half = editions(REFERENCE.replace("p := sorry", "p := h"))
    with pytest.raises(NotRun):
        no.safeverify(*half, ())
    with pytest.raises(NotRun):
        no.safeverify(*editions(GOOD), ("mine",))


def test_comparator_gets_a_project_with_the_packages_of_the_file(
    editions: Callable[..., tuple[Edition, Edition]], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "lean-toolchain").write_text("leanprover/lean4:v4.35.0\n")
    packages = [{"type": "git", "name": "mathlib"}, {"type": "path", "name": "own", "dir": "libs/own"}]
    manifest = {"name": "home", "packagesDir": ".lake/packages", "packages": packages}
    (home / "lake-manifest.json").write_text(json.dumps(manifest))
    compare = Witnesses(None, program(tmp_path / "bin", "comparator", "echo no; exit 3"))
    reference, candidate = editions(GOOD, home)
    with pytest.raises(Refusal, match="no"):
        compare.comparator(reference, candidate, "t", USUAL)
    place = candidate.folder / "comparator"
    assert json.loads((place / "config.json").read_text()) == {
        "challenge_module": "Challenge",
        "solution_module": "Solution",
        "theorem_names": ["t"],
        "permitted_axioms": sorted(USUAL),
        "enable_nanoda": False,
    }
    assert (place / "Challenge.lean").read_text() == REFERENCE
    assert (place / "Solution.lean").read_text() == GOOD
    assert (place / "lean-toolchain").read_text() == "leanprover/lean4:v4.35.0\n"
    lakefile = (place / "lakefile.toml").read_text()
    for name, folder in (("home", home), ("mathlib", home / ".lake/packages/mathlib"), ("own", home / "libs/own")):
        assert f'[[require]]\nname = "{name}"\npath = "{folder}"\n' in lakefile


def test_comparator_needs_all_that_it_starts() -> None:
    def there(*names: str) -> Witnesses:
        return Witnesses.find(lambda name: f"/bin/{name}" if name in names else None)

    assert there("comparator", "safe_verify") == Witnesses("/bin/safe_verify", None)
    everything = there("comparator", "landrun", "lean4export", "lake")
    assert everything == Witnesses(None, "/bin/comparator")
