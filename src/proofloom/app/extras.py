"""What a verb says when a package of an extra is not installed: which extra to install."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from proofloom.app.toml_records import BadInput
from proofloom.policies.model.folder import EXTRA

TRAIN_EXTRA = ("accelerate", "gguf", "peft", "trackio")
"""The packages of the extra `train`."""


@contextmanager
def model_extra(what: str, *others: str) -> Iterator[None]:
    """Inside, a missing package of the extra `model` (or one of `others`) or `train` is `BadInput` about `what`."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing not in (*EXTRA, *others, *TRAIN_EXTRA):
            raise
        extra = "model,train" if missing in TRAIN_EXTRA else "model"
        raise BadInput(f"{what}: {missing} is not installed; pip install 'proofloom[{extra}]'") from error
