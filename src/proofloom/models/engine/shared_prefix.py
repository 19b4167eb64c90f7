"""The engine that reads a prompt once for all its continuations: the default for the models that it knows.

What other engines copy for each continuation, the keys and values of the prompt, is here read where it lies; only the
few new tokens of each continuation are kept apart.  Prompts of different lengths share a batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from proofloom.models.engine.beam import Beams, Move
from proofloom.models.engine.gpt_neox import NeoxLayers
from proofloom.models.engine.int8 import int8_pays
from proofloom.models.engine.protocol import Continuation, Decoding, Method, check_request
from proofloom.models.engine.sampling import Samples


class SharedPrefixEngine:
    """Serves a GPT-NeoX `model`, which is put into evaluation mode; `end` is the token that ends a text.

    Raises `UnsupportedModel` for other models.  The log-probabilities of float32 are those of a full pass to 1e-4; with
    `int8` large layers compute in whole numbers of eight bits, and log-probabilities are off by a tenth, at times more.
    If `int8` is None, that is done for a float32 model on a CPU where it pays.
    """

    name = "shared-prefix"

    def __init__(self, model: PreTrainedModel, end: int, int8: bool | None = None) -> None:
        if int8 is None:
            int8 = model.device.type == "cpu" and model.dtype == torch.float32 and int8_pays()
        self._layers = NeoxLayers(model, int8)
        self._end = end
        model.eval()

    def generate(self, prompts: Sequence[Sequence[int]], n: int, decoding: Decoding) -> list[list[Continuation]]:
        """For each prompt at most `n` continuations, the likeliest first; `ValueError` as `check_request` raises."""
        check_request(prompts, n, decoding, self._layers.longest)
        if not prompts:
            return []
        with torch.inference_mode():
            return self._generated(prompts, n, decoding)

    def _generated(self, prompts: Sequence[Sequence[int]], n: int, decoding: Decoding) -> list[list[Continuation]]:
        device = self._layers.device
        rows: Beams | Samples
        if decoding.method is Method.BEAM:
            rows = Beams.begin(len(prompts), n, self._end, decoding.most_tokens, device)
        else:
            rows = Samples.begin(prompts, n, self._end, decoding)
        logits, prefix, tails = self._layers.read(prompts)
        logits = logits[:, None]
        while True:
            rows, move = rows.advance(logits.float().log_softmax(-1))
            if move is None:
                return rows.results()
            move = Move(move.prompts.to(device), move.parents.to(device), move.tokens.to(device))
            prefix = prefix.keep(move.prompts)
            logits, tails = self._layers.step(move, prefix, tails)
