"""What decides a training run: one frozen record whose checks name the field, the value and the limit."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from proofloom.attention.flow_loss import FlowSettings


class TrainingError(Exception):
    """A training that cannot start or go on; one line that says what is in the way."""


class Precision(StrEnum):
    """In what the model computes; its weights are in full precision always.

    AUTO: bfloat16 on an accelerator or a CPU that multiplies in it, float32 elsewhere.
    """

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Optimiser(StrEnum):
    """How weights are moved (see `optimisers`): ADAMW all of them; MUON the inner matrices, AdamW the others."""

    ADAMW = "adamw"
    MUON = "muon"


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How `fit` trains; raises `ValueError`.

    epochs: passes over the training examples, fractions too; the number of steps follows from it.
    batch: examples of one step.  Steps whose padded tokens exceed `micro_tokens` are computed in parts whose gradients
    are added up, with the same result.
    pool: so many batches are sorted by length together before they are dealt out; 1 does not sort.
    learning_rate: its highest value; it rises over the first `warmup` share of the steps and falls along a cosine to 0.
    prompt_loss: weight of the loss on the words of the prompt, which teaches a small model what states look like.
    optimiser: with `muon` try two to four times the learning rate that suits `adamw`.
    weight_decay: of matrices only.  beta1, beta2: of AdamW.  clip: the longest gradient.
    evaluate_every, checkpoint_every, log_every: in steps.  evaluation_examples: at most, the same each time.
    seed: of the order of examples and of dropout.
    """

    epochs: float = 3.0
    batch: int = 64
    micro_tokens: int = 16384
    pool: int = 16
    learning_rate: float = 1e-3
    warmup: float = 0.03
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    clip: float = 1.0
    prompt_loss: float = 0.0
    optimiser: Optimiser = Optimiser.ADAMW
    precision: Precision = Precision.AUTO
    seed: int = 0
    evaluate_every: int = 500
    evaluation_examples: int = 2000
    checkpoint_every: int = 500
    log_every: int = 10
    flow: FlowSettings = field(default_factory=FlowSettings)

    def __post_init__(self) -> None:
        for name, words in (("optimiser", Optimiser), ("precision", Precision)):
            object.__setattr__(self, name, words(getattr(self, name)))
        for name in ("batch", "micro_tokens", "pool", "evaluate_every", "evaluation_examples", "checkpoint_every"):
            self._whole(name, 1)
        self._whole("log_every", 1)
        self._whole("seed", 0)
        for name in ("epochs", "learning_rate", "clip"):
            self._check(name, 0 < self._number(name) < math.inf, "a finite number above 0")
        for name in ("warmup", "beta1", "beta2"):
            self._check(name, 0 <= self._number(name) < 1, "a number of at least 0 and below 1")
        for name in ("weight_decay", "prompt_loss"):
            self._check(name, 0 <= self._number(name) < math.inf, "a finite number of at least 0")

    def as_table(self) -> dict[str, Any]:
        """The fields by name, without those of `flow`."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "flow"}

    def _whole(self, name: str, least: int) -> None:
        value = getattr(self, name)
        whole = isinstance(value, int) and not isinstance(value, bool)
        self._check(name, whole and value >= least, f"a whole number of at least {least}")

    def _number(self, name: str) -> float:
        value = getattr(self, name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan

    def _check(self, name: str, right: bool, wanted: str) -> None:
        if not right:
            raise ValueError(f"{name}={getattr(self, name)}: wanted {wanted}")


def learning_rate(config: FitConfig, step: int, steps: int) -> float:
    """The learning rate of `step` (from 0) of `steps`: a line up, then half a cosine down."""
    rising = math.ceil(config.warmup * steps)
    if step < rising:
        return config.learning_rate * (step + 1) / rising
    return config.learning_rate * (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2
