"""The entry point: Ctrl-C while the command line is loaded is no stack trace."""

from __future__ import annotations

import builtins
from typing import Any

import pytest

from proofloom.app.__main__ import main


def test_ctrl_c_before_the_command_line_is_there_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    known = builtins.__import__

    def interrupted(name: str, *rest: Any, **options: Any) -> Any:
        if name == "proofloom.app.cli":
            raise KeyboardInterrupt
        return known(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", interrupted)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
