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


REPOSITORY = Repository("https://example.org/lib", "a1", "rocq", "8.16.1", DAY)


def own_file(name: str) -> TracedFile:
    """Eight lemmas, and forty theorems whose steps use them."""
    premises = [Premise(f"{name}.{word}_law", f"Lemma {word}_law : forall x, {word} x = x.", "Lemma", at)
                for at, word in enumerate(WORDS)]  # fmt: skip
    theorems = []
    for number in range(40):
        word = WORDS[number % len(WORDS)]
        step = TracedStep(
            f"x{number} : {name}\n⊢ {word} x{number} = x{number}",
            f"apply {word}_law",
            "no goals",
            (f"{name}.{word}_law",),
        )
        statement = f"Lemma t{number} : {word} {number} = {number} :> {name}."
        theorems.append(
            TracedTheorem(f"{name}.t{number}", statement, "Lemma", 100 + number, 1, "Qed.", False, 1, (step,))
        )
    return TracedFile(name, f"{name}.v", f"d{name}", (), tuple(theorems), tuple(premises))


def library(place: Path) -> None:
    settings = SplitSettings(val=8, test=4)
    with Library.open(place) as made:
        made.add_file(REPOSITORY, own_file("L"))
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


def test_a_second_call_goes_on_with_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped in its second arm: the first is not trained again, and the figures are those of a run in one go."""
    monkeypatch.chdir(tmp_path)
    library(tmp_path / "library.sqlite")
    asked = ("--arm", "words", "--arm", "deepset", "--seeds", "1", "--epochs", "1", "--json")
    run(monkeypatch, *asked)
    whole = json.loads(capsys.readouterr().out.splitlines()[-1])["figures"]
    module = recipe()
    trained: list[str] = []
    train = module.train_encoder

    def stopped(encoder: Any, *arguments: Any) -> list[float]:
        trained.append(encoder.arm)
        if encoder.arm == "deepset" and len(trained) == 2:
            raise KeyboardInterrupt
        return list(train(encoder, *arguments))

    monkeypatch.setattr(module, "train_encoder", stopped)
    monkeypatch.setattr(
        sys, "argv", ["premise_encoder.py", "--db", "library.sqlite", "--split", "all", "--run", "r", *asked]
    )
    with pytest.raises(KeyboardInterrupt):
        module.main()
    assert sorted(path.name for path in Path("runs/r").iterdir()) == ["config.toml", "words-0.json"]
    module.main()
    assert trained == ["words", "deepset", "deepset"]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["figures"] == whole
    with pytest.raises(SystemExit):
        run(monkeypatch, "--run", "r", *asked, "--thinning", "0.5")
    assert "--run r was started with thinning = 0.0, now it is 0.5; use another --run" in capsys.readouterr().err


def test_whole_files_can_be_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    library(tmp_path / "library.sqlite")
    with Library.open("library.sqlite") as made:
        made.add_file(REPOSITORY, own_file("M"))
        settings = SplitSettings(val=2, test=2)
        made.add_split("all", divide(made.members(), settings), settings, DAY)
    arguments = ("--arm", "words", "--seeds", "1", "--epochs", "2", "--thinning", "0.3", "--new-files", "2")
    run(monkeypatch, *arguments)
    told = capsys.readouterr().out.splitlines()
    figures = json.loads(told[-1])["figures"]
    assert figures["premises_used_in_the_pairs_too"] == 0.0  # each file uses its own lemmas
    run(monkeypatch, *arguments)
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["figures"] == figures  # a seed says all
    for wrong, complaint in (
        (("--new-files", "1"), "--new-files 1: wanted 2 or more"),
        (("--thinning", "1"), "to less than 1"),
    ):
        with pytest.raises(SystemExit):
            run(monkeypatch, *wrong)
        assert complaint in capsys.readouterr().err
