"""A `lean` that lies: it compiles whatever it gets and answers every question as a candidate would like it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from proofloom.assistants.gate.confinement import GateLimits
from proofloom.assistants.gate.lean.gate import LeanGate
from proofloom.assistants.gate.lean.probe import Shop
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain, settings_for
from proofloom.proofs import CheckResult, Finding

REFERENCE = b"theorem t : 1 = 2 := sorry\n"
CANDIDATE = b"theorem t : 1 = 2 := rfl\n"
LIAR = """#!{python}
import json, re, sys
from pathlib import Path
arguments = sys.argv[1:]
if "-o" in arguments:
    if {writes}:
        Path(arguments[arguments.index("-o") + 1]).write_bytes({compiled!r})
    sys.exit(0)
for number, line in enumerate(Path(arguments[-1]).read_text("utf-8").splitlines(), 1):
    asked = re.search(r"#print axioms (\\S+)$", line)
    name = asked and asked[1].replace("«", "").replace("»", "")
    if asked and {knows} and name.startswith("proofloom_"):
        said = f"'{{name}}' depends on axioms: [{{name.rstrip(chr(39))}}]"
    elif asked:
        said = f"'{{name}}' does not depend on any axioms"
    elif line.startswith("#check"):
        said = "t : 1 = 2"
    elif line.startswith("#print"):
        said = "theorem t : 1 = 2 := rfl"
    else:
        continue
    print(json.dumps({{"severity": "information", "pos": {{"line": number, "column": 0}}, "data": said}}))
"""


@pytest.mark.parametrize(
    ("writes", "knows", "compiled", "finding", "check"),
    [
        (False, False, b"", Finding.NOT_CHECKED, "compile"),
        (True, False, b"olean", Finding.NOT_CHECKED, "assumptions"),
        (True, True, b"olean", Finding.NOT_CHECKED, "contents"),
        (True, True, b"olean\x02\x01" + bytes(200), Finding.NOT_CHECKED, "contents"),
    ],
)
def test_a_compiler_that_always_says_yes_is_not_believed(
    tmp_path: Path, writes: bool, knows: bool, compiled: bytes, finding: Finding, check: str
) -> None:
    for name, text in (
        ("lean", LIAR.format(python=sys.executable, writes=writes, knows=knows, compiled=compiled)),
        ("leanchecker", "#!/bin/sh\nexit 0\n"),
    ):
        (tmp_path / name).write_text(text, "utf-8")
        (tmp_path / name).chmod(0o755)
    toolchain = LeanToolchain((4, 35, 0), str(tmp_path / "lean"), checker=str(tmp_path / "leanchecker"))
    gate = LeanGate(toolchain, limits=GateLimits(seconds=60))
    verdict = gate.check(REFERENCE, CANDIDATE, "t", LeanSettings(tmp_path))
    gate.close()
    failed = [name for name, result in verdict.checks.items() if result is CheckResult.FAILED]
    assert (verdict.finding, failed, verdict.accepted) == (finding, [check], False), verdict.reason


def test_the_stand_in_of_elan_finds_its_toolchains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checked file has another home, but `lean` may be elan's, which looks for Lean below the home."""
    (tmp_path / ".elan").mkdir()
    (tmp_path / "lean").write_text('#!/bin/sh\necho "$ELAN_HOME" >&2; echo "$HOME" >&2; exit 1\n')
    (tmp_path / "lean").chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ELAN_HOME", raising=False)
    shop = Shop(LeanToolchain((4, 35, 0), str(tmp_path / "lean")), GateLimits(seconds=60), LeanSettings(tmp_path))
    done = shop.lean(tmp_path / "scratch", ())
    assert done.error.splitlines() == [str(tmp_path / ".elan"), str(tmp_path / "scratch")]
    (tmp_path / ".elan").rmdir()
    assert shop.lean(tmp_path / "scratch", ()).error.splitlines()[0] == ""


def test_the_search_path_of_a_project_holds_everywhere(tmp_path: Path) -> None:
    """`lake env` may name folders as they are seen from the project."""
    (tmp_path / "lakefile.toml").write_text('name = "own"\n')
    (tmp_path / "lake").write_text("#!/bin/sh\necho LEAN_PATH=././.lake/packages/a/lib:/abs/lib\necho OTHER=1\n")
    (tmp_path / "lake").chmod(0o755)
    toolchain = LeanToolchain((4, 35, 0), "lean", lake=str(tmp_path / "lake"))
    variables = settings_for(tmp_path / "Own.lean", toolchain).variables
    assert variables == (("LEAN_PATH", f"{tmp_path}/.lake/packages/a/lib:/abs/lib"),)
