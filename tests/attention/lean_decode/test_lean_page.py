"""The programs of docs/lean_attention.md print what the page says, and its pictures are those of the code."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from proofloom.attention.lean_decode.picture import schedule_svg
from proofloom.attention.lean_decode.schedule import Schedule

DOCS = Path(__file__).parents[3] / "docs"
PAGE = DOCS / "lean_attention.md"
PICTURES = {
    "equal_shares.svg": ("Sequences of 1000, 300 and 2000 keys, 2 heads", Schedule.over([1000, 300, 2000], 2, 128, 5)),
    "one_long.svg": ("One sequence of 4000 keys, six of 200", Schedule.over([4000] + [200] * 6, 1, 128, 4)),
}


def test_the_programs_of_the_page_print_what_it_says() -> None:
    blocks = re.findall(r"```(python|text)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert [kind for kind, _ in blocks] == ["python", "text"] * 3
    names: dict[str, object] = {}
    for (_, program), (_, printed) in zip(blocks[::2], blocks[1::2], strict=True):
        output = io.StringIO()
        with redirect_stdout(output):
            exec(compile(program, str(PAGE), "exec"), names)
        assert output.getvalue() == printed


def test_the_pictures_of_the_page_are_those_of_the_code() -> None:
    assert set(re.findall(r"\(pictures/(.*?)\)", PAGE.read_text("utf-8"))) == set(PICTURES)
    for name, (title, schedule) in PICTURES.items():
        assert (DOCS / "pictures" / name).read_text("utf-8") == schedule_svg(schedule, title)
