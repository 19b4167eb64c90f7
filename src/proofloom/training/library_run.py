"""A training from beginning to end in a folder: tokenizer, examples, model, `fit`, and the model in its folder.

    tokenizer/          of a new model: trained on the training part, once
    train.arrays, val.arrays
    metrics.jsonl, checkpoint.pt
    model/              written at the end, with its card

Each part that is there and belongs to the same library is used again, so the same call goes on where it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from proofloom.attention.learned_levels import LearnedLevels
from proofloom.corpus.entries import SplitEntry
from proofloom.corpus.library import Library
from proofloom.hierarchy import Reading
from proofloom.models.card import OTHER, OURS, CardFacts, licence_of, model_card
from proofloom.models.folder import CARD, load_tokenizer, save_model, save_tokenizer
from proofloom.models.lora import Adapters
from proofloom.models.neox import build_model
from proofloom.models.pretrained import load_pretrained, prepare, tokenizer_digest
from proofloom.models.provenance import Learned, remember_learned
from proofloom.models.reading import remember_reading
from proofloom.models.tokenizer import add_hints, add_tags, train_tokenizer
from proofloom.training.checkpoint import Checkpoints
from proofloom.training.closings import NO_CLOSINGS, Closings
from proofloom.training.config import FitConfig
from proofloom.training.examples import Examples, Limits, Pair, encode
from proofloom.training.fit import TrainingData, fit, heights
from proofloom.training.library_pairs import Hints, library_pairs
from proofloom.training.loss import Validation
from proofloom.training.metrics import JsonLines, Logger, Loggers
from proofloom.training.start import MODEL, NewModel, Pretrained, Start

PARTS = ("train", "val")
FLOWING = "within reach of the flow loss"
"""Of which examples the flow loss can be above 0."""
LEAST_STATE = 16
"""Tokens of a prompt that hints must leave for the markers and the state, at least."""
_FORMAT = "examples 2"
"""Changed when examples of an earlier version are not to be used again."""
_TOLD_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What a run trains: the model to start with, on a split, read as `reading` says, within limits, by `config`.

    `closings` are learned beside the steps of people.  Raises `ValueError` if the hints of the reading leave no room
    for a state, or the flow loss does not fit a new model.
    """

    start: Start
    split: SplitEntry
    reading: Reading
    limits: Limits
    config: FitConfig
    closings: Closings = NO_CLOSINGS

    def __post_init__(self) -> None:
        least = self.reading.hints + LEAST_STATE
        if self.reading.hints and self.limits.prompt < least:
            raise ValueError(f"limits prompt={self.limits.prompt}: wanted at least {least} where hints are read")
        if isinstance(self.start, NewModel):
            self.config.flow.weights(self.start.size.layers)

    @property
    def split_name(self) -> str:
        """The split with its version."""
        return f"{self.split.name}@{self.split.version}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that `fit` needs: the model on the CPU, its tokenizer, the examples; `parameters` of the model alone.

    `adapters` are what is trained, if the plan asks for them; `counts` say what became of the examples.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    data: TrainingData
    parameters: int
    counts: dict[str, int]
    adapters: Adapters | None = None


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
    others: Sequence[Logger] = (),
    hints: Hints | None = None,
) -> Trained:
    """Do it, or go on with it.  `stamp` is a digest of what the library holds; `now` gives seconds.

    Trains on an accelerator if there is one.  What is logged goes to the folder, and to `others`; `hints` are asked for
    if the reading wants some.  Raises `TrainingError`, `ModelError`, `LibraryError`, `ValueError`, and
    `ModuleNotFoundError` if a package is missing.
    """
    ready = prepared(plan, library, stamp, folder, say, hints)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.nn.Module.to(ready.model, device)
    say(f"{plan.start.name}: {ready.parameters:,} parameters, {len(ready.data.train):,} examples, on {device}")
    log = Loggers([JsonLines(folder / "metrics.jsonl", now, say), *others])
    learned = LearnedLevels() if plan.config.flow.learned else None
    validation = fit(ready.model, ready.data, plan.config, log, Checkpoints(folder / "checkpoint.pt"), learned)
    model = ready.model if ready.adapters is None else ready.adapters.merged()
    levels = heights(learned) if learned else {}
    place = folder / MODEL
    save_model(model, ready.tokenizer, run_card(folder.name, plan, library, ready, validation, levels), place)
    return Trained(place, ready.parameters, validation, ready.counts)


