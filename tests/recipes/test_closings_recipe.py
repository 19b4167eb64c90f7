"""The recipe of closings: from a traced development to a file that `train --closings` reads."""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.app.cli import main
from proofloom.app.experiments.train import train
from proofloom.app.toml_records import BadInput
from proofloom.corpus.library import Library
from proofloom.corpus.splits.splits import SplitSettings, divide
from proofloom.training.closings import read_closings

pytestmark = pytest.mark.rocq

RECIPE = Path(__file__).parents[2] / "recipes" / "closings.py"
DEVELOPMENT = """Theorem both (P Q : Prop) : P -> Q -> Q /\\ P.
Proof. intros p q. split. - exact q. - exact p. Qed.
Theorem hard (f : nat -> nat) : f 0 = 1 -> f 0 <> 2.
Proof. intros H; rewrite H. { discriminate. } Qed.
Theorem short : 2 + 2 = 4.
Proof. easy. Qed.
Theorem zero (n : nat) : n = n + 0.
Proof. induction n. - reflexivity. - simpl. now rewrite <- IHn. Qed.
"""


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    spec = importlib.util.spec_from_file_location("closings_recipe", RECIPE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    fixed = ["closings.py", "--db", "library.sqlite", "--split", "all", "--out", "found.jsonl"]
    monkeypatch.setattr(sys, "argv", [*fixed, *arguments])
    module.main()


def test_what_automation_ends_is_found_kept_and_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "F.v").write_text(DEVELOPMENT)
    with pytest.raises(SystemExit):
        main(["trace", "dev", "--out", "library.sqlite"])
    with Library.open("library.sqlite", create=False) as library:
        settings = SplitSettings(val=1, test=0)
        library.add_split("all", divide(library.members(), settings), settings, date(2026, 11, 29))
        trained = {one.full_name.rpartition(".")[2] for one in library.theorems(split="all", part="train")}
    assert len(trained) == 3
    run(monkeypatch, "--theorems", "1")
    first = read_closings(Path("found.jsonl"))
    assert len(first) == 1
    run(monkeypatch)
    found = {one.theorem.rpartition(".")[2]: one for one in read_closings(Path("found.jsonl"))}
    assert set(found) == trained  # nothing of the validation part
    assert found[first[0].theorem.rpartition(".")[2]] == first[0]
    if "both" in found:
        assert found["both"].tried == 4
        assert [tactic for _, tactic in found["both"].closings] == ["easy"] * 4
    if "hard" in found:
        assert [tactic for _, tactic in found["hard"].closings] == ["congruence", "easy"]
    if "short" in found:
        assert (found["short"].tried, found["short"].closings) == (1, ())  # people did the same
    count = sum(len(one.closings) for one in found.values())
    assert f"{count} of them ended by automation where people did something else" in capsys.readouterr().out
    assert train("r", db="library.sqlite", split="all", closings="found.jsonl", epochs=1.0) == 0
    card = Path("runs/r/model/README.md").read_text()
    assert f"| train: closings of automation | {count} |" in card
    with pytest.raises(SystemExit, match=r"there is no split 'odd'"):
        run(monkeypatch, "--split", "odd")
    with pytest.raises(BadInput, match=r"gone.jsonl: cannot be read"):
        train("s", db="library.sqlite", split="all", closings="gone.jsonl")
