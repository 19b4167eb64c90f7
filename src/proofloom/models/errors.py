"""What is wrong with a model, for those who must not import torch to hear of it."""

from __future__ import annotations


class ModelError(Exception):
    """A model folder that cannot be read, written or used; one line that names it."""
