"""docs/cli.md is what the command line says of itself."""

from __future__ import annotations

from pathlib import Path

from proofloom.app.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == reference(), "run: python -m proofloom.app.reference > docs/cli.md"


def test_every_verb_and_option_has_an_explanation() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 15
    assert all(len(row.split("|")[2].strip()) > 20 for row in rows)
