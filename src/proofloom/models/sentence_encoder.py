"""An encoder of texts from a folder in the layout of sentence-transformers, which itself is not needed.

The folder holds the files of a model and its tokenizer; optional are `1_Pooling/config.json` (mean or first token),
`sentence_bert_config.json` (the longest text) and prompts for queries and documents in
`config_sentence_transformers.json`.  Other modules behind the pooling than a normalisation are refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import AutoModel

from proofloom.corpus.entries import PremiseEntry
from proofloom.models.errors import ModelError
from proofloom.models.folder import folder_digest, load_tokenizer, no_progress
from proofloom.models.length_batches import by_length
from proofloom.proofs import Goal
from proofloom.retrieval.encoder import Vectors, goal_text, premise_text

BATCH_TOKENS = 4096
"""Tokens that are encoded at once, with those that fill short texts up."""
LONGEST = 256
"""Tokens of a text, if the folder does not say it."""
_POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "first"}
_MODULES = ("Transformer", "Pooling", "Normalize")


class SentenceEncoder:
    """The encoder of a folder; `name` is the folder's with a digest of its weights.

    `model` and `tokenizer` are there for those who change how it attends, or look into it.
    """

    def __init__(self, folder: Path) -> None:
        """Load it; nothing is fetched.  Raises `ModelError`."""
        self.tokenizer = load_tokenizer(folder)
        self.model = _model(folder)
        self._pooling = _pooling(folder)
        settings = _json(folder / "sentence_bert_config.json")
        room = int(getattr(self.model.config, "max_position_embeddings", LONGEST))
        self._longest = min(int(settings.get("max_seq_length") or LONGEST), room)
        prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
        self._prompts = {kind: str(prompts.get(kind) or "") for kind in ("query", "document")}
        self.dimension = int(self.model.config.hidden_size)
        self.name = f"{folder.resolve().name}-{folder_digest(folder)}"

    def goals(self, goals: Sequence[Goal]) -> Vectors:
        """n goals as n×`dimension`, each of length 1."""
        return self.encoded([self._prompts["query"] + goal_text(goal) for goal in goals])

    def premises(self, premises: Sequence[PremiseEntry]) -> Vectors:
        """n premises as n×`dimension`, each of length 1."""
        return self.encoded([self._prompts["document"] + premise_text(premise) for premise in premises])

    def encoded(self, texts: Sequence[str]) -> Vectors:
        """Texts as they are; those of similar length are encoded together, so that little is filled up."""
        found = np.zeros((len(texts), self.dimension), np.float32)
        if not texts:
            return found
        tokens: list[list[int]] = self.tokenizer(list(texts), truncation=True, max_length=self._longest)["input_ids"]
        with torch.inference_mode():
            for places in by_length([len(one) for one in tokens], BATCH_TOKENS):
                found[places] = self._batch([tokens[place] for place in places]).numpy()
        return found

    def _batch(self, tokens: Sequence[list[int]]) -> Tensor:
        width = max(1, max(len(one) for one in tokens))
        filler = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([one + [filler] * (width - len(one)) for one in tokens])
        mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in tokens])
        hidden: Tensor = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        if self._pooling == "first":
            pooled = hidden[:, 0]
        else:
            weights = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)
        return torch.nn.functional.normalize(pooled, dim=1)


def _model(folder: Path) -> Any:
    modules = _json(folder / "modules.json", [])
    for module in modules:
        kind = str(module.get("type", "")).rpartition(".")[2]
        if kind not in _MODULES:
            raise ModelError(f"{folder}: has a module {kind}; wanted only {', '.join(_MODULES)}")
    kinds = _json(folder / "config.json").get("architectures") or []
    if not modules and any(str(kind).endswith("ForCausalLM") for kind in kinds):
        raise ModelError(
            f"{folder}: is a model that writes ({kinds[0]}); wanted an encoder, ours or of sentence-transformers"
        )
    try:
        with no_progress():
            model: Any = AutoModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder}: no encoder can be read from it ({str(error).splitlines()[0]})") from error
    return model.eval()


def _pooling(folder: Path) -> str:
    """`mean` or `first`; the mean if the folder does not say it."""
    settings = _json(folder / "1_Pooling" / "config.json")
    chosen = [name for name, value in settings.items() if name.startswith("pooling_mode") and value is True]
    if not chosen:
        return "mean"
    if len(chosen) > 1 or chosen[0] not in _POOLINGS:
        raise ModelError(f"{folder}: pools by {', '.join(chosen)}; wanted one of {', '.join(_POOLINGS)}")
    return _POOLINGS[chosen[0]]


def _json(file: Path, default: Any = None) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {} if default is None else default
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error})") from error
