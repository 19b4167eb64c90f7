"""`fit`: trains any causal language model of `transformers` on states and tactics, plain or with the flow loss.

One loop: look at the validation examples, keep a checkpoint, take a step.  All that happens is a function of the model,
the examples and the configuration; time and place belong to the logger and the checkpoints.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from proofloom.attention.interface import use_flow_attention
from proofloom.attention.learned_levels import LearnedLevels
from proofloom.hierarchy import Kind
from proofloom.training.batches import BatchOrder, Numbers, collate, in_parts
from proofloom.training.checkpoint import Checkpoints, Moment, Parts, randomness, set_randomness
from proofloom.training.config import FitConfig, TrainingError, learning_rate
from proofloom.training.examples import Examples
from proofloom.training.interrupts import interrupts_held
from proofloom.training.loss import Validation, computing, losses, shares, validate
from proofloom.training.metrics import TRAIN, VALIDATION, Logger
from proofloom.training.optimisers import optimisers, update


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What is learned from and what is measured on; `padding` is the number of a token that fills up rows."""

    train: Examples
    validation: Examples
    padding: int = 0

    def __post_init__(self) -> None:
        for name in ("train", "validation"):
            if not len(getattr(self, name)):
                raise TrainingError(f"there are no {name} examples: wanted at least one")


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a step saw: the loss in nats per word of a tactic, the flow loss, the length of the gradient."""

    loss: Tensor
    flow: Tensor
    gradient_norm: Tensor

    @property
    def numbers(self) -> dict[str, float]:
        """The same as plain numbers, which waits for the device."""
        return {"loss": float(self.loss), "flow": float(self.flow), "gradient_norm": float(self.gradient_norm)}


def fit(
    model: PreTrainedModel,
    data: TrainingData,
    config: FitConfig,
    logger: Logger,
    checkpoints: Checkpoints | None = None,
    learned: LearnedLevels | None = None,
) -> Validation:
    """Train `model` where it is (its device), and return what it loses on the validation examples at the end.

    With `config.flow.learned` the levels are learned too: `learned`, or new ones if that is None; where each kind of
    line has come to stand is told with every validation.

    With `checkpoints` it goes on from the last one.  Ctrl-C keeps a checkpoint and raises `KeyboardInterrupt`.  Raises
    `TrainingError` if the loss is no number any more or the checkpoint is another's, `ValueError` if the flow settings
    do not fit the model.  The generators of torch are left as they were found.
    """
    device, depth = model.device, model.config.get_text_config().num_hidden_layers
    config.flow.weights(depth)
    use_flow_attention(model)
    order = BatchOrder(data.train.lengths, config.batch, config.pool, config.seed)
    steps = order.steps(config.epochs)
    if config.flow.learned:
        learned = (learned or LearnedLevels()).to(device)
    chosen = optimisers(model, config, learned)
    parts: Parts = {"model": model, **chosen, **({"levels": learned} if learned else {})}
    belongs = {name: str(value) for name, value in config.as_table().items()}
    belongs |= {"flow": str(config.flow), "training examples": data.train.digest, "first weights": _digest(model)}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        moment = checkpoints.load(parts, belongs) if checkpoints else None
        if moment is not None:
            set_randomness(moment.random, device)
        moment = moment or Moment(0, randomness(device))
        logger.rewind(moment.step)
        model.train()
        try:
            while True:
                step, last = moment.step, moment.step == steps
                if last or step % config.evaluate_every == 0:
                    validation = validate(model, data.validation, config, data.padding, learned)
                    numbers = asdict(validation) | (heights(learned) if learned else {})
                    logger.write({"kind": VALIDATION, "step": step, "steps": steps, **numbers})
                if checkpoints and (last or (step and step % config.checkpoint_every == 0)):
                    checkpoints.save(moment, parts, belongs)
                if last:
                    return validation
                rate = learning_rate(config, step, steps)
                report = gradients(model, data, order.batch(step), config, learned)
                with interrupts_held():
                    update(chosen, rate)
                    moment = Moment(step + 1, randomness(device))
                if moment.step % config.log_every == 0 or moment.step == 1:
                    numbers = {"learning_rate": rate, **report.numbers}
                    logger.write({"kind": TRAIN, "step": moment.step, "steps": steps, **numbers})
        except KeyboardInterrupt:
            if checkpoints:
                checkpoints.save(moment, parts, belongs)
            raise


def _digest(model: PreTrainedModel) -> str:
    """The same for the same weights."""
    hashed = hashlib.sha256()
    for name, weight in model.state_dict().items():
        hashed.update(f"{name} {tuple(weight.shape)}".encode())
        hashed.update(weight.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return hashed.hexdigest()


def heights(learned: LearnedLevels) -> dict[str, float]:
    """Where each kind of line stands: the mean of its distribution over the levels 0 to 4."""
    levels = learned.distribution().detach()
    means = (levels @ torch.arange(levels.shape[1], device=levels.device).to(levels)).tolist()
    return {f"level of {kind.name.lower()}": mean for kind, mean in zip(Kind, means, strict=True)}


def gradients(
    model: PreTrainedModel,
    data: TrainingData,
    numbers: Numbers,
    config: FitConfig,
    learned: LearnedLevels | None = None,
) -> StepReport:
    """Put the gradients of one step into the parameters, clipped; in as many parts as `config.micro_tokens` asks for.

    The loss is that of `shares`; with learned levels lambda times the anchored divergence too.
    """
    device, depth = model.device, model.config.get_text_config().num_hidden_layers
    loss, flow = torch.zeros((), device=device), torch.zeros((), device=device)
    model.zero_grad(set_to_none=True)
    if learned is not None:
        learned.zero_grad(set_to_none=True)
        torch.autograd.backward(config.flow.strength * config.flow.anchor * learned.divergence())
    for part in in_parts(numbers, data.train.lengths, config.micro_tokens):
        batch = collate(data.train, part, data.padding).to(device)
        with computing(config.precision, device):
            found = losses(model, batch, config.flow, depth, learned, prompts=config.prompt_loss > 0)
        total, tactic, flowed = shares(found, data.train, numbers, part, config)
        torch.autograd.backward(total)
        loss, flow = loss + tactic.detach(), flow + flowed.detach()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    if not math.isfinite(norm):
        raise TrainingError(
            f"the gradient is {float(norm)} (loss {float(loss)}); wanted a finite one: try a smaller learning_rate "
            f"than {config.learning_rate}, or precision = 'float32'"
        )
    return StepReport(loss, flow, norm)
