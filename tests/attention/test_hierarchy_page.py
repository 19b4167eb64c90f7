"""The programs of the pages on hierarchy run in order and print what the pages say."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("name", "programs"), [("hierarchy.md", 2), ("hierarchical_attention.md", 3)])
def test_the_programs_of_the_page_print_what_it_says(name: str, programs: int) -> None:
    page = DOCS / name
    blocks = re.findall(r"```(python|text)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "text"] * programs
    names: dict[str, object] = {}
    for (_, program), (_, printed) in zip(blocks[::2], blocks[1::2], strict=True):
        output = io.StringIO()
        with redirect_stdout(output):
            exec(compile(program, str(page), "exec"), names)
        assert output.getvalue() == printed
