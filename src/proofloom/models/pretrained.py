"""A model that somebody trained before, of any family that `transformers` knows: from a folder, or from a GGUF file.

Nothing is fetched.  A model of somebody else is made to read our prompts as they are: its tokenizer writes the markers
as plain text, begins with its own beginning of text if it always does, and says where a tactic ends.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, PreTrainedModel, PreTrainedTokenizerBase

from proofloom.hierarchy import Reading
from proofloom.models.errors import ModelError
from proofloom.models.folder import first_line, load_model, load_tokenizer, no_progress
from proofloom.models.reading import remember_reading

GGUF_NEEDS = ("gguf", "accelerate")
"""What reading a GGUF file needs beside the extra `model`."""


def load_pretrained(place: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model in single precision on the CPU, not training, and its fast tokenizer.

    Raises `ModelError`; for a GGUF file `ModuleNotFoundError` if a package that reads it is missing.
    """
    model, tokenizer = _from_gguf(place) if place.suffix == ".gguf" else (load_model(place), load_tokenizer(place))
    if not isinstance(tokenizer.eos_token_id, int):
        raise ModelError(f"{place}: its tokenizer has no end of text; wanted one that says where a tactic stops")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token  # what fills up a row is neither read nor learned
    return model, tokenizer


def prepare(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, reading: Reading, prompt: int, tactic: int
) -> None:
    """Let `tokenizer` remember the reading, and that prompts and tactics have at most so many tokens.

    Raises `ModelError` if the model knows no texts of that length.
    """
    context = prompt + tactic
    longest = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if longest is not None and longest < context:
        raise ModelError(f"prompt and tactic of {context} tokens: wanted at most {longest}, the longest of the model")
    remember_reading(tokenizer, reading, prompt)
    tokenizer.model_max_length = context


def tokenizer_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    """The same for tokenizers that make the same tokens."""
    backend: Any = tokenizer
    return hashlib.sha256(backend.backend_tokenizer.to_str().encode()).hexdigest()


def _from_gguf(file: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    for name in GGUF_NEEDS:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    if not file.is_file():
        raise ModelError(f"{file}: is no file; wanted one of the format GGUF, or the folder of a model")
    where: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    whole = GgufConfig(dequantize=True)  # blocks of four bits can be neither trained nor saved
    try:
        with no_progress():
            model: Any = AutoModelForCausalLM.from_pretrained(
                file.parent, dtype=torch.float32, quantization_config=whole, **where
            )
            tokenizer: Any = AutoTokenizer.from_pretrained(file.parent, **where)
    except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError) as error:
        raise ModelError(f"{file}: no model can be read from it ({first_line(error)})") from error
    if not tokenizer.is_fast:
        raise ModelError(f"{file}: its tokenizer knows no offsets; wanted a fast one")
    model.eval()
    return cast(PreTrainedModel, model), cast(PreTrainedTokenizerBase, tokenizer)
