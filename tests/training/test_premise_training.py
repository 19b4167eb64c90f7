"""Premises for goals: which are asked about, what is a counter-example, and that training finds the right premise."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.corpus.entries import PremiseEntry
from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.splits.splits import SplitSettings, divide
from proofloom.models.premise_model import PremiseModel, vectors
from proofloom.models.tokenizer import train_tokenizer
from proofloom.models.tree_encoder import Arm, EncoderSizes
from proofloom.models.tree_texts import goal_texts, premise_texts
from proofloom.proofs import Goal, Hypothesis
from proofloom.training import premise_encoder
from proofloom.training.premise_encoder import (
    Contrasts,
    ContrastSettings,
    Question,
    contrast,
    nearest,
    questions,
    recalls,
    train_encoder,
)

DAY = date(2026, 11, 1)
REPOSITORY = Repository("https://example.org/lib", "a1", "rocq", "8.16.1", DAY)


def test_contrast_counts_only_what_is_different() -> None:
    rows = torch.eye(3)
    none = torch.zeros(3, 3, dtype=torch.bool)
    level = torch.zeros(3)
    assert contrast(rows, rows, none, level, 0.01) < 1e-6
    wrong = contrast(rows, rows.roll(1, 0), none, level, 1.0)
    assert wrong.item() == pytest.approx(float(np.log(2 + np.e)), abs=1e-5)
    same = torch.tensor([[True, True, False], [True, True, False], [False, False, True]])
    twins = torch.stack([rows[0], rows[0], rows[2]])
    assert contrast(twins, twins, none, level, 0.01).item() == pytest.approx(2 * np.log(2) / 3, abs=1e-4)
    assert contrast(twins, twins, same, level, 0.01) < 1e-6


def library(place: Path) -> Library:
    used = ("lib.add_comm", "lib.later", "nat")
    steps = (
        TracedStep("n : nat\n⊢ n + 0 = n", "rewrite add_comm", "no goals", used),
        TracedStep("⊢ True", "exact I", "no goals"),
    )
    premises = [
        Premise(f"lib.{name}", f"Lemma {name} : x = x.", "Lemma", at) for name, at in (("add_comm", 0), ("later", 90))
    ]
    theorem = TracedTheorem("lib.goal", "Lemma goal : forall n, n + 0 = n.", "Lemma", 50, 2, "Qed.", False, 2, steps)
    made = Library.open(place / "library.sqlite")
    made.add_file(REPOSITORY, TracedFile("lib", "lib.v", "d", (), (theorem,), tuple(premises)))
    settings = SplitSettings(val=0, test=0)
    made.add_split("all", divide(made.members(), settings), settings, DAY)
    return made


def test_questions_count_only_premises_that_may_be_used(tmp_path: Path) -> None:
    with library(tmp_path) as stored:
        entries = stored.premises()
        asked = list(questions(stored, entries, "all", "train"))
    assert [one.goal.conclusion for one in asked] == ["n + 0 = n"]  # the other step uses none
    assert [entry.full_name for entry in entries if entry.id in asked[0].used] == ["lib.add_comm"]  # not the later one
    tokenizer = train_tokenizer([entry.statement for entry in entries], 270)
    name, statement = (len(tokenizer(text)["input_ids"]) for text in ("lib.add_comm", entries[0].statement))
    text = premise_texts(tokenizer, entries[:1])[0]
    assert len(text.tokens) == name + statement
    assert [len(child.children) for child in text.tree.children] == [name, statement]  # type: ignore[union-attr]


@pytest.mark.parametrize("arm", [Arm.HSA, Arm.WORDS])
def test_training_finds_what_belongs_together(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["add", "mul", "list", "tree", "bool", "real", "set", "map"]
    goals = [Goal((Hypothesis(("x",), "nat"),), f"{word} x = x") for word in words]
    texts = [f"Lemma {word}_thing : {word} y." for word in words]
    tokenizer = train_tokenizer([*texts, *(goal.conclusion for goal in goals)], 330)
    entries = [PremiseEntry(number, 0, f"L.{number}", text, "Lemma", 0) for number, text in enumerate(texts)]
    premises = dict(enumerate(premise_texts(tokenizer, entries)))
    usable = np.arange(len(words))
    asked = [Question(goal, (number,), usable, number) for number, goal in enumerate(goals)]
    torch.manual_seed(0)
    model = PremiseModel(len(tokenizer), arm, EncoderSizes(width=16, out=16, heads=2, head_width=8, position=8))
    given = goal_texts(tokenizer, goals)
    said = list[str]()
    monkeypatch.setattr(premise_encoder, "TOLD", 50)
    settings = ContrastSettings(batch=8, epochs=60, learning_rate=1e-2)
    losses = train_encoder(model, asked, given, premises, dict.fromkeys(premises, 0), settings, said.append)
    assert len(losses) == 60
    assert said == [f"step 50 of 60: loss {np.mean(losses[:50]):.3f}"]
    assert losses[-1] < 0.1 < losses[0]
    rows = vectors(model, list(premises.values()))
    near = nearest(asked, vectors(model, given), usable, rows, 8)
    assert recalls(asked, near, 1) == [1.0] * len(words)
    narrow = [Question(asked[0].goal, (0, 1), np.array([1, 2]), 0)]
    assert recalls(narrow, nearest(narrow, vectors(model, given[:1]), usable, rows, 2), 2) == [0.5]


def test_counter_examples_might_have_been_used() -> None:
    files = {1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 1}
    first = Question(Goal((), "a"), (2,), np.array([1, 2, 4]), 0)
    second = Question(Goal((), "b"), (4, 5), np.array([2, 4, 5]), 1)
    drawn = set[int]()
    chance = np.random.default_rng(0)
    for _ in range(60):
        chosen = Contrasts(files, hard=True).of([first, second], chance)
        assert chosen[0] == 2 and chosen[1] in (4, 5)
        assert len(set(chosen)) == len(chosen)
        drawn |= set(chosen)
    assert drawn == {1, 2, 4, 5}  # 3 and 6 may be used by neither
    assert len(Contrasts(files, hard=False).of([first, second], chance)) == 2


def test_more_premises_than_goals_are_more_to_tell_from() -> None:
    rows = torch.eye(3)
    none = torch.zeros(2, 3, dtype=torch.bool)
    level = torch.zeros(3)
    wrong = contrast(rows[:2], rows, none, level, 1.0).item()
    assert wrong == pytest.approx(float(np.log(2 + np.e)) - 1, abs=1e-5)
    used = torch.tensor([[True, False, True], [False, True, True]])
    assert contrast(rows[:2], rows, used, level, 1.0).item() == pytest.approx(float(np.log(1 + np.e)) - 1, abs=1e-5)
    lowered = contrast(rows[:2], rows, none, torch.tensor([0.0, 0.0, 100.0]), 1.0).item()
    assert lowered == pytest.approx(float(np.log(1 + np.e)) - 1, abs=1e-5)  # as if the third were not there
