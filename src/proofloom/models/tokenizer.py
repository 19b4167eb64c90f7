"""Our own tokenizer: byte pairs learned from proof text, so that any text comes back as it was, and offsets are known.

The one idea is where words end.  An identifier with its digits, primes and underscores is one word (`IHn'`; in
`Nat.add_comm` there are three), and a newline is a token of its own, so that each token belongs to one line and has one
level.  The special tokens need not be found inside a text:
`prompt` puts them between texts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from proofloom.hierarchy import GOAL_MARKER, HINT_MARKERS, STEP_MARKER, TAGS

PADDING = "[PAD]"
END = "<|endoftext|>"
SPECIAL = (PADDING, GOAL_MARKER, STEP_MARKER, END)
"""The special tokens; their numbers are 0 to 3 in this order."""
SMALLEST = 256 + len(SPECIAL)
"""A token for each byte, and the special ones."""

_WORDS = r" ?[\p{L}_][\p{L}\p{M}\p{N}_'’✝]*| ?\p{N}+| ?[^\s\p{L}\p{N}_]+|\n|[^\S\n]+(?!\S)|[^\S\n]+"


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer of at most `vocabulary` tokens (fewer if the texts hold no more pairs), the same for the same texts.

    `decode(encode(text))` is the text, whatever characters it holds.  Raises `ValueError` below `SMALLEST` tokens.
    """
    if vocabulary < SMALLEST:
        raise ValueError(
            f"vocabulary={vocabulary}: wanted at least {SMALLEST}, one token for each byte and the special"
        )
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trained.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    fast: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = fast(
        tokenizer_object=trained,
        pad_token=PADDING,
        eos_token=END,
        extra_special_tokens=[GOAL_MARKER, STEP_MARKER],
        clean_up_tokenization_spaces=False,
    )
    return tokenizer


def add_tags(tokenizer: PreTrainedTokenizerFast) -> None:
    """Give each tag of a level a token of its own, behind all others.

    Unlike the special tokens they are found inside a text, where `tagged` writes them.
    """
    tags: list[Any] = [AddedToken(tag, special=False, normalized=False) for tag in TAGS.values()]
    tokenizer.add_tokens(tags)


def add_hints(tokenizer: PreTrainedTokenizerFast) -> None:
    """Give each number of a hint a token of its own, behind all others; as special tokens, not found inside a text."""
    numbers: list[Any] = [AddedToken(text, special=True, normalized=False) for text in HINT_MARKERS]
    tokenizer.add_tokens(numbers)
