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
