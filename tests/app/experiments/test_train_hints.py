"""A model that reads hints, from training to proposing: the numbers it writes are the tactics of the neighbours."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.app.experiments.evaluate import evaluate
from proofloom.app.experiments.train import train
from proofloom.app.toml_records import BadInput
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.splits.splits import SplitSettings, divide
from proofloom.hierarchy import HINT_MARKERS, HintSource
from proofloom.models.folder import load_tokenizer
from proofloom.policies.kit import PolicyKit
from proofloom.policies.model.folder import hint_source
from proofloom.policies.policy import Query
from proofloom.proofs import ProofState, Theorem
from proofloom.training.examples import Examples

SETTINGS = """
[reading]
hints = 32
[limits]
prompt = 96
[fit]
epochs = 24
learning_rate = 1e-2
warmup = 0.0
"""


def learned(folder: Path) -> list[tuple[str, str]]:
    """What stands before the state of each training example, and what is to be written."""
    tokenizer: Any = load_tokenizer(folder / "model")
    examples = Examples.read(folder / "train.arrays", (folder / "tokenizer" / "stamp").read_text())
    assert examples is not None
    found = []
    for start, prompt, end in zip(examples.starts, examples.prompts, examples.starts[1:], strict=False):
        whole, written = (tokenizer.decode(examples.tokens[start:at]) for at in (start + prompt, end))
        found.append((whole.partition("[GOAL]")[0], written.removeprefix(whole)))
    return found


def test_a_model_is_taught_to_name_its_hints_and_is_given_them_when_it_proves(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "hints.toml").write_text(SETTINGS)
    assert train("h", split="random", config=here / "hints.toml") == 0
    folder = here / "runs" / "h"
    assert hint_source(folder / "model") is HintSource.NEIGHBOURS
    pairs = learned(folder)
    assert ("[HINT1]reflexivity", "[HINT1]<|endoftext|>") in pairs
    assert ("", "reflexivity<|endoftext|>") in pairs  # the first theorem, and one step of ten
    assert 0.75 * len(pairs) < sum(hints.startswith(HINT_MARKERS[0]) for hints, _ in pairs) < len(pairs)
    capsys.readouterr()
    assert evaluate(["h/0=runs/h/model"], run="e", db=str(DEFAULT_PLACE), split="random", steps=True, as_json=True) == 0
    (found,) = json.loads(capsys.readouterr().out)["contestants"]
    assert found["exact"]["value"] == 1.0

    state = ProofState.parse("A : Type\nz : A\n⊢ z99 = z99")
    at = Theorem("new", "Lemma new : p99.", "Require Import f.\n", file=Path("g.v"), path="new")
    for place, wanted in ((str(DEFAULT_PLACE), True), ("none.sqlite", False)):
        with PolicyKit(place, "random", lambda file: f"L.{file.stem}", model=str(folder / "model"), threads=1) as kit:
            kit.prepare("model")
            (answer,) = kit.mixture("model").suggest([Query(state, at)], 4)
        assert (answer[0].tactic == "reflexivity" and answer[0].logprob > -0.7) == wanted, answer


def test_retrieved_premises_stand_before_the_state(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the examples and when the model is asked; only those that stand before the theorem."""
    laws = [Premise(f"L.p.{word}_law", f"Lemma {word}_law : forall x, {word} x = x.", "theorem", at)
            for at, word in ((0, "rev"), (900, "map"))]  # fmt: skip
    theorems = tuple(
        TracedTheorem(
            f"L.p.t{number}", f"Lemma t{number} : {number}.", "Lemma", 100 + number, 1, "Qed.", False, 1,
            (TracedStep(f"x : nat\n⊢ rev x = {number}", "apply rev_law", "no goals"),),
        )
        for number in range(30)
    )  # fmt: skip
    settings = SplitSettings(val=6, test=4)
    with Library.open("premises.sqlite") as library:
        library.add_file(
            Repository("https://example.org/p", "c0ffee", "rocq", "8.16.1", date(2026, 11, 1)),
            TracedFile("L.p", "p.v", "1" * 64, (), theorems, tuple(laws)),
        )
        library.add_split("all", divide(library.members(), settings), settings, date(2026, 11, 2))
    (here / "hints.toml").write_text(
        SETTINGS.replace("hints = 32", "hints = 32\nhints_from = 'bm25'").replace("24", "1")
    )
    assert train("h", db="premises.sqlite", split="all", config=here / "hints.toml") == 0
    folder = here / "runs" / "h"
    assert hint_source(folder / "model") is HintSource.BM25
    pairs = learned(folder)
    given = [(hints, written) for hints, written in pairs if hints]
    assert 0.75 * len(pairs) < len(given) < len(pairs)
    assert all(hints.startswith("[HINT1]rewrite rev_law") and "map_law" not in hints for hints, _ in given)
    assert {written for _, written in given} == {"[HINT2]<|endoftext|>"}  # `apply rev_law`
    capsys.readouterr()
    asked = evaluate(["h/0=runs/h/model"], run="e", db="premises.sqlite", split="all", steps=True, as_json=True)
    assert asked == 0
    at = Theorem("new", "Lemma new : p99.", "Require Import p.\n", file=Path("g.v"), path="new")
    with PolicyKit(
        "premises.sqlite", "all", lambda file: f"L.{file.stem}", model=str(folder / "model"), threads=1
    ) as kit:
        kit.prepare("model")
        (moves,) = kit.hints(HintSource.BM25).suggest([Query(ProofState.parse("⊢ rev z = z"), at)], 4)
        assert "rewrite p.rev_law" in [one.tactic for one in moves]
        assert len(kit.mixture("model").suggest([Query(ProofState.parse("⊢ rev z = z"), at)], 4)) == 1


def test_a_retriever_without_its_index_is_refused_in_one_line(here: Path) -> None:
    (here / "hints.toml").write_text(SETTINGS.replace("hints = 32", "hints = 32\nhints_from = 'dense'"))
    with pytest.raises(BadInput, match="there is no index of the premises"):
        train("h", split="random", config=here / "hints.toml")
    (here / "hints.toml").write_text(SETTINGS.replace("hints = 32", "hints = 32\nhints_from = 'magic'"))
    with pytest.raises(BadInput, match="magic"):
        train("h2", split="random", config=here / "hints.toml")


def test_hints_must_leave_room_for_a_state(here: Path) -> None:
    (here / "hints.toml").write_text("[reading]\nhints = 90\n[limits]\nprompt = 96\n")
    with pytest.raises(BadInput, match="limits prompt=96: wanted at least 106 where hints are read"):
        train("h", split="random", config=here / "hints.toml")
    assert not (here / "runs").exists()
