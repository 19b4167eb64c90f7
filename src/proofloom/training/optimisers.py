"""The optimisers of a training: AdamW for everything, or Muon for the matrices between the embeddings and AdamW beside.

Muon (Jordan et al. 2024) makes the update of each matrix orthogonal; small models of ours learn more than twice as
much from a step that way (docs/experiments.md).  It is torch's; its steps are scaled as AdamW's are (Liu et al.
2025), so that one learning rate serves both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from proofloom.attention.learned_levels import LearnedLevels
from proofloom.training.config import FitConfig, Optimiser, TrainingError

LEVELS_RATE = 0.01
"""The highest learning rate of learned levels, whatever that of the model: they are forty numbers."""
MUON = "muon"
_MOMENTUM = 0.95

Optimisers = Mapping[str, torch.optim.Optimizer]
"""By the name under which a checkpoint keeps them; together they move every parameter that is trained, once."""


def optimisers(model: PreTrainedModel, config: FitConfig, learned: LearnedLevels | None = None) -> Optimisers:
    """What `config.optimiser` asks for; raises `TrainingError` if this torch has no Muon."""
    if config.optimiser is Optimiser.ADAMW:
        return {"optimiser": adamw(model, config, learned)}
    if not hasattr(torch.optim, "Muon"):
        raise TrainingError(f"torch {torch.__version__} has no Muon: wanted 2.9 or later, or optimiser = 'adamw'")
    inner = inner_matrices(model)
    if not inner:
        raise TrainingError("the model has no trained matrix beside its embeddings: wanted optimiser = 'adamw'")
    muon = torch.optim.Muon(
        [{"params": inner, "times": 1.0}],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
        momentum=_MOMENTUM,
        adjust_lr_fn="match_rms_adamw",
    )
    return {"optimiser": adamw(model, config, learned, but=inner), MUON: muon}


def adamw(
    model: PreTrainedModel,
    config: FitConfig,
    learned: LearnedLevels | None = None,
    but: Iterable[Tensor] = (),
) -> torch.optim.AdamW:
    """AdamW for what is trained, without `but`.

    Biases and the scales of norms do not decay, nor do learned levels, which have their own rate.
    """
    others = {id(one) for one in but}
    trained = [one for one in model.parameters() if one.requires_grad and id(one) not in others]
    groups = [
        {"params": [one for one in trained if one.dim() >= 2], "weight_decay": config.weight_decay, "times": 1.0},
        {"params": [one for one in trained if one.dim() < 2], "weight_decay": 0.0, "times": 1.0},
        {
            "params": list(learned.parameters()) if learned else [],
            "weight_decay": 0.0,
            "times": LEVELS_RATE / config.learning_rate,
        },
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=model.device.type == "cuda",
    )


def inner_matrices(model: PreTrainedModel) -> list[nn.Parameter]:
    """The trained matrices of a model that are no embeddings, neither of what it reads nor of what it says."""
    outer = {id(one) for part in model.modules() if isinstance(part, nn.Embedding) for one in part.parameters()}
    output = model.get_output_embeddings()
    outer |= {id(one) for one in output.parameters()} if isinstance(output, nn.Module) else set()
    return [one for one in model.parameters() if one.requires_grad and one.dim() == 2 and id(one) not in outer]


def update(chosen: Optimisers, rate: float) -> None:
    """Move the weights along the gradients that are there, each group as many times `rate` as it says."""
    for optimiser in chosen.values():
        for group in optimiser.param_groups:
            group["lr"] = rate * group["times"]
        optimiser.step()
