"""A model in a folder, in the format of Hugging Face: safetensors, configuration, tokenizer, card.

The folder is written beside its place and moved in, so that there is never half a model under its name.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from proofloom.models.errors import ModelError

CARD = "README.md"
"""Where model hubs look for the card."""


def save_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, card: str, folder: Path, *, half: bool = False
) -> None:
    """Write model, tokenizer and card to `folder`, in place of what is there.  Raises `ModelError`.

    With `half` the weights are written in half precision, rounded, and the model is left as it was.
    """

    def write(beside: Path) -> None:
        weights = {name: one.half() for name, one in model.state_dict().items()} if half else None
        with no_progress():
            model.save_pretrained(beside, state_dict=weights)
        tokenizer.save_pretrained(beside)
        (beside / CARD).write_text(card, "utf-8")

    write_folder(folder, write)


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a tokenizer alone to `folder`, in place of what is there.  Raises `ModelError`."""
    write_folder(folder, tokenizer.save_pretrained)


def load_model(folder: Path) -> PreTrainedModel:
    """The model of a folder, on the CPU in single precision, not training; nothing is fetched.  Raises `ModelError`."""
    _check(folder)
    try:
        with no_progress():
            model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{folder}: no model can be read from it ({first_line(error)})") from error
    model.eval()
    return cast(PreTrainedModel, model)


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The fast tokenizer of a folder.  Raises `ModelError`, also for one that knows no offsets."""
    _check(folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: no tokenizer can be read from it ({first_line(error)})") from error
    if not tokenizer.is_fast:
        raise ModelError(f"{folder}: its tokenizer knows no offsets; wanted a fast one (tokenizer.json)")
    return cast(PreTrainedTokenizerBase, tokenizer)


def write_folder(folder: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new folder, and put it in the place of `folder`.  Raises `ModelError`.

    Its files can be read by whoever may read the folder; safetensors alone would keep the weights to their owner.
    """
    beside, old = (folder.with_name(f".{folder.name}.{state}") for state in ("new", "old"))
    try:
        for left in (beside, old):
            shutil.rmtree(left, ignore_errors=True)
        write(beside)
        for file in beside.rglob("*"):
            if file.is_file():
                file.chmod(beside.stat().st_mode & 0o666)
        if folder.exists():
            folder.rename(old)
        beside.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be written ({error.strerror or error})") from error


def folder_digest(folder: Path) -> str:
    """Twelve digits of all that decides what a model of a folder gives: configurations, tokenizer, weights."""
    found = hashlib.sha256()
    for file in sorted([*folder.glob("*.json"), *folder.glob("*.safetensors"), *folder.glob("1_Pooling/*.json")]):
        found.update(file.name.encode())
        with file.open("rb") as stream:
            found.update(hashlib.file_digest(stream, "sha256").digest())
    return found.hexdigest()[:12]


@contextmanager
def no_progress() -> Iterator[None]:
    """Inside, transformers draws no bar for what takes no time."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelError(f"{folder}: is no folder; wanted one with config.json, model.safetensors and tokenizer.json")


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
