"""The recipe of premise encoders: from a library to a folder that `proofloom index`, `search` and `prove` read."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.app.libraries.premises import index, search
from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.splits.splits import SplitSettings, divide

DAY = date(2026, 11, 1)
WORDS = ("add", "mul", "rev", "app", "len", "map", "div", "sub")
RECIPE = Path(__file__).parents[2] / "recipes" / "premise_encoder.py"


def library(place: Path) -> None:
    premises = [Premise(f"L.{word}_law", f"Lemma {word}_law : forall x, {word} x = x.", "Lemma", at)
                for at, word in enumerate(WORDS)]  # fmt: skip
    theorems = []
    for number in range(40):
        word = WORDS[number % len(WORDS)]
        step = TracedStep(
            f"x{number} : nat\n⊢ {word} x{number} = x{number}", f"apply {word}_law", "no goals", (f"L.{word}_law",)
        )
        statement = f"Lemma t{number} : {word} {number} = {number}."
        theorems.append(TracedTheorem(f"L.t{number}", statement, "Lemma", 100 + number, 1, "Qed.", False, 1, (step,)))
    settings = SplitSettings(val=8, test=4)
    with Library.open(place) as made:
        made.add_file(
            Repository("https://example.org/lib", "a1", "rocq", "8.16.1", DAY),
            TracedFile("L", "L.v", "d", (), tuple(theorems), tuple(premises)),
        )
        made.add_split("all", divide(made.members(), settings), settings, DAY)


def recipe() -> Any:
    """The recipe as a module."""
    spec = importlib.util.spec_from_file_location("premise_encoder_recipe", RECIPE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["premise_encoder.py", "--db", "library.sqlite", "--split", "all", *arguments])
    recipe().main()


def test_an_encoder_is_trained_saved_indexed_and_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    library(tmp_path / "library.sqlite")
    run(monkeypatch, "--arm", "deepset", "--seeds", "1", "--epochs", "3", "--save", "encoder", "--json")
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])["figures"]
    assert figures["bm25_recall_10"][0] == 1.0  # eight premises, so ten find all
    card = (tmp_path / "encoder" / "README.md").read_text()
    for said in ("finds premises for goals", "https://example.org/lib. Split `all@1`", "| recall@10 | 1 |", "seed"):
        assert said in card
    assert index("encoder", db="library.sqlite") == 0
    capsys.readouterr()
    for by in ("dense", "hybrid"):
        assert search("y : nat\n⊢ rev y = y", by=by, count=8, db="library.sqlite", as_json=True) == 0
        names = {json.loads(line)["name"] for line in capsys.readouterr().out.splitlines()}
        assert names == {f"L.{word}_law" for word in WORDS}


def test_saving_wants_one_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        run(monkeypatch, "--seeds", "1", "--save", "encoder")
    assert left.value.code == 2
    assert "--save: 4 arms with 1 seeds; wanted one of each (--arm NAME --seeds 1)" in capsys.readouterr().err