def prepared(
    plan: TrainingPlan,
    library: Library,
    stamp: str,
    folder: Path,
    say: Callable[[str], None],
    hints: Hints | None = None,
) -> Prepared:
    """Everything up to the first step, from what is in `folder` where that is of this library."""
    start, limits = plan.start, plan.limits
    stamp = f"{_FORMAT} {stamp} {plan.split_name} {plan.split.digest} {plan.reading} {limits}"
    adapters = None
    if isinstance(start, Pretrained):
        model, tokenizer = load_pretrained(start.place)
        prepare(model, tokenizer, plan.reading, limits.prompt, limits.tactic)
        parameters = int(model.num_parameters())
        if start.rank:
            adapters = Adapters(model, start.rank, plan.config.seed)
            say(f"{start.name}: {adapters.parameters:,} parameters are trained")
        stamp = f"{stamp} {tokenizer_digest(tokenizer)}"
    else:
        stamp = f"{stamp} {start.size.vocabulary}"
        tokenizer = _tokenizer(start, plan, library, stamp, folder, say)
        model = build_model(start.size, tokenizer, plan.config.seed, limits.prompt + limits.tactic)
        parameters = int(model.num_parameters())
    remember_learned(tokenizer, Learned(plan.split_name, plan.split.digest))
    parts = {part: _examples(part, plan, library, stamp, tokenizer, folder, say, hints) for part in PARTS}
    counts = {f"{part}: {name}": count for part, one in parts.items() for name, count in one.counts.items()}
    flow = plan.config.flow
    if flow.strength and not flow.separate_goals and not flow.learned:  # soft levels forbid a little everywhere
        flowing = parts["train"].flowing(flow.hierarchy)
        counts[f"train: {FLOWING}"] = flowing
        say(f"examples of train: {flowing:,} of {len(parts['train']):,} {FLOWING}")
    data = TrainingData(parts["train"], parts["val"], int(tokenizer.pad_token_id))
    return Prepared(model, tokenizer, data, parameters, counts, adapters)


def run_card(
    run: str, plan: TrainingPlan, library: Library, ready: Prepared, validation: Validation, levels: Mapping[str, float]
) -> str:
    """The card of the model that the run of this name has trained; `levels` are where learned levels stand."""
    flow, start = plan.config.flow, plan.start
    pretrained = isinstance(start, Pretrained)
    facts = CardFacts(
        name=f"proofloom-{run}",
        parameters=ready.parameters,
        data=", ".join(entry.repository.url for entry in library.repositories()),
        split=plan.split_name,
        digest=plan.split.digest,
        examples=ready.counts,
        seeds={"order" if pretrained else "weights, order": plan.config.seed},
        settings={
            **plan.config.as_table(),
            **({"lora": start.rank} if isinstance(start, Pretrained) else {}),
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
            **levels,
        },
        family=str(ready.model.config.model_type) if pretrained else "GPT-NeoX",
        base=start.base if isinstance(start, Pretrained) else "",
        licence=_licence(start),
    )
    return model_card(facts)


def _licence(start: Start) -> str:
    """Ours for a new model and for what came of one."""
    if isinstance(start, NewModel):
        return OURS
    card = start.place / CARD
    return licence_of(card.read_text("utf-8")) if card.is_file() else OTHER


def _tokenizer(
    start: NewModel, plan: TrainingPlan, library: Library, stamp: str, folder: Path, say: Callable[[str], None]
) -> PreTrainedTokenizerBase:
    """The tokenizer of the folder if it is of this library, else one that is trained now."""
    place = folder / "tokenizer"
    mark = place / "stamp"
    if not mark.exists() or mark.read_text("utf-8") != stamp:
        say(f"training a tokenizer of {start.size.vocabulary:,} tokens")
        tokenizer = train_tokenizer(_texts(library, plan.split_name), start.size.vocabulary)
        if plan.reading.tags:
            add_tags(tokenizer)
        if plan.reading.hints:
            add_hints(tokenizer)
        remember_reading(tokenizer, plan.reading, plan.limits.prompt)
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
    stamp: str,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    say: Callable[[str], None],
    hints: Hints | None,
) -> Examples:
    """The examples of a part, from their file if it is of this library and split; closings are for training only."""
    file = folder / f"{part}.arrays"
    closings = plan.closings if part == "train" else NO_CLOSINGS
    if closings.digest:
        stamp = f"{stamp} closings {closings.digest}"
    found = Examples.read(file, stamp)
    if found is None:
        say(f"preparing the examples of {part}")
        pairs = _told(library_pairs(library, plan.split_name, part, plan.reading, hints, closings), say)
        encode(pairs, tokenizer, plan.limits, plan.reading.hints).write(file, stamp)
        found = Examples.read(file, stamp)
        assert found is not None, file
    told = ", ".join(f"{count:,} {name}" for name, count in found.counts.items() if count)
    say(f"examples of {part}: {told or 'none'}")
    return found


def _told(pairs: Iterator[Pair], say: Callable[[str], None]) -> Iterator[Pair]:
    """The same pairs; people are told now and then how many there were."""
    for number, pair in enumerate(pairs, 1):
        yield pair
        if number % _TOLD_EVERY == 0:
            say(f"{number:,} examples are prepared")
