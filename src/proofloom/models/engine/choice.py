"""Which engine serves a model that is loaded: the fast one where it can, the reference engine elsewhere."""

from __future__ import annotations

from transformers import PreTrainedModel

from proofloom.models.engine.gpt_neox import UnsupportedModel
from proofloom.models.engine.protocol import Engine
from proofloom.models.engine.reference import ReferenceEngine
from proofloom.models.engine.shared_prefix import SharedPrefixEngine


def engine_for(model: PreTrainedModel, end: int) -> Engine:
    """The engine for `model`; its `name` tells which it is.  `end` is the token that ends a text."""
    try:
        return SharedPrefixEngine(model, end)
    except UnsupportedModel:
        return ReferenceEngine(model, end)
