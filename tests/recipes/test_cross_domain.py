"""The levels of a program's lines, as the recipe for other structured text reads them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is missing: pip install 'proofloom[model]'")

sys.path.append(str(Path(__file__).parents[2] / "recipes"))

import cross_domain
from cross_domain import LINES, levelled_lines, pairs

from proofloom.hierarchy import FIVE_LEVELS, Level

PROGRAM = """\
import os

class Box:
    size = 1

    @property
    def weight(self):
        if self.size:
            return 2
        return 1

def heavy(box):
    return box.weight > 1
print(heavy)
"""


def test_levels_follow_the_nesting() -> None:
    assert [(line.text.strip(), line.level) for line in levelled_lines(PROGRAM)] == [
        ("import os", Level.CONTEXT),
        ("class Box:", Level.CASE),
        ("size = 1", Level.CONTEXT),
        ("@property", Level.TYPE),
        ("def weight(self):", Level.TYPE),
        ("if self.size:", Level.INSTANCE),
        ("return 2", Level.GOAL),
        ("return 1", Level.INSTANCE),
        ("def heavy(box):", Level.TYPE),
        ("return box.weight > 1", Level.INSTANCE),
        ("print(heavy)", Level.CONTEXT),
    ]


def test_a_pair_is_a_line_of_a_function_and_what_stands_before_it() -> None:
    made = pairs(PROGRAM)
    assert [pair.tactic.strip() for pair in made] == ["if self.size:", "return 2", "return 1", "return box.weight > 1"]
    last = made[-1].state
    assert last.text.splitlines()[-1] == "def heavy(box):"
    assert [last.text[span.start : span.end].rstrip("\n") for span in last.spans] == last.text.splitlines()
    levels = [span.level for span in last.spans]
    assert FIVE_LEVELS.can_flow(levels), "the second function looks up at the body of the first"


def test_no_more_lines_than_that() -> None:
    program = "def long():\n" + "".join(f"    x{number} = {number}\n" for number in range(2 * LINES))
    assert max(len(pair.state.spans) for pair in pairs(program)) == LINES


def test_a_small_run_ends_in_figures_with_intervals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2 * cross_domain.HELD_OUT):
        (tmp_path / f"p{number}.py").write_text(PROGRAM.replace("weight", f"weight{number}") * 4)
    monkeypatch.setattr(cross_domain, "programs", lambda: sorted(tmp_path.iterdir()))
    monkeypatch.setattr(sys, "argv", ["cross_domain.py", "--quick", "--json"])
    cross_domain.main()
    figures = json.loads(capsys.readouterr().out)["figures"]
    for arm in ("flow", "reversed"):
        change = figures[f"{arm}_minus_plain"]
        assert change["low"] <= change["value"] <= change["high"]
