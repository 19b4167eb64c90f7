"""The commands of docs/train.md, run in order in a folder with a small library; its table of settings is complete."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from proofloom.app.cli import app
from proofloom.corpus.library import DEFAULT_PLACE

PAGE = (Path(__file__).parents[3] / "docs" / "train.md").read_text("utf-8")


def test_every_command_of_the_page_works(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("torch", "transformers", "peft"):
        pytest.importorskip(package, reason=f"{package} is not installed: pip install 'proofloom[model,train]'")
    (here / DEFAULT_PLACE).rename(here / "library.sqlite")
    files = re.findall(r"^```toml file=(\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for name, text in files:
        (here / name).write_text(text)
    commands = [shlex.split(line) for line in re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)]
    assert len(commands) == 4
    for _, *arguments in commands:
        assert not app(args=arguments, standalone_mode=False), arguments
        assert "validation: loss" in capsys.readouterr().out
    assert [path.parent.name for path in sorted(here.glob("runs/*/model"))] == ["first", "fourth", "second", "third"]
    ((_, text),) = files
    resolved, told = tomllib.loads((here / "runs/second/config.toml").read_text()), tomllib.loads(text)
    for table in ("limits", "reading"):
        assert resolved[table] == told[table]
    assert told["flow"].items() <= resolved["flow"].items()
