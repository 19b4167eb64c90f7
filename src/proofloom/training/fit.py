"""`fit`: trains any causal language model of `transformers` on states and tactics, plain or with the flow loss.

One loop: look at the validation examples, keep a checkpoint, take a step.  All that happens is a function of the model,
the examples and the configuration; time and place belong to the logger and the checkpoints.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from proofloom.attention.interface import use_flow_attention
from proofloom.training.batches import BatchOrder, Numbers, collate, in_parts
from proofloom.training.checkpoint import Checkpoints, Moment, randomness, set_randomness
from proofloom.training.config import FitConfig, TrainingError, learning_rate
from proofloom.training.examples import Examples
from proofloom.training.interrupts import interrupts_held
from proofloom.training.loss import Validation, computing, losses, validate
from proofloom.training.metrics import TRAIN, VALIDATION, Logger


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
) -> Validation:
    """Train `model` where it is (its device), and return what it loses on the validation examples at the end.

    With `checkpoints` it goes on from the last one.  Ctrl-C keeps a checkpoint and raises `KeyboardInterrupt`.  Raises
    `TrainingError` if the loss is no number any more or the checkpoint is another's, `ValueError` if the flow settings
    do not fit the model.  The generators of torch are left as they were found.
    """
    device, depth = model.device, model.config.num_hidden_layers
    config.flow.weights(depth)
    use_flow_attention(model)
    order = BatchOrder(data.train.lengths, config.batch, config.pool, config.seed)
    steps = order.steps(config.epochs)
    optimiser = adamw(model, config)
    belongs = {name: str(value) for name, value in config.as_table().items()}
    belongs |= {"flow": str(config.flow), "training examples": data.train.digest}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        moment = checkpoints.load(model, optimiser, belongs) if checkpoints else None
        if moment is not None:
            set_randomness(moment.random, device)
        moment = moment or Moment(0, randomness(device))
        logger.rewind(moment.step)
        model.train()
        try:
            while True:
                step, last = moment.step, moment.step == steps
                if last or step % config.evaluate_every == 0:
                    validation = validate(model, data.validation, config, data.padding)
                    logger.write({"kind": VALIDATION, "step": step, "steps": steps, **asdict(validation)})
                if checkpoints and (last or (step and step % config.checkpoint_every == 0)):
                    checkpoints.save(moment, model, optimiser, belongs)
                if last:
                    return validation
                rate = learning_rate(config, step, steps)
                report = gradients(model, data, order.batch(step), config)
                with interrupts_held():
                    update(optimiser, rate)
                    moment = Moment(step + 1, randomness(device))
                if moment.step % config.log_every == 0 or moment.step == 1:
                    numbers = {"learning_rate": rate, **report.numbers}
                    logger.write({"kind": TRAIN, "step": moment.step, "steps": steps, **numbers})
        except KeyboardInterrupt:
            if checkpoints:
                checkpoints.save(moment, model, optimiser, belongs)
            raise


def gradients(model: PreTrainedModel, data: TrainingData, numbers: Numbers, config: FitConfig) -> StepReport:
    """Put the gradients of one step into the parameters, clipped; in as many parts as `config.micro_tokens` asks for.

    The loss is the mean over the words of all tactics of the step, and lambda times the mean over its states of the
    flow loss, however it is computed in parts.
    """
    device, depth = model.device, model.config.num_hidden_layers
    words = int(data.train.tactic_lengths[numbers].sum())
    loss, flow = torch.zeros((), device=device), torch.zeros((), device=device)
    model.zero_grad(set_to_none=True)
    for part in in_parts(numbers, data.train.lengths, config.micro_tokens):
        batch = collate(data.train, part, data.padding).to(device)
        with computing(config.precision, device):
            found = losses(model, batch, config.flow, depth)
        tactic, flowed = found.tactic / words, found.flow * (len(part) / len(numbers))
        total = tactic + config.flow.strength * flowed if config.flow.strength else tactic
        torch.autograd.backward(total)
        loss, flow = loss + tactic.detach(), flow + flowed.detach()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
    if not math.isfinite(norm):
        raise TrainingError(
            f"the gradient is {float(norm)} (loss {float(loss)}); wanted a finite one: try a smaller learning_rate "
            f"than {config.learning_rate}, or precision = 'float32'"
        )
    return StepReport(loss, flow, norm)


def update(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Move the weights along the gradients that are there."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()


def adamw(model: PreTrainedModel, config: FitConfig) -> torch.optim.AdamW:
    """The optimiser; biases and the scales of norms do not decay."""
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [one for one in learned if one.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [one for one in learned if one.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=model.device.type == "cuda",
    )
