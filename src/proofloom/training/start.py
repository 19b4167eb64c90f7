"""Where a training starts: a new model of ours with its tokenizer, or one that somebody trained before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proofloom.models.neox import Size

MODEL = "model"
"""The folder of a run in which its model stands."""


@dataclass(frozen=True, slots=True)
class NewModel:
    """A GPT-NeoX model of the size `name` with random weights, and a tokenizer trained for it."""

    name: str
    size: Size


@dataclass(frozen=True, slots=True)
class Pretrained:
    """The model of a folder or a GGUF file; `rank` of its LoRA adapters, 0 to train all of it.  Raises `ValueError`."""

    place: Path
    rank: int = 0

    def __post_init__(self) -> None:
        if self.rank < 0:
            raise ValueError(f"lora={self.rank}: wanted a rank of at least 1, or 0 to train all of the model")

    @property
    def name(self) -> str:
        """How the model that comes of it is called."""
        return f"{self.base}-lora" if self.rank else self.base

    @property
    def base(self) -> str:
        """How the model is called that is there: the model of a run as the run."""
        if self.place.suffix == ".gguf":
            return self.place.stem
        return self.place.parent.name if self.place.name == MODEL else self.place.name


Start = NewModel | Pretrained
