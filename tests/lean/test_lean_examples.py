"""The examples for Lean: each loads as it is, and the search finds every hole; `make demo` asks the gate about them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from proofloom.app.languages import LEAN
from proofloom.app.proving.prover import Prover, Task
from proofloom.app.proving.settings import ProveSettings
from proofloom.assistants.lean.session import Lean
from proofloom.assistants.lean.text.source import Source
from proofloom.assistants.lean.toolchain import LeanSettings
from proofloom.proofs import Budget, Finding, Outcome, Verdict

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted((EXAMPLES / "lean").glob("*.lean"))


class Trusting:
    """Not a gate: the filled file is compiled at the end of the test."""

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: object) -> Verdict:
        return Verdict(theorem, Finding.ACCEPTED, 1, "for the test only", {})

    def close(self) -> None:
        """Nothing is kept."""


def test_the_readme_counts_the_holes() -> None:
    readme = (EXAMPLES / "README.md").read_text("utf-8")
    for file in FILES:
        holes = Source.read(file).holes
        assert all(not hole.unsupported for hole in holes)
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `lean/{file.name}`")]
        assert row.endswith(f"| {len(holes)} |")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_hole_is_found_and_the_filled_file_compiles(
    file: Path, assistant: Lean, lean: Path, tmp_path: Path
) -> None:
    source = Source.read(file)
    settings = ProveSettings(budget=Budget(seconds=200, tactics=400, tactic_seconds=20))
    prover = Prover(settings, assistant, Trusting(), LEAN.tactic_list())
    scripts = {}
    for hole in source.holes:
        found = prover(Task(file, source.data, source.data, LeanSettings(tmp_path), hole.path)).attempt
        assert found.outcome is Outcome.PROVED, (hole.path, found.reason)
        scripts[hole.path] = found.scripts
    (tmp_path / file.name).write_bytes(source.filled(scripts))
    command = (str(lean), "--json", file.name)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [item["data"] for item in said if item["severity"] == "error" or "sorry" in item["data"]] == []
