"""A training from beginning to end in a folder: tokenizer, examples, model, `fit`, and the model in its folder.

    tokenizer/          trained on the training part, once
    train.arrays, val.arrays
    metrics.jsonl, checkpoint.pt
    model/              written at the end, with its card

Each part that is there and belongs to the same library is used again, so the same call goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from proofloom.attention.learned_levels import LearnedLevels
from proofloom.corpus.entries import SplitEntry
from proofloom.corpus.library import Library
from proofloom.hierarchy import Reading
from proofloom.models.card import CardFacts, model_card
from proofloom.models.folder import load_tokenizer, save_model, save_tokenizer
from proofloom.models.neox import Size, build_model
from proofloom.models.reading import remember_reading
from proofloom.models.tokenizer import add_tags, train_tokenizer
from proofloom.training.checkpoint import Checkpoints
from proofloom.training.config import FitConfig
from proofloom.training.examples import Examples, Limits, encode
from proofloom.training.fit import TrainingData, fit, heights
from proofloom.training.library_pairs import library_pairs
from proofloom.training.loss import Validation
from proofloom.training.metrics import JsonLines

PARTS = ("train", "val")


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a run trains: a model of the size `name`, on a split, read as `reading` says, within limits, by `config`."""

    name: str
    size: Size
    split: SplitEntry
    reading: Reading
    limits: Limits
    config: FitConfig


@dataclass(frozen=True, slots=True)
class Trained:
    """The model's folder, how many parameters it has, what it loses on validation, and what the examples were."""

    folder: Path
    parameters: int
    validation: Validation
    examples: dict[str, int]


def train_on_library(
    plan: TrainingPlan,
    library: Library,
    stamp: str,
    folder: Path,
    now: Callable[[], float],
    say: Callable[[str], None],
) -> Trained:
    """Do it, or go on with it.  `stamp` is a digest of what the library holds; `now` gives seconds.

    Trains on an accelerator if there is one.  Raises `TrainingError`, `ModelError`, `LibraryError`, `ValueError`.
    """
    split = f"{plan.split.name}@{plan.split.version}"
    stamp = f"{stamp} {split} {plan.split.digest} {plan.reading} {plan.limits} {plan.size.vocabulary}"
    tokenizer = _tokenizer(plan, library, split, stamp, folder, say)
    parts = {part: _examples(part, plan, library, split, stamp, tokenizer, folder, say) for part in PARTS}
    data = TrainingData(parts["train"], parts["val"], int(tokenizer.pad_token_id))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build_model(plan.size, tokenizer, plan.config.seed, plan.limits.prompt + plan.limits.tactic)
    torch.nn.Module.to(model, device)
    parameters = int(model.num_parameters())
    say(f"{plan.name}: {parameters:,} parameters, {len(data.train):,} examples, on {device}")
    log = JsonLines(folder / "metrics.jsonl", now, say)
    learned = LearnedLevels() if plan.config.flow.learned else None
    validation = fit(model, data, plan.config, log, Checkpoints(folder / "checkpoint.pt"), learned)
    counts = {f"{part}: {name}": count for part, one in parts.items() for name, count in one.counts.items()}
    flow = plan.config.flow
    facts = CardFacts(
        name=f"proofloom-{plan.name}",
        parameters=parameters,
        data=", ".join(entry.repository.url for entry in library.repositories()),
        split=split,
        digest=plan.split.digest,
        examples=counts,
        seeds={"weights, order": plan.config.seed},
        settings={
            **plan.config.as_table(),
            **{f"reading {name}": value for name, value in plan.reading.record.items()},
            "flow strength": flow.strength,
            "flow layers": "all" if flow.layers is None else flow.layers,
            "flow hierarchy": f"{flow.hierarchy.name}, learned" if flow.learned else flow.hierarchy.name,
            "flow goals": "apart" if flow.separate_goals else "together",
        },
        figures={
            "validation loss, nats per token of a tactic": validation.loss,
            "validation tactics written word for word, share": validation.exact,
            "validation flow loss": validation.flow,
            **(heights(learned) if learned else {}),
        },
    )
    save_model(model, tokenizer, model_card(facts), folder / "model")
    return Trained(folder / "model", parameters, validation, counts)


def _tokenizer(
    plan: TrainingPlan, library: Library, split: str, stamp: str, folder: Path, say: Callable[[str], None]
) -> PreTrainedTokenizerBase:
    """The tokenizer of the folder if it is of this library, else one that is trained now."""
    place = folder / "tokenizer"
    mark = place / "stamp"
    if not mark.exists() or mark.read_text("utf-8") != stamp:
        say(f"training a tokenizer of {plan.size.vocabulary:,} tokens")
        tokenizer = train_tokenizer(_texts(library, split), plan.size.vocabulary)
        if plan.reading.tags:
            add_tags(tokenizer)
        remember_reading(tokenizer, plan.reading)
        save_tokenizer(tokenizer, place)
        mark.write_text(stamp, "utf-8")
    return load_tokenizer(place)


def _texts(library: Library, split: str) -> Iterator[str]:
    """The states and tactics of the training part; a state that several steps share in a row is told once."""
    last = ""
    for step in library.steps(split=split, part="train"):
        if step.state_before != last:
            yield step.state_before
        last = step.state_before
        yield step.tactic


def _examples(
    part: str,
    plan: TrainingPlan,
    library: Library,
    split: str,
    stamp: str,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    say: Callable[[str], None],
) -> Examples:
    """The examples of a part, from their file if it is of this library and split."""
    file = folder / f"{part}.arrays"
    found = Examples.read(file, stamp)
    if found is None:
        say(f"preparing the examples of {part}")
        encode(library_pairs(library, split, part, plan.reading), tokenizer, plan.limits).write(file, stamp)
        found = Examples.read(file, stamp)
        assert found is not None, file
    told = ", ".join(f"{count:,} {name}" for name, count in found.counts.items() if count)
    say(f"examples of {part}: {told or 'none'}")
    return found
