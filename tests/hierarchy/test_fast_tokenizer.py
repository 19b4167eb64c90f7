"""Levels of the tokens of a real byte-level tokenizer, with padding and special tokens."""

from __future__ import annotations

import pytest
from states import FIGURE

from proofloom.hierarchy import OUTSIDE, Level, example, levelled_text

tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed: pip install 'proofloom[model]'")


def tokenizer() -> object:
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.train_from_iterator(
        [FIGURE] * 3,
        tokenizers.trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=["<end>", "<pad>"],
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made.post_processor = tokenizers.processors.TemplateProcessing(single="$A <end>", special_tokens=[("<end>", 0)])
    made.enable_padding(pad_id=1, pad_token="<pad>")
    return made


def test_tokens_of_bytes_and_of_words_have_the_level_of_their_line() -> None:
    long, short = example(levelled_text(FIGURE), "exact hC.acc"), example(levelled_text("x✝ : ℝ\n⊢ x✝ = 𝔸"), "rfl")
    encodings = tokenizer().encode_batch([long.text, short.text])
    assert len(encodings[0].ids) == len(encodings[1].ids)
    for levelled, encoding in zip((long, short), encodings, strict=True):
        characters = levelled.character_levels()
        levels = levelled.token_levels(encoding.offsets)
        assert {Level.GOAL, Level.INSTANCE, Level.CONTEXT, OUTSIDE} <= set(levels)
        for level, token, (start, end) in zip(levels, encoding.tokens, encoding.offsets, strict=True):
            if token in ("<end>", "<pad>"):
                assert level == OUTSIDE
            elif levelled.text[start:end].strip():
                visible = next(i for i in range(start, end) if not levelled.text[i].isspace())
                assert level == characters[visible]
    pads = encodings[1].tokens.count("<pad>")
    assert pads > 10
    assert short.token_levels(encodings[1].offsets)[-pads:] == [OUTSIDE] * pads
