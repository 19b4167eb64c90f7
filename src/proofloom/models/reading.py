"""The reading that a model was taught, kept in the configuration of its tokenizer, which travels with the model."""

from __future__ import annotations

from transformers import PreTrainedTokenizerBase

from proofloom.hierarchy import PLAIN_READING, Reading
from proofloom.models.errors import ModelError

_FIELD = "proofloom_reading"
"""The field of `tokenizer_config.json`; other programs pass over it."""


def remember_reading(tokenizer: PreTrainedTokenizerBase, reading: Reading) -> None:
    """Let `tokenizer` write `reading` when it is saved."""
    tokenizer.init_kwargs[_FIELD] = reading.record


def remembered_reading(tokenizer: PreTrainedTokenizerBase) -> Reading:
    """What was remembered, or the plain reading.  Raises `ModelError` for a record that is none."""
    record = tokenizer.init_kwargs.get(_FIELD, PLAIN_READING.record)
    try:
        return Reading.from_record(record)
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"tokenizer_config.json: {_FIELD} is {record!r} ({error})") from error
