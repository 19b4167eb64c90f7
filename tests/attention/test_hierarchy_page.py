"""The programs of docs/hierarchy.md run in order and print what the page says."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

PAGE = Path(__file__).parents[2] / "docs" / "hierarchy.md"


def test_the_programs_of_the_page_print_what_it_says() -> None:
    blocks = re.findall(r"```(python|text)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "text"] * 2
    names: dict[str, object] = {}
    for (_, program), (_, printed) in zip(blocks[::2], blocks[1::2], strict=True):
        output = io.StringIO()
        with redirect_stdout(output):
            exec(compile(program, str(PAGE), "exec"), names)
        assert output.getvalue() == printed
