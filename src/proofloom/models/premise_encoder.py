"""Our own encoder of goals and premises, in a folder: the network as safetensors, its tokenizer and its card.

The one idea is that the folder says all that decides a vector: how it attends, its sizes, and a version that goes up
when the texts or their trees change, so that yesterday's weights are never read with today's trees.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from proofloom.corpus.entries import PremiseEntry
from proofloom.models.errors import ModelError
from proofloom.models.folder import CARD, first_line, folder_digest, write_folder
from proofloom.models.premise_model import PremiseModel, vectors
from proofloom.models.tree_encoder import Arm, EncoderSizes
from proofloom.models.tree_texts import goal_texts, premise_texts
from proofloom.proofs import Goal
from proofloom.retrieval.encoder import Vectors

KIND = "proofloom-tree-encoder"
"""The `model_type` of such a folder."""
VERSION = 1
_CONFIG, _WEIGHTS = "config.json", "model.safetensors"


class PremiseEncoder:
    """A trained model as the encoder of an index; `name` is another for other weights."""

    def __init__(self, model: PremiseModel, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.dimension = model.sizes.out

    def goals(self, goals: Sequence[Goal]) -> Vectors:
        """n goals as n×`dimension`, each of length 1."""
        return vectors(self.model, goal_texts(self.tokenizer, goals))

    def premises(self, premises: Sequence[PremiseEntry]) -> Vectors:
        """n premises as n×`dimension`, each of length 1."""
        return vectors(self.model, premise_texts(self.tokenizer, premises))


def save_premise_encoder(model: PremiseModel, tokenizer: PreTrainedTokenizerBase, card: str, folder: Path) -> None:
    """Write an encoder of proof states and premises to `folder`, in place of what is there.  Raises `ModelError`."""
    config = {
        "model_type": KIND,
        "version": VERSION,
        "arm": model.arm.value,
        "vocabulary": model.vocabulary,
        "sizes": asdict(model.sizes),
    }

    def write(beside: Path) -> None:
        tokenizer.save_pretrained(beside)
        weights = {name: one.detach().cpu().contiguous() for name, one in model.state_dict().items()}
        save_file(weights, beside / _WEIGHTS)
        (beside / _CONFIG).write_text(json.dumps(config, indent=1), "utf-8")
        (beside / CARD).write_text(card, "utf-8")

    write_folder(folder, write)


def is_premise_encoder(folder: Path) -> bool:
    """Whether `folder` says that it holds one of these."""
    try:
        config: Any = json.loads((folder / _CONFIG).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == KIND


def load_premise_encoder(folder: Path) -> PremiseEncoder:
    """The encoder of a folder, on the CPU.  Raises `ModelError`."""
    try:
        config: Any = json.loads((folder / _CONFIG).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder / _CONFIG}: cannot be read ({first_line(error)})") from error
    version = config.get("version")
    if version != VERSION:
        raise ModelError(f"{folder}: is an encoder of version {version}; wanted {VERSION}: train it again")
    fast: Any = PreTrainedTokenizerFast  # AutoTokenizer would warn of a kind of model that it does not know
    try:
        tokenizer: PreTrainedTokenizerBase = fast.from_pretrained(folder, local_files_only=True)
        model = PremiseModel(int(config["vocabulary"]), Arm(config["arm"]), EncoderSizes(**config["sizes"]))
        model.load_state_dict(load_file(folder / _WEIGHTS))
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        raise ModelError(f"{folder}: no encoder can be read from it ({first_line(error)})") from error
    if len(tokenizer) > model.vocabulary:
        raise ModelError(f"{folder}: {len(tokenizer)} tokens for {model.vocabulary} word vectors; wanted one each")
    return PremiseEncoder(model, tokenizer, f"{folder.resolve().name}-{folder_digest(folder)}")
