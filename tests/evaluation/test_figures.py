"""What a program says of how it was run: no password, no path of this machine, a command that can be given again."""

from __future__ import annotations

import pytest

from proofloom.evaluation.measuring.figures import circumstances


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["/bin/proofloom", "evaluate", "--db", "postgresql://me:secret@host/lib"],
         "proofloom evaluate --db postgresql://me:***@host/lib"),
        (["/opt/x/proofloom/app/__main__.py", "evaluate"], "proofloom evaluate"),
        (["benchmarks/decode.py", "--out", "/tmp/results"], "python benchmarks/decode.py --out results"),
    ],
)  # fmt: skip
def test_the_command_of_a_run(words: list[str], command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", words)
    assert circumstances()["command"] == command
