"""The verb `evaluate` on files of Lean: a model that knows one answer, Lean's gate, and a problem known as wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from small_lean import HEADER, install, unavailable

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
from toy_models import taught_folder

from proofloom.app.experiments.evaluate import evaluate
from proofloom.app.toml_records import BadInput


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with Lean on the path, two problems and a model."""
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    program = install(tmp_path / "small-lean")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "problems").mkdir()
    for name, claim in (("one", "1 = 1"), ("mathd_algebra_314", "1 = 2")):
        (tmp_path / "problems" / f"{name}.lean").write_text(f"{HEADER}theorem {name} : {claim} := by\n  sorry\n")
    taught_folder(tmp_path / "model", 0, {"⊢ 1 = 1": "rfl", "⊢ 1 = 2": "rfl"})
    return tmp_path


def test_holes_of_lean_are_tried_and_judged_by_its_gate(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"run": "r", "theorems": [Path("problems")], "candidates": "1", "strategy": "best-first", "expansions": 2}
    assert evaluate(["toy/0=model"], **asked, as_json=True) == 0  # type: ignore[arg-type]
    told = json.loads(capsys.readouterr().out)
    (cell,) = told["findings"]
    assert [one["solved"] for one in cell["contestants"]] == [1]
    assert list(told["known_to_be_wrong"]) == ["mathd_algebra_314"]
    with pytest.raises(BadInput, match="--require: is not for Lean"):
        evaluate(["toy/0=model"], **{**asked, "run": "s"}, require="Lia")  # type: ignore[arg-type]
