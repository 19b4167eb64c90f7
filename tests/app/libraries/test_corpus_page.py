"""The commands of docs/corpus.md, run in order in a folder with the files that it shows."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from command import proofloom

from proofloom.policies.model.folder import can_load
from proofloom.policies.names import NAMES, default_policy

PAGE = (Path(__file__).parents[3] / "docs" / "corpus.md").read_text("utf-8")


@pytest.fixture
def development(tmp_path: Path) -> Path:
    """The files of the page."""
    for name, text in re.findall(r"^```coq (\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.rocq
@pytest.mark.slow
def test_every_command_of_the_page_works_and_helps(development: Path) -> None:
    commands = [shlex.split(line) for line in re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)]
    assert [command[0] for command in commands] == ["coqc", "coqc", "proofloom", "proofloom"]
    for program, *arguments in commands:
        if program == "coqc":
            subprocess.run([program, *arguments], cwd=development, check=True)
        else:
            done = proofloom(*arguments, cwd=development)
            assert done.code == 0, (arguments, done)
    assert "back_snoc" in done.out
    # What the page says: with the library there, nothing has to be named; without it the hole stays.
    done = proofloom("prove", "Use.v", "--json", "--run", "learned", cwd=development)
    assert json.loads(done.out.splitlines()[0])["outcome"] == "proved"
    config = (development / "runs" / "learned" / "config.toml").read_text()
    assert f'policy = "{default_policy(True, can_load())}"' in config
    done = proofloom("prove", "Use.v", "--json", "--policy", "list", "--time", "3", cwd=development)
    assert json.loads(done.out.splitlines()[0])["outcome"] == "out_of_budget"


def test_every_policy_is_explained() -> None:
    assert all(f"| `{name}` |" in PAGE for name in NAMES)
