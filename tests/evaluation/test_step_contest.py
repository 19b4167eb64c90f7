"""Human steps are scored as each model reads states: one that was taught tags sees tags."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_library import toy_library
from toy_models import toy_folder, toy_tokenizer

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.corpus.library import Library
from proofloom.evaluation.contest_rows import ContestRows
from proofloom.evaluation.contestant import Contestant
from proofloom.evaluation.held_out import Sample, held_out
from proofloom.evaluation.steps.contest import score_steps
from proofloom.evaluation.steps.scores import step_scores
from proofloom.hierarchy import Reading
from proofloom.models.folder import save_model
from proofloom.models.reading import remember_reading
from proofloom.policies.model.folder import MOST_TOKENS, loaded_model
from proofloom.search.clock import SystemClock
from proofloom.training.library_pairs import levelled_pair


def test_a_model_that_was_taught_tags_reads_tags(tmp_path: Path) -> None:
    plain = loaded_model(toy_folder(tmp_path / "plain", 0))
    tokenizer = toy_tokenizer()
    remember_reading(tokenizer, Reading(tags=True))
    save_model(plain.model, tokenizer, "The same weights.\n", tmp_path / "tagged")
    with Library.open(toy_library(tmp_path / "library.sqlite"), create=False) as library:
        theorems = held_out(library, Sample("toy", ("test",), 1, 0))
    contestants = [Contestant(name, 0, tmp_path / name) for name in ("plain", "tagged")]
    with ContestRows(tmp_path / "rows.sqlite") as rows:
        score_steps(contestants, theorems, rows, SystemClock(), lambda: 0.0, lambda line: None)
        scores = {row.contestant: list(row.scores) for row in rows.steps()}
    for name, tags in (("plain/0", False), ("tagged/0", True)):
        reading = Reading(tags=tags)
        pairs = [levelled_pair(step.state_before, step.tactic, reading=reading) for step in theorems[0].steps]
        assert scores[name] == step_scores(plain, pairs, MOST_TOKENS)
    assert scores["plain/0"] != scores["tagged/0"]
