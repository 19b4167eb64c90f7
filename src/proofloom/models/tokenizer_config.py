"""`tokenizer_config.json`, in which a model says what transformers does not ask; other programs pass over it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from proofloom.models.errors import ModelError


def tokenizer_config(folder: Path) -> dict[str, Any]:
    """What stands in that file of `folder`, nothing if there is none.  Raises `ModelError`."""
    file = folder / "tokenizer_config.json"
    try:
        config: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error})") from error
    return config
