"""How a model was taught to read: its reading, and how long its prompts were at most.

It is kept in the configuration of its tokenizer, which travels with the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofloom.hierarchy import PLAIN_READING, Reading
from proofloom.models.errors import ModelError
from proofloom.models.tokenizer_config import tokenizer_config

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_READING, _LONGEST = "proofloom_reading", "proofloom_prompt"


def remember_reading(tokenizer: PreTrainedTokenizerBase, reading: Reading, longest: int | None = None) -> None:
    """Let `tokenizer` write `reading` when it is saved, and how many tokens prompts have at most, if it is known."""
    tokenizer.init_kwargs[_READING] = reading.record
    if longest is not None:
        tokenizer.init_kwargs[_LONGEST] = longest


def remembered_reading(tokenizer: PreTrainedTokenizerBase) -> Reading:
    """What was remembered, or the plain reading.  Raises `ModelError` for a record that is none."""
    return _reading(tokenizer.init_kwargs.get(_READING, PLAIN_READING.record), "tokenizer_config.json")


def remembered_longest(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """How many tokens the prompts had from which the model learned, at most; None if nobody has said so."""
    longest = tokenizer.init_kwargs.get(_LONGEST)
    if longest is not None and (not isinstance(longest, int) or longest < 1):
        raise ModelError(f"tokenizer_config.json: {_LONGEST} is {longest!r}; wanted a number of tokens")
    return longest


def reading_of(folder: Path) -> Reading:
    """The reading of the tokenizer in `folder`, which is not loaded.  Raises `ModelError`."""
    return _reading(tokenizer_config(folder).get(_READING, PLAIN_READING.record), str(folder))


def _reading(record: Any, source: str) -> Reading:
    try:
        return Reading.from_record(record)
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{source}: {_READING} is {record!r} ({error})") from error
