"""Findings as JSON objects: what `evaluate --json` prints and the run folder keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def as_object(found: Any) -> Any:
    """Records as objects by their fields, tuples as lists; a number that is none (NaN) is null."""
    if is_dataclass(found):
        return {item.name: as_object(getattr(found, item.name)) for item in fields(found)}
    if isinstance(found, Mapping):
        return {str(name): as_object(value) for name, value in found.items()}
    if isinstance(found, tuple | list):
        return [as_object(value) for value in found]
    if isinstance(found, float) and not math.isfinite(found):
        return None
    return found
