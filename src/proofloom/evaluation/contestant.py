"""Who is compared: folders of models, each with the name of its arm and its seed.

An arm is one way of training; its seeds are trained alike but for the randomness.  Comparisons are between arms.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from proofloom.models.errors import ModelError
from proofloom.policies.model.folder import model_place

_FORM = re.compile(r"([A-Za-z0-9][\w.+-]*)/(\d+)=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Contestant:
    """A model: its arm, its seed, its folder."""

    arm: str
    seed: int
    folder: Path

    @property
    def name(self) -> str:
        """`flow/0`."""
        return f"{self.arm}/{self.seed}"


def contestants(texts: Sequence[str]) -> list[Contestant]:
    """Those that `NAME/SEED=FOLDER` name, in order; `shipped` is the model of the package.

    Raises `ValueError` for what names none, and for a name twice.
    """
    found: dict[str, Contestant] = {}
    for text in texts:
        form = _FORM.fullmatch(text)
        if form is None:
            raise ValueError(f"{text}: wanted NAME/SEED=FOLDER, such as flow/0=runs/flow-0/model")
        one = Contestant(form[1], int(form[2]), model_place(form[3]))
        if one.name in found:
            raise ValueError(f"{text}: {one.name} is named twice")
        found[one.name] = one
    return list(found.values())


def arms(names: Sequence[str]) -> dict[str, list[str]]:
    """The names `ARM/SEED` of the contestants of each arm, in order."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rpartition("/")[0], []).append(name)
    return found


def shared_seeds(arm: str, baseline: str, names: Collection[str]) -> list[int]:
    """The seeds that both arms have among the contestants `names` (`ARM/SEED`), ascending."""
    seeds = [int(name.rpartition("/")[2]) for name in names if name.rpartition("/")[0] == arm]
    return sorted(seed for seed in seeds if f"{baseline}/{seed}" in names)


def weights_digest(folder: Path) -> str:
    """The same for the same model: SHA-256 over its configuration, tokenizer and weights.  Raises `ModelError`."""
    hashed = hashlib.sha256()
    try:
        for file in sorted([*folder.glob("*.json"), *folder.glob("*.safetensors")]):
            with file.open("rb") as stream:
                hashed.update(f"{file.name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    except OSError as error:
        raise ModelError(f"{error.filename}: cannot be read ({error.strerror})") from error
    return hashed.hexdigest()
