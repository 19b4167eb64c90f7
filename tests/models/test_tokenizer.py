"""Our tokenizer loses no character, knows where each token stands, and finds nothing special inside a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.models.folder import load_tokenizer
from proofloom.models.prompt import plain_tokens
from proofloom.models.tokenizer import END, SMALLEST, SPECIAL, train_tokenizer

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
ODD_TEXT = st.lists(
    st.sampled_from([*SPECIAL, "⊢", "𝔸", "é", "e\u0301", "\r\n", "\n\n  ", "\t", " ", "IHn'", "x_1", "0", "✝", "\0"]),
    max_size=12,
).map("".join)
STEADY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@STEADY
@given(text=ANY_TEXT | ODD_TEXT)
def test_any_text_comes_back(tokenizer: Any, text: str) -> None:
    (tokens,) = plain_tokens(tokenizer, [text])
    assert tokenizer.decode(tokens) == text
    assert not set(tokens) & set(range(len(SPECIAL)))
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


@STEADY
@given(text=ANY_TEXT | ODD_TEXT)
def test_offsets_lie_where_the_token_does(tokenizer: Any, text: str) -> None:
    encoded = tokenizer(text, split_special_tokens=True, return_offsets_mapping=True)
    reached = 0
    for token, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        assert start <= reached <= end  # no character is skipped; a character of several tokens is told again
        reached = end
        part = tokenizer.decode([token])
        if "\ufffd" not in part:
            assert text[start:end] == part
    assert reached == len(text)


@STEADY
@given(text=ODD_TEXT)
def test_no_token_holds_visible_characters_of_two_lines(tokenizer: Any, text: str) -> None:
    for start, end in tokenizer(text, split_special_tokens=True, return_offsets_mapping=True)["offset_mapping"]:
        assert text[start:end] == "\n" or "\n" not in text[start:end]


def test_the_same_texts_give_the_same_tokenizer_and_the_special_tokens_come_first(tokenizer: Any) -> None:
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL)) == [0, 1, 2, 3]
    assert (tokenizer.pad_token_id, tokenizer.eos_token) == (0, END)
    texts = ["x : nat\n⊢ x = x"] * 2
    one, other = train_tokenizer(iter(texts), 280), train_tokenizer(texts, 280)
    assert one.get_vocab() == other.get_vocab()
    assert SMALLEST < len(one) <= 280


def test_a_frequent_identifier_is_one_token() -> None:
    trained = train_tokenizer(["apply IHn'_2."] * 9, 300)
    assert [len(tokens) for tokens in plain_tokens(trained, [" IHn'_2", ".", " IH"])] == [1, 1, 3]


def test_it_is_saved_and_loaded_with_its_offsets(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path / "t")
    loaded = load_tokenizer(tmp_path / "t")
    text = "[GOAL]x : ℝ\n⊢ 'a  ,b[PROOFSTEP]rfl<|endoftext|>"
    for options in ({}, {"split_special_tokens": True}):
        options = {"return_offsets_mapping": True, **options}
        assert loaded(text, **options).data == tokenizer(text, **options).data
    assert (loaded.eos_token_id, loaded.pad_token_id) == (3, 0)


def test_a_vocabulary_without_room_for_every_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="vocabulary=259: wanted at least 260"):
        train_tokenizer(["x"], 259)
