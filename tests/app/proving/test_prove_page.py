"""The commands of docs/prove.md, run in order in an empty folder."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from command import proofloom

PAGE = (Path(__file__).parents[3] / "docs" / "prove.md").read_text("utf-8")


@pytest.mark.rocq
@pytest.mark.slow
def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```coq\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "Example.v").write_text(example)
    commands = re.findall(r"^\$ proofloom (.*)$", PAGE, re.MULTILINE)
    assert len(commands) >= 6
    for command in commands:
        done = proofloom(*shlex.split(command), cwd=tmp_path)
        assert done.code == 0, (command, done)
        if command == "prove Example.v --write":
            assert "Admitted" not in (tmp_path / "Example.v").read_text()
            (tmp_path / "Example.v").write_text(example)
    assert (tmp_path / "runs" / "night" / "report.html").exists()


def test_every_outcome_is_explained() -> None:
    from proofloom.proofs import Outcome

    assert all(f"| `{outcome.value}` |" in PAGE for outcome in Outcome)
