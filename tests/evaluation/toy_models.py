"""Small models in folders, with a tokenizer made for a handful of states; they know nothing, but differ by seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

STATES = ["A : Type\nx : A\n⊢ x = x", "n : nat\nH : n = 3\n⊢ n = 3\n\nm : nat\n⊢ m = m", "⊢ True"]
TACTICS = ["reflexivity", "exact H", "exact I"]


def toy_tokenizer() -> Any:
    """Trained on the states and tactics above."""
    from proofloom.models.tokenizer import train_tokenizer

    return train_tokenizer([*STATES, *TACTICS], 300)


def toy_folder(folder: Path, seed: int, context: int = 128) -> Path:
    """A model of two layers, saved."""
    from proofloom.models.folder import save_model
    from proofloom.models.neox import Size, build_model

    tokenizer = toy_tokenizer()
    save_model(build_model(Size(2, 32, 2, 300), tokenizer, seed, context), tokenizer, "A toy.\n", folder)
    return folder


def taught_folder(folder: Path, seed: int, lessons: dict[str, str]) -> Path:
    """A model that was taught these tactics for these states, so well that it writes them first."""
    from proofloom.attention.flow_loss import FlowSettings
    from proofloom.models.folder import save_model
    from proofloom.models.neox import Size, build_model
    from proofloom.models.tokenizer import train_tokenizer
    from proofloom.training.config import FitConfig
    from proofloom.training.examples import Limits, encode
    from proofloom.training.fit import TrainingData, fit
    from proofloom.training.library_pairs import levelled_pair

    tokenizer = train_tokenizer([*lessons, *lessons.values()], 300)
    model = build_model(Size(2, 32, 2, 300), tokenizer, seed, 128)
    examples = encode([levelled_pair(*lesson) for lesson in lessons.items()], tokenizer, Limits(64, 32))
    config = FitConfig(
        epochs=60, batch=len(lessons), learning_rate=2e-2, flow=FlowSettings(strength=0.0, layers=2), seed=seed
    )
    fit(model, TrainingData(examples, examples), config, _Silent())
    save_model(model, tokenizer, "A toy.\n", folder)
    return folder


class _Silent:
    def write(self, record: object) -> None:
        """Nothing is kept."""

    def rewind(self, step: int) -> None:
        """Nothing was kept."""
