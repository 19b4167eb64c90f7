"""Trains on several devices: weights, gradients and optimiser are divided among them (FSDP of `accelerate`).

    accelerate launch --use_fsdp --fsdp_version 2 --fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP --num_processes 8 \\
        recipes/sharded.py --run NAME --config recipes/pythia_28b.toml --base FOLDER --db DB --split NAME

The settings, the examples, their order and the loss are those of `proofloom train`, and so is runs/NAME; on one process
the losses are the same bit for bit.  A step's examples are dealt to the devices, and every device makes as many passes.
The same command goes on from the last checkpoint.  Needs `pip install 'proofloom[model,train]'`.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from proofloom.app.experiments.train import training_plan
from proofloom.app.experiments.train_settings import TrainSettings, train_settings
from proofloom.app.proving.run_folder import begin_run
from proofloom.app.toml_records import BadInput
from proofloom.assistants.files import write_beside
from proofloom.assistants.session import AssistantError
from proofloom.attention.interface import use_flow_attention
from proofloom.corpus.library import Library
from proofloom.corpus.storage.database import LibraryError
from proofloom.models.errors import ModelError
from proofloom.models.folder import save_model
from proofloom.policies.neighbours.library_memory import library_stamp
from proofloom.training.batches import BatchOrder, Numbers, collate
from proofloom.training.config import FitConfig, Optimiser, TrainingError, learning_rate
from proofloom.training.fit import TrainingData
from proofloom.training.library_run import prepared, run_card
from proofloom.training.loss import Validation, computing, losses, shares, validate
from proofloom.training.metrics import TRAIN, VALIDATION, JsonLines
from proofloom.training.optimisers import adamw, update


def passes(numbers: Numbers, lengths: Numbers, world: int, rank: int, micro: int) -> Iterator[tuple[Numbers, float]]:
    """What one of `world` devices reads in a step, at most `micro` examples at a time, and whether it counts.

    Every device makes as many passes, as dividing asks for; one that has nothing left reads an example for nothing.
    """
    ordered = numbers[np.argsort(lengths[numbers], kind="stable")]
    for start in range(0, len(ordered), world * micro):
        mine = ordered[start : start + world * micro][rank::world]
        yield (mine, 1.0) if len(mine) else (ordered[:1], 0.0)


class Kept:
    """The last checkpoint of all devices, in `folder`; there is always a whole one.

    `belongs` says of which training it is.
    """

    def __init__(self, accelerator: Accelerator, folder: Path, belongs: str) -> None:
        self._accelerator, self._folder, self._last = accelerator, folder, folder / "last"
        self._belongs = belongs

    def load(self) -> int:
        """How many steps were done when it was written, 0 without one; raises `TrainingError` for that of another."""
        if not self._last.exists():
            return 0
        number, _, belongs = self._last.read_text("utf-8").partition(" ")
        if belongs != self._belongs:
            raise TrainingError(f"{self._folder}: a checkpoint of other examples or settings; train in another folder")
        step = int(number)
        self._accelerator.load_state(str(self._folder / str(step)))
        return step

    def save(self, step: int) -> None:
        """Write one and let the one before go."""
        self._accelerator.save_state(str(self._folder / str(step)), safe_serialization=False)
        self._accelerator.wait_for_everyone()
        if self._accelerator.is_main_process:
            write_beside(self._last, f"{step} {self._belongs}".encode())
            for old in self._folder.iterdir():
                if old.is_dir() and old.name != str(step):
                    shutil.rmtree(old)
        self._accelerator.wait_for_everyone()


def train(
    accelerator: Accelerator, model: Any, data: TrainingData, config: FitConfig, micro: int, folder: Path
) -> tuple[Any, Validation]:
    """The divided model after the last step, and what it loses on the validation examples."""
    if config.optimiser is not Optimiser.ADAMW:
        raise TrainingError(f"optimiser = '{config.optimiser}': wanted 'adamw' where weights are divided among devices")
    use_flow_attention(model)
    model, optimiser = accelerator.prepare(model, adamw(model, config))
    order = BatchOrder(data.train.lengths, config.batch, config.pool, config.seed)
    steps = order.steps(config.epochs)
    torch.manual_seed(config.seed)
    kept = Kept(accelerator, folder / "sharded", f"{data.train.digest} {config}")
    step = kept.load()
    log = JsonLines(folder / "metrics.jsonl", time.monotonic, say) if accelerator.is_main_process else None
    if log:
        log.rewind(step)
    model.train()
    while True:
        if step == steps or step % config.evaluate_every == 0:
            validation = validate(model, data.validation, config, data.padding)
            if log:
                log.write({"kind": VALIDATION, "step": step, "steps": steps, **asdict(validation)})
        if step == steps or (step and step % config.checkpoint_every == 0):
            kept.save(step)
        if step == steps:
            return model, validation
        rate = learning_rate(config, step, steps)
        numbers = gradients(accelerator, model, data, order.batch(step), config, micro)
        norm = float(accelerator.clip_grad_norm_(model.parameters(), config.clip))
        if not math.isfinite(norm):
            raise TrainingError(
                f"the gradient is {norm} at step {step}; wanted a finite one: try a smaller learning_rate"
            )
        update({"optimiser": optimiser}, rate)
        step += 1
        if log and (step % config.log_every == 0 or step == 1):
            told = {"learning_rate": rate, **numbers, "gradient_norm": norm}
            log.write({"kind": TRAIN, "step": step, "steps": steps, **told})


def gradients(
    accelerator: Accelerator, model: Any, data: TrainingData, numbers: Numbers, config: FitConfig, micro: int
) -> dict[str, float]:
    """Put the gradients of one step into the parameters; the losses over all devices."""
    device, world, depth = accelerator.device, accelerator.num_processes, model.config.num_hidden_layers
    sums = torch.zeros(2, device=device)
    model.zero_grad(set_to_none=True)
    for mine, counts in passes(numbers, data.train.lengths, world, accelerator.process_index, micro):
        batch = collate(data.train, mine, data.padding).to(device)
        with computing(config.precision, device):
            found = losses(model, batch, config.flow, depth, prompts=config.prompt_loss > 0)
        total, tactic, flow = shares(found, data.train, numbers, mine, config)
        accelerator.backward(counts * world * total)  # gradients are averaged over the devices, losses are added up
        sums += counts * torch.stack([tactic.detach(), flow.detach()])
    loss, flowed = accelerator.reduce(sums, "sum").tolist()
    return {"loss": loss, "flow": flowed}


def run(settings: TrainSettings, name: str, micro: int) -> None:
    """Prepare on the main process, train on all, write the model on the main process."""
    accelerator = Accelerator()
    divided = accelerator.num_processes > 1
    if divided and not accelerator.is_fsdp2:
        raise BadInput("sharded: several processes without FSDP; wanted accelerate launch --use_fsdp --fsdp_version 2")
    if settings.lora or settings.fit.flow.learned:
        raise BadInput("sharded: adapters and learned levels are trained on one device; use proofloom train")
    if settings.reading.hints:
        raise BadInput("sharded: nobody gives hints here; use proofloom train")
    tell: Callable[[str], None] = say if accelerator.is_main_process else lambda line: None
    with Library.open(settings.library, create=False) as library:
        entry = library.split(settings.split)
        settings = replace(settings, split=f"{entry.name}@{entry.version}")
        plan, stamp = training_plan(settings, entry), library_stamp(library, settings.split)
        with accelerator.main_process_first():
            folder = begin_run(name, settings.toml)
            ready = prepared(plan, library, stamp, folder, tell)
        tell(
            f"{plan.start.name}: {ready.parameters:,} parameters on {accelerator.num_processes} x {accelerator.device}"
        )
        model, validation = train(accelerator, ready.model, ready.data, plan.config, micro, folder)
        weights = accelerator.get_state_dict(model)
        if accelerator.is_main_process:
            whole = prepared(plan, library, stamp, folder, lambda line: None).model if divided else ready.model
            whole.load_state_dict(weights)
            card = run_card(folder.name, plan, library, ready, validation, {})
            save_model(whole, ready.tokenizer, card, folder / "model")
            tell(f"{folder / 'model'}: loss {validation.loss:.4f}, flow {validation.flow:.4f}")
    accelerator.end_training()


def say(line: str) -> None:
    """Tell people."""
    print(f"sharded: {line}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0, or 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--run", required=True, help="the run is kept in runs/RUN")
    parser.add_argument("--config", type=Path, help="settings in TOML, as for proofloom train")
    for name in ("db", "split", "base"):
        parser.add_argument(f"--{name}", help="as for proofloom train")
    parser.add_argument("--flow", type=float, help="weight of the flow loss")
    parser.add_argument("--epochs", type=float, help="passes over the training part")
    parser.add_argument("--seed", type=int, help="seed of the order")
    parser.add_argument("--micro", type=int, default=4, help="examples of a device at a time (default 4)")
    asked = parser.parse_args(arguments)
    options: dict[str, dict[str, Any]] = {
        "": {"library": asked.db, "split": asked.split, "base": asked.base},
        "fit": {"epochs": asked.epochs, "seed": asked.seed},
        "flow": {"strength": asked.flow},
    }
    given = {table: {name: one for name, one in some.items() if one is not None} for table, some in options.items()}
    try:
        text = asked.config.read_text("utf-8") if asked.config else ""
        run(train_settings(text, str(asked.config or "the options"), given), asked.run, max(1, asked.micro))
    except (BadInput, ModelError, LibraryError, TrainingError, AssistantError, OSError, ValueError) as error:
        say(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
