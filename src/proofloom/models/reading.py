"""The reading that a model was taught, kept in the configuration of its tokenizer, which travels with the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofloom.hierarchy import PLAIN_READING, Reading
from proofloom.models.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_FIELD = "proofloom_reading"
"""The field of `tokenizer_config.json`; other programs pass over it."""


def remember_reading(tokenizer: PreTrainedTokenizerBase, reading: Reading) -> None:
    """Let `tokenizer` write `reading` when it is saved."""
    tokenizer.init_kwargs[_FIELD] = reading.record


def remembered_reading(tokenizer: PreTrainedTokenizerBase) -> Reading:
    """What was remembered, or the plain reading.  Raises `ModelError` for a record that is none."""
    return _reading(tokenizer.init_kwargs.get(_FIELD, PLAIN_READING.record), "tokenizer_config.json")


def reading_of(folder: Path) -> Reading:
    """The same for the tokenizer in `folder`, which is not loaded."""
    file = folder / "tokenizer_config.json"
    try:
        config = json.loads(file.read_text("utf-8")) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error})") from error
    return _reading(config.get(_FIELD, PLAIN_READING.record), str(file))


def _reading(record: Any, source: str) -> Reading:
    try:
        return Reading.from_record(record)
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{source}: {_FIELD} is {record!r} ({error})") from error
