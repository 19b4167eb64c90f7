"""On which splits of libraries a model has learned, kept in the configuration of its tokenizer, which travels with it.

Only the training part of a split is learned; so who compares models on the other parts of the same split is safe, and
on those of another split is not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofloom.models.errors import ModelError
from proofloom.models.tokenizer_config import tokenizer_config

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_FIELD = "proofloom_learned"


@dataclass(frozen=True, slots=True)
class Learned:
    """The training part of a split: its name with its version, and its digest."""

    split: str
    digest: str


def remember_learned(tokenizer: PreTrainedTokenizerBase, learned: Learned) -> None:
    """Let `tokenizer` write it when it is saved, behind what its model had learned before."""
    before = tokenizer.init_kwargs.get(_FIELD, [])
    tokenizer.init_kwargs[_FIELD] = [*(one for one in before if one != asdict(learned)), asdict(learned)]


def learned_by(folder: Path) -> list[Learned]:
    """What the model in `folder` has learned, in order; nothing is known of a model that does not say so.

    Torch is not needed.  Raises `ModelError`.
    """
    record: Any = tokenizer_config(folder).get(_FIELD, [])
    try:
        return [Learned(str(one["split"]), str(one["digest"])) for one in record]
    except (TypeError, KeyError) as error:
        raise ModelError(f"{folder}: {_FIELD} is {record!r} ({error})") from error


def other_splits(folder: Path, split: str, digest: str) -> str:
    """A warning if the model in `folder` has learned another split than this one, else empty; raises `ModelError`."""
    others = [one for one in learned_by(folder) if one.digest != digest]
    if not others:
        return ""
    names = " and ".join(f"{one.split} ({one.digest[:12]})" for one in others)
    return (
        f"{folder}: has learned the training part of {names}, and this is {split} ({digest[:12]}): "
        "it may have seen theorems of the other parts"
    )
