"""On which splits a model has learned travels with it, and another split is warned of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.models.errors import ModelError
from proofloom.models.folder import load_tokenizer, save_tokenizer
from proofloom.models.provenance import Learned, learned_by, other_splits, remember_learned
from proofloom.models.tokenizer import train_tokenizer
from proofloom.policies.model.folder import SHIPPED

FIRST, SECOND = Learned("figures@1", "ab" * 32), Learned("random@2", "cd" * 32)


@pytest.fixture(scope="module")
def fresh() -> Any:
    return train_tokenizer(["x : nat\n⊢ x = x"] * 2, 280)


def test_what_was_learned_first_is_remembered_beside_what_came_later(fresh: Any, tmp_path: Path) -> None:
    save_tokenizer(fresh, tmp_path / "none")
    assert learned_by(tmp_path / "none") == []
    assert other_splits(tmp_path / "none", FIRST.split, FIRST.digest) == ""
    remember_learned(fresh, FIRST)
    save_tokenizer(fresh, tmp_path / "one")
    assert learned_by(tmp_path / "one") == [FIRST]
    base = load_tokenizer(tmp_path / "one")
    for learned in (SECOND, SECOND):
        remember_learned(base, learned)
    save_tokenizer(base, tmp_path / "two")
    assert learned_by(tmp_path / "two") == [FIRST, SECOND]


def test_another_split_is_warned_of_and_the_same_one_under_another_name_is_not(fresh: Any, tmp_path: Path) -> None:
    remember_learned(fresh, FIRST)
    save_tokenizer(fresh, tmp_path / "m")
    assert other_splits(tmp_path / "m", "renamed@7", FIRST.digest) == ""
    warning = other_splits(tmp_path / "m", SECOND.split, SECOND.digest)
    assert "has learned the training part of figures@1 (abababababab), and this is random@2 (cdcdcdcdcdcd)" in warning


def test_a_record_that_is_none_is_refused(tmp_path: Path) -> None:
    for record in (3, [{"split": "a"}]):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({"proofloom_learned": record}))
        with pytest.raises(ModelError, match="proofloom_learned is "):
            learned_by(tmp_path)


def test_the_model_of_the_package_says_what_its_card_says() -> None:
    (learned,) = learned_by(SHIPPED)
    assert f"Split `{learned.split}`, digest `{learned.digest}`" in (SHIPPED / "README.md").read_text("utf-8")
