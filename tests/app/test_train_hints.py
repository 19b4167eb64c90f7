"""A model that reads hints, from training to proposing: the numbers it writes are the tactics of the neighbours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.app.evaluate import evaluate
from proofloom.app.toml_records import BadInput
from proofloom.app.train import train
from proofloom.corpus.library import DEFAULT_PLACE
from proofloom.hierarchy import HINT_MARKERS
from proofloom.models.folder import load_tokenizer
from proofloom.policies.model_folder import reads_hints
from proofloom.policies.named import PolicyKit
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
    assert reads_hints(folder / "model")
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
            (answer,) = kit.policy("model").suggest([Query(state, at)], 4)
        assert (answer[0].tactic == "reflexivity" and answer[0].logprob > -0.7) == wanted, answer


def test_hints_must_leave_room_for_a_state(here: Path) -> None:
    (here / "hints.toml").write_text("[reading]\nhints = 90\n[limits]\nprompt = 96\n")
    with pytest.raises(BadInput, match="limits prompt=96: wanted at least 106 where hints are read"):
        train("h", split="random", config=here / "hints.toml")
    assert not (here / "runs").exists()
