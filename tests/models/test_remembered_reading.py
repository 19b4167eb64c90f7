"""A reading travels with the tokenizer, through its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.hierarchy import PLAIN_READING, TAGS, LevelSource, Reading, Variables
from proofloom.models.errors import ModelError
from proofloom.models.folder import load_tokenizer, save_tokenizer
from proofloom.models.prompt import plain_tokens, prompts
from proofloom.models.reading import remember_reading, remembered_reading
from proofloom.models.tokenizer import add_tags, train_tokenizer


@pytest.fixture
def fresh() -> Any:
    return train_tokenizer(["x : nat\n⊢ x = x"] * 2, 280)


def test_it_comes_back_from_the_folder(fresh: Any, tmp_path: Path) -> None:
    assert remembered_reading(fresh) == PLAIN_READING
    reading = Reading(LevelSource.PAPER, Variables.TYPE, tags=True)
    remember_reading(fresh, reading)
    save_tokenizer(fresh, tmp_path / "one")
    once = load_tokenizer(tmp_path / "one")
    assert remembered_reading(once) == reading
    save_tokenizer(once, tmp_path / "two")
    assert remembered_reading(load_tokenizer(tmp_path / "two")) == reading


def test_one_that_cannot_be_read_is_refused(fresh: Any, tmp_path: Path) -> None:
    remember_reading(fresh, PLAIN_READING)
    save_tokenizer(fresh, tmp_path / "t")
    file = tmp_path / "t" / "tokenizer_config.json"
    for record in ({"levels": "words"}, 3):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"proofloom_reading": record}))
        with pytest.raises(ModelError, match=r"tokenizer_config.json: proofloom_reading is "):
            remembered_reading(load_tokenizer(tmp_path / "t"))


def test_a_tag_is_one_token_in_a_text_and_a_marker_is_still_none(fresh: Any, tmp_path: Path) -> None:
    count, before = len(fresh), plain_tokens(fresh, ["x : nat [GOAL]"])
    add_tags(fresh)
    save_tokenizer(fresh, tmp_path / "t")
    loaded = load_tokenizer(tmp_path / "t")
    assert len(loaded) == count + len(TAGS)
    assert plain_tokens(loaded, ["x : nat [GOAL]"]) == before
    (prompt,) = prompts(loaded, [Reading(tags=True).of_text("x : nat\n⊢ x = x")], 99)
    tags = [(token - count, level) for token, level in zip(prompt.tokens, prompt.levels, strict=True) if token >= count]
    assert tags == [(3, 3), (4, 4)]
    assert loaded.decode(prompt.tokens) == "[GOAL]<instance>x : nat\n<goal>⊢ x = x[PROOFSTEP]"
