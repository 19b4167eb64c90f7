"""How likely a model finds the tactics that people wrote: one forward pass a batch, no assistant, no search.

The prompt is that of training and search, cut to the same room.  Torch is imported when a model runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from proofloom.evaluation.contest_rows import StepScore

if TYPE_CHECKING:
    from proofloom.policies.model.folder import LoadedModel
    from proofloom.training.examples import Pair

_TOKENS_AT_ONCE = 4096


def step_scores(loaded: LoadedModel, pairs: Sequence[Pair], longest: int) -> list[StepScore | None]:
    """The scores of these pairs in order; None for a tactic of more than `longest` tokens with its end."""
    import torch
    import torch.nn.functional as F

    from proofloom.models.prompt import plain_tokens
    from proofloom.models.reading import remembered_reading
    from proofloom.training.batches import IGNORED, collate, in_parts
    from proofloom.training.examples import Limits, encode

    tactics = plain_tokens(loaded.tokenizer, [pair.tactic for pair in pairs])
    fitting = [place for place, tactic in enumerate(tactics) if len(tactic) + 1 <= longest]
    scores: list[StepScore | None] = [None] * len(pairs)
    if not fitting:
        return scores
    hints = remembered_reading(loaded.tokenizer).hints
    examples = encode([pairs[place] for place in fitting], loaded.tokenizer, Limits(loaded.room, longest), hints)
    padding = loaded.tokenizer.pad_token_id or 0
    loaded.model.eval()
    for part in in_parts(np.arange(len(examples)), examples.lengths, _TOKENS_AT_ONCE):
        batch = collate(examples, part, padding).to(loaded.model.device)
        with torch.inference_mode():
            output = loaded.model(input_ids=batch.tokens, logits_to_keep=batch.columns, use_cache=False)
            logits = output.logits.float()
            lost = F.cross_entropy(logits.transpose(1, 2), batch.targets, ignore_index=IGNORED, reduction="none")
            right = ((logits.argmax(-1) == batch.targets) | (batch.targets == IGNORED)).all(1)
        counted = (batch.targets != IGNORED).sum(1)
        for number, *score in zip(part, (-lost.sum(1)).tolist(), counted.tolist(), right.tolist(), strict=True):
            scores[fitting[int(number)]] = StepScore(*score)
    return scores
