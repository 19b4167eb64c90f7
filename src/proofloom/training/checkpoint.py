"""A checkpoint: what is trained, optimiser, number of the step, randomness, in one file that is moved into place.

The order of examples follows from the number of the step (see `batches`), so a run that is resumed from here computes
what it would have computed, bit for bit on the same machine.  The file says what it belongs to and is refused by
another training.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from proofloom.assistants.files import write_beside
from proofloom.training.config import TrainingError

Randomness = dict[str, Tensor]
Parts = Mapping[str, nn.Module | torch.optim.Optimizer]
"""What a training changes, by name.  Parameters of a module that are frozen are not kept."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a training stands: steps that are done, and the state of the generators after them."""

    step: int
    random: Randomness


class Checkpoints:
    """The last checkpoint, in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def save(self, moment: Moment, parts: Parts, belongs: Mapping[str, str]) -> None:
        """Replace the last checkpoint; needs its size in memory.  Raises `AssistantError`; then the old one stays."""
        stream = io.BytesIO()
        states = {name: _state(part) for name, part in parts.items()}
        torch.save({**states, "random": moment.random, "step": moment.step, "belongs": dict(belongs)}, stream)
        write_beside(self._file, stream.getvalue())

    def load(self, parts: Parts, belongs: Mapping[str, str]) -> Moment | None:
        """Put the last checkpoint into `parts`; None if there is none.

        Raises `TrainingError` for a file that cannot be read, and for one that belongs to another training.
        """
        if not self._file.exists():
            return None
        try:
            found = torch.load(self._file, map_location="cpu", weights_only=True)
            theirs = dict(found["belongs"])
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
            raise TrainingError(f"{self._file}: no checkpoint can be read from it ({type(error).__name__})") from error
        for name in sorted({*belongs, *theirs}):
            if name in belongs and name not in theirs:
                raise TrainingError(
                    f"{self._file}: it was made by an earlier version, which kept no {name}; train in another folder"
                )
            if belongs.get(name) != theirs.get(name):
                raise TrainingError(
                    f"{self._file}: it was made with {name}={theirs.get(name)}, now it is {belongs.get(name)}; "
                    "train in another folder, or as before"
                )
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                part.load_state_dict({**part.state_dict(), **found[name]})
            else:
                part.load_state_dict(found[name])
        return Moment(int(found["step"]), dict(found["random"]))


def _state(part: nn.Module | torch.optim.Optimizer) -> dict[str, Any]:
    """What of `part` must be kept."""
    state: dict[str, Any] = part.state_dict()
    if isinstance(part, nn.Module):
        for name, parameter in part.named_parameters(remove_duplicate=False):
            if not parameter.requires_grad:
                del state[name]
    return state


def randomness(device: torch.device) -> Randomness:
    """The state of the generators that training on `device` draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_randomness(states: Randomness, device: torch.device) -> None:
    """Put them back."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
