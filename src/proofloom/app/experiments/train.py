"""The verb `train`: trains a small model of tactics on the training part of a split, with the flow loss or without.

The run folder holds all of it; the same name again goes on from the last checkpoint.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from proofloom.app.experiments.train_settings import TrainSettings, train_settings
from proofloom.app.extras import model_extra
from proofloom.app.languages import kit_for
from proofloom.app.proving.run_folder import RUNS, alone_in, begin_run
from proofloom.app.toml_records import BadInput
from proofloom.assistants.session import AssistantError
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.storage.database import LibraryError
from proofloom.models.errors import ModelError
from proofloom.models.provenance import other_splits
from proofloom.policies.model.folder import model_place
from proofloom.policies.model.library_hints import LibraryHints
from proofloom.policies.neighbours.library_memory import library_stamp
from proofloom.retrieval.premise_index import PremiseIndexError

if TYPE_CHECKING:
    from proofloom.corpus.entries import SplitEntry
    from proofloom.training.library_run import TrainingPlan

INTERRUPTED = 130
_OPTIONS = {
    "db": ("", "library"),
    "split": ("", "split"),
    "size": ("", "size"),
    "base": ("", "base"),
    "lora": ("", "lora"),
    "closings": ("", "closings"),
    "epochs": ("fit", "epochs"),
    "seed": ("fit", "seed"),
    "flow": ("flow", "strength"),
}
"""Where each option stands in the settings: table and field."""


def train(
    run: Annotated[
        str,
        typer.Option(metavar="NAME", help="Keep the run in runs/NAME; the same name again goes on where it stopped."),
    ],
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="DB", help=f"The library: a file, or a URL (default {DEFAULT_PLACE})."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The split whose training part is learned (`NAME` or `NAME@VERSION`)."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="How large the model is: nano, mini, tiny, small or base (default nano)."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Start from a model that is there: a folder, a GGUF file, or shipped."),
    ] = None,
    lora: Annotated[
        int | None,
        typer.Option(metavar="RANK", min=0, help="Train adapters of that rank beside the base, not all of it."),
    ] = None,
    closings: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Learn these tactics of automation too (recipes/closings.py)."),
    ] = None,
    flow: Annotated[
        float | None,
        typer.Option(metavar="LAMBDA", help="Weight of the flow loss; 0 trains the plain model (default 0.1)."),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(metavar="N", help="Passes over the training part, fractions too (default 3).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Seed of the weights and of the order (default 0).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings in TOML, such as runs/NAME/config.toml.")
    ] = None,
    trackio: Annotated[bool, typer.Option("--trackio", help="Log to trackio too, in the project proofloom.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for other programs.")] = False,
) -> int:
    """Train a model that proposes tactics on a traced library: a new one, or one that is there.

    In runs/NAME there are config.toml, metrics.jsonl with a line for each report, the last checkpoint, and at the end
    the folder model, which any program that reads models of Hugging Face can load. Needs the extra `model`; a GGUF
    file, --lora and --trackio need the extra `train`.

    Exit status: 0, or 2 for bad input, 130 after Ctrl-C with a checkpoint kept.
    """
    options: dict[str, Any] = {"db": db, "split": split, "size": size, "base": base, "lora": lora}
    options["closings"] = closings
    options |= {"epochs": epochs, "seed": seed, "flow": flow}
    given: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        if value is not None:
            table, field = _OPTIONS[name]
            given.setdefault(table, {})[field] = value
    try:
        with model_extra("train"):
            trained = _trained(run, config, given, trackio)
    except LibraryError as error:
        raise BadInput(str(error)) from error
    except KeyboardInterrupt:
        begun = (RUNS / run / "config.toml").is_file()
        _say(
            f"interrupted; `proofloom train --run {run}` goes on from here"
            if begun
            else "interrupted; nothing was begun"
        )
        return INTERRUPTED
    if as_json:
        typer.echo(json.dumps(trained))
    else:
        typer.echo(f"{trained['model']}: {trained['parameters']:,} parameters")
        typer.echo(f"validation: loss {trained['loss']:.4f}, exact {trained['exact']:.4f}, flow {trained['flow']:.4f}")
    return 0


def training_plan(settings: TrainSettings, entry: SplitEntry) -> TrainingPlan:
    """What the settings ask for, on a split of the library.  Raises `ValueError` and `AssistantError`."""
    from proofloom.models.neox import SIZES
    from proofloom.training.closings import NO_CLOSINGS, Closings, read_closings
    from proofloom.training.library_run import TrainingPlan
    from proofloom.training.start import NewModel, Pretrained, Start

    start: Start = Pretrained(model_place(settings.base), settings.lora)
    if settings.size:
        start = NewModel(settings.size, SIZES[settings.size])
    closings = Closings(read_closings(Path(settings.closings))) if settings.closings else NO_CLOSINGS
    return TrainingPlan(start, entry, settings.reading, settings.limits, settings.fit, closings)


def _trained(run: str, config: Path | None, given: Mapping[str, Mapping[str, Any]], trackio: bool) -> dict[str, Any]:
    """Train; what came out as a JSON object."""
    settings = _settings(run, config, given)
    _check_base(settings, trackio)
    from proofloom.training.config import TrainingError
    from proofloom.training.library_run import train_on_library
    from proofloom.training.metrics import Trackio

    with Library.open(settings.library, create=False) as library:
        entry = library.split(settings.split)
        settings = replace(settings, split=f"{entry.name}@{entry.version}")
        try:
            plan = training_plan(settings, entry)
        except (ValueError, AssistantError) as error:
            raise BadInput(str(error)) from error
        if settings.base and (base := model_place(settings.base)).is_dir():
            warning = other_splits(base, settings.split, entry.digest)
            if warning:
                _say(f"warning: {warning}")
        folder = begin_run(run, settings.toml)
        stamp = library_stamp(library, settings.split)
        try:
            with alone_in(folder), ExitStack() as at_end:
                others = [at_end.enter_context(closing(Trackio(run, plan.config.as_table())))] if trackio else []
                hints = None
                if settings.reading.hints:
                    kit = at_end.enter_context(kit_for(library, settings.library, settings.split))
                    kit.prepare_hints(settings.reading.hints_from)
                    hints = LibraryHints(library, kit.situations, kit.hints(settings.reading.hints_from))
                done = train_on_library(plan, library, stamp, folder, time.monotonic, _say, others, hints)
        except (TrainingError, ModelError, AssistantError, PremiseIndexError, ValueError) as error:
            raise BadInput(str(error)) from error
    return {
        "model": str(done.folder),
        "parameters": done.parameters,
        **asdict(done.validation),
        "examples": done.examples,
        "split": settings.split,
        "digest": entry.digest,
    }


def _settings(run: str, config: Path | None, given: Mapping[str, Mapping[str, Any]]) -> TrainSettings:
    """The settings of the options and the file; a run that is there goes on with its own where nothing is said."""
    if config is None and (RUNS / run / "config.toml").is_file():
        config = RUNS / run / "config.toml"
    text = ""
    if config is not None:
        try:
            text = config.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{config}: cannot be read ({error})") from error
    settings = train_settings(text, str(config or "the options"), given)
    if not settings.split:
        raise BadInput("train: no split is named; make one with `proofloom split` and give its name with --split")
    return settings


def _check_base(settings: TrainSettings, trackio: bool) -> None:
    """Find out before a run folder is made that the base or a package is missing."""
    from proofloom.models.pretrained import GGUF_NEEDS

    base = model_place(settings.base)
    if settings.base and not base.exists():
        raise BadInput(f"--base {base}: there is no such folder or file")
    gguf = GGUF_NEEDS if base.suffix == ".gguf" else ()
    for name in (*gguf, *(["peft"] if settings.lora else []), *(["trackio"] if trackio else [])):
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _say(line: str) -> None:
    typer.echo(f"proofloom: {line}", err=True)
