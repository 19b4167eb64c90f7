"""What a model loses on a batch, and on the validation examples.

The loss is the cross-entropy of the tactic's tokens, a share of that of the prompt's if it is asked for, and lambda
times the flow loss of the state's (see `proofloom.attention.flow_loss`).  With lambda = 0 the model is called as if
there were no levels: that is the plain model, bit for bit.  Logits are computed only where something is predicted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import PreTrainedModel

from proofloom.attention.flow import forbidden_table, separate_goals
from proofloom.attention.flow_loss import FlowSettings, flow_loss
from proofloom.attention.learned_levels import LearnedLevels
from proofloom.training.batches import IGNORED, Batch, Numbers, collate, in_parts
from proofloom.training.config import FitConfig, Precision
from proofloom.training.examples import Examples


@dataclass(frozen=True, slots=True)
class Losses:
    """Of one batch: `tactic`, the sum of -log p over the words that matter; `prompt`, the sum over the prompt's words
    but the first, and `flow`, the mean over examples (both 0 if they were not asked for); `exact`, how many tactics the
    model would have written word for word.  Scalars.
    """

    tactic: Tensor
    prompt: Tensor
    flow: Tensor
    exact: Tensor


@dataclass(frozen=True, slots=True)
class Validation:
    """`loss` in nats per word of a tactic, `exact` as a share of the tactics, `flow` as a mean over states."""

    loss: float
    exact: float
    flow: float


def losses(
    model: PreTrainedModel,
    batch: Batch,
    flow: FlowSettings,
    depth: int,
    learned: LearnedLevels | None = None,
    prompts: bool = False,
) -> Losses:
    """The losses of a model of `depth` layers; with `flow.strength` 0 it is called without levels.

    `prompts` asks for the loss of the prompts, which needs logits for every word.
    `learned` are the levels to be used if `flow.learned`; their divergence is not counted here.
    """
    record, asked = None, {}
    if flow.strength:
        classes, table = _classes(batch, flow, learned)
        record = flow.record(depth, table)
        asked = {"token_levels": classes, "flow": record}
    keep = 0 if prompts else batch.columns
    logits = model(input_ids=batch.tokens, logits_to_keep=keep, use_cache=False, **asked).logits.float()
    targets, read = batch.targets, logits.new_zeros(())
    if prompts:
        read = _summed(logits, batch.prompt_targets)
        logits = logits[:, batch.columns]
    tactic = _summed(logits, targets)
    lost = tactic.new_zeros(()) if record is None else flow_loss(record, flow, depth, attention_mask=batch.real)
    right = (logits.detach().argmax(-1) == targets) | (targets == IGNORED)
    return Losses(tactic, read, lost, right.all(1).sum())


def shares(
    found: Losses, examples: Examples, step: Numbers, part: Numbers, config: FitConfig
) -> tuple[Tensor, Tensor, Tensor]:
    """What the examples `part` of `step` add to the loss of the step: in all, by their tactics, and to the flow loss.

    The loss is the mean over the words of all tactics of the step, `config.prompt_loss` times that over the words of
    all prompts, and lambda times the mean over its states of the flow loss, however it is computed in parts.
    """
    tactic, flow = found.tactic / int(examples.tactic_lengths[step].sum()), found.flow * (len(part) / len(step))
    total = tactic + config.flow.strength * flow if config.flow.strength else tactic
    if config.prompt_loss:
        read = int(examples.prompts[step].sum()) - len(step)
        total = total + config.prompt_loss * found.prompt / max(1, read)
    return total, tactic, flow


def _summed(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def _classes(batch: Batch, flow: FlowSettings, learned: LearnedLevels | None) -> tuple[Tensor, Tensor]:
    """The class of each token (B, T) and which class must not read which (C, C)."""
    if (learned is not None) != flow.learned:
        raise ValueError(f"flow learned={flow.learned}: wanted learned levels if it is, and none if it is not")
    with torch.autocast(batch.tokens.device.type, enabled=False):
        table = forbidden_table(flow.hierarchy) if learned is None else learned.forbidden()
    classes = batch.levels if learned is None else batch.kinds
    return separate_goals(classes, batch.goals, table) if flow.separate_goals else (classes, table)


def validate(
    model: PreTrainedModel,
    examples: Examples,
    config: FitConfig,
    padding: int,
    learned: LearnedLevels | None = None,
) -> Validation:
    """What the model loses on at most `config.evaluation_examples` examples, drawn once and for all by the seed.

    The flow loss is measured for the plain model too.  The model is left in training mode.
    """
    device, depth = model.device, model.config.get_text_config().num_hidden_layers
    flow = config.flow
    if not flow.strength:
        flow = replace(flow, strength=1.0, first=0 if flow.layers == 1 else flow.first)
    drawn = np.random.default_rng(config.seed).permutation(len(examples))[: config.evaluation_examples]
    totals = torch.zeros(3, dtype=torch.float64)
    model.train(False)
    with torch.no_grad(), computing(config.precision, device):
        for part in in_parts(drawn, examples.lengths, config.micro_tokens):
            found = losses(model, collate(examples, part, padding).to(device), flow, depth, learned)
            totals += torch.stack([found.tactic, found.flow * len(part), found.exact.float()]).double().cpu()
    model.train()
    tactic, flowed, exact = totals.tolist()
    words = int(examples.tactic_lengths[drawn].sum())
    return Validation(tactic / words, exact / len(drawn), flowed / len(drawn))


def computing(precision: Precision, device: torch.device) -> torch.autocast:
    """The context in which a model computes."""
    half = precision is Precision.BFLOAT16 or (precision is Precision.AUTO and has_bfloat16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=half)


def has_bfloat16(device: torch.device) -> bool:
    """Whether `device` multiplies in bfloat16 itself; a torch that cannot tell of a CPU counts as no."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    found = torch.cpu.get_capabilities()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
