"""The model of a folder as a policy, and the model that comes with the package.

Torch and transformers are imported when a model is loaded, not before: without them everything else works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import proofloom.models
from proofloom.hierarchy import HintSource
from proofloom.models.errors import ModelError
from proofloom.policies.dialect import ROCQ, Dialect
from proofloom.policies.model.policy import ModelConfig, ModelPolicy

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from proofloom.models.engine.protocol import Decoding, Engine
    from proofloom.models.engine.text import TextEngine
    from proofloom.policies.policy import Policy

SHIPPED = Path(proofloom.models.__file__).with_name("shipped")
"""The folder of the model that comes with the package."""
SHIPPED_NAME = "shipped"
"""What that folder is called wherever a model is named."""
TOO_SMALL_TO_SHARE = 5_000_000
"""Below so many parameters a model computes in one thread."""
EXTRA = ("torch", "transformers", "tokenizers", "safetensors")
"""What a model needs that the package alone does not bring: the extra `model`."""
MOST_TOKENS = 64
"""Tokens of a tactic with its end, at most."""


def model_place(name: str | Path) -> Path:
    """Where the model `name` is: a folder or file, or, if there is none, what comes with the package as `shipped`."""
    place = Path(name)
    return SHIPPED if str(place) == SHIPPED_NAME and not place.exists() else place


def can_load() -> bool:
    """True if the extra `model` is installed."""
    return all(find_spec(name) is not None for name in EXTRA)


def check_model(folder: Path) -> None:
    """Find out, without loading it, that there is no model to load: raises as `model_policy` does."""
    for name in EXTRA:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    for file in ("config.json", "tokenizer.json", "*.safetensors"):
        if not any(folder.glob(file)):
            raise ModelError(f"{folder}: has no {file}; wanted the folder of a model")


@dataclass(frozen=True)
class LoadedModel:
    """The model of a folder with its tokenizer.

    A prompt may have `room` tokens, and a tactic with its end `most_tokens`.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    room: int
    most_tokens: int = MOST_TOKENS


def loaded_model(folder: Path, most_tokens: int = MOST_TOKENS, threads: int | None = None) -> LoadedModel:
    """What is in `folder`; a tactic with its end has at most `most_tokens`.

    Where the model says how long prompts were that it learned, they are as long here, and tactics as that leaves room.

    `threads` are those of torch in this process, as many as it likes if None, but one for a model of fewer than
    `TOO_SMALL_TO_SHARE` parameters: two made the one that comes with the package a seventh faster on idle cores, for
    nearly twice the CPU time, and many times slower on busy ones.  Raises `ModelError`, and `ModuleNotFoundError`
    without the extra `model`.
    """
    import torch

    from proofloom.models.folder import load_model, load_tokenizer
    from proofloom.models.reading import remembered_longest

    tokenizer, model = load_tokenizer(folder), load_model(folder)
    if model.num_parameters() < TOO_SMALL_TO_SHARE:
        threads = 1
    if threads is not None:
        torch.set_num_threads(threads)
    if not isinstance(tokenizer.eos_token_id, int):
        raise ModelError(f"{folder}: its tokenizer has no end of text; wanted one that says where a tactic stops")
    context = min(int(model.config.get_text_config().max_position_embeddings), int(tokenizer.model_max_length))
    learned = remembered_longest(tokenizer)
    if learned is not None:
        most_tokens = max(2, min(most_tokens, context - learned))
    room = min(context - most_tokens, learned or context)
    if room < 3:
        raise ModelError(
            f"{folder}: a context of {context} tokens leaves {room} for a prompt beside {most_tokens} for a tactic; "
            "wanted at least 3"
        )
    return LoadedModel(model, tokenizer, room, most_tokens)


def model_policy(
    folder: Path,
    config: ModelConfig | None = None,
    decoding: Decoding | None = None,
    threads: int | None = None,
    hints: Policy | None = None,
    dialect: Dialect = ROCQ,
) -> ModelPolicy:
    """A policy that asks the model of `folder`, by beam search unless `decoding` says otherwise.

    Prompts and tactics are as long as `loaded_model` says.  `hints` is asked for a model that reads
    hints only; what it writes is read in the words of `dialect`.  Raises as `loaded_model` does.
    """
    loaded = loaded_model(folder, decoding.most_tokens if decoding else MOST_TOKENS, threads)
    asked = hints if hint_source(folder) else None
    return ModelPolicy(text_engine(loaded, decoding), config, dialect.tactic, asked)


def hint_source(folder: Path) -> HintSource | None:
    """Who gave the hints that the model of `folder` was taught to read, None for one that reads none.

    Torch is not needed.  Raises `ModelError`.
    """
    from proofloom.models.reading import reading_of

    reading = reading_of(folder)
    return reading.hints_from if reading.hints else None


def text_engine(
    loaded: LoadedModel, decoding: Decoding | None = None, around: Callable[[Engine], Engine] | None = None
) -> TextEngine:
    """A model that is loaded, as what writes tactics.  `around` may put something around its engine, to count."""
    from proofloom.models.engine.choice import engine_for
    from proofloom.models.engine.protocol import Decoding
    from proofloom.models.engine.tokenized import TokenizedEngine

    engine = engine_for(loaded.model, int(loaded.tokenizer.eos_token_id))
    decoding = decoding or Decoding(most_tokens=loaded.most_tokens)
    decoding = replace(decoding, most_tokens=min(decoding.most_tokens, loaded.most_tokens))
    return TokenizedEngine(around(engine) if around else engine, loaded.tokenizer, decoding, loaded.room)
