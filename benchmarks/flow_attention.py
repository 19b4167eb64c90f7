"""The cost of the flow loss: training steps of a 12-layer model, beside the plain model and the one with the matrix.

All run in one process on the same batch, in turn within each repetition: the plain model with the fused kernel, the
flow loss in the first four layers (the published setting) and in all twelve, and the loss taken from attention
matrices (eager attention) in the first four, which may run out of memory.  Times on a CPU are CPU seconds of one
thread, so other programs disturb little; a ratio is the median over repetitions of the ratio within one.  Memory is
the peak above what the program held before.
"""

from __future__ import annotations

import statistics
from copy import deepcopy
from functools import partial

import torch
import transformers
from torch import Tensor

from proofloom.attention.flow import forbidden_table
from proofloom.attention.flow_loss import FlowSettings, flow_loss
from proofloom.attention.interface import use_flow_attention
from proofloom.evaluation.measuring.costs import Taken, measured
from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.hierarchy import Level

DEPTH, WORDS = 12, 2048
LONGEST = 4096
"""Where the matrix should cost four times what the plain model does, or run out of memory."""
GOAL_SHAPE = [(Level.CASE, 4), (Level.TYPE, 8), (Level.INSTANCE, 44), (Level.GOAL, 16)]
"""Tokens of one goal by level; a batch is full of such goals, so every goal but the first has forbidden flow."""


class Trainer:
    """One model with its optimiser; `step` is a training step and returns its flow loss."""

    def __init__(self, config: transformers.GPTNeoXConfig, kind: str, device: torch.device, dtype: torch.dtype) -> None:
        torch.manual_seed(0)
        self._model = transformers.GPTNeoXForCausalLM(deepcopy(config)).to(device=device, dtype=dtype)
        self._kind = kind
        self._settings = FlowSettings(layers=None) if kind == "flow_all" else FlowSettings(layers=4)
        if kind == "matrix":
            self._model.set_attn_implementation("eager")
        elif kind != "plain":
            use_flow_attention(self._model)
        self._optimiser = torch.optim.AdamW(self._model.parameters(), lr=1e-4)

    def step(self, words: Tensor, levels: Tensor) -> float:
        self._optimiser.zero_grad(set_to_none=True)
        flow = torch.zeros(())
        if self._kind == "plain":
            loss = self._model(words, labels=words, use_cache=False).loss
        elif self._kind == "matrix":
            output = self._model(words, labels=words, use_cache=False, output_attentions=True)
            flow = self._from_matrices(output.attentions, levels)
            loss = output.loss + self._settings.strength * flow
        else:
            record = self._settings.record(DEPTH)
            output = self._model(words, labels=words, use_cache=False, token_levels=levels, flow=record)
            flow = flow_loss(record, self._settings, DEPTH)
            loss = output.loss + self._settings.strength * flow
        loss.backward()
        self._optimiser.step()
        return flow.item()

    def forget(self) -> None:
        """Give back what a step that ran out of memory has left."""
        self._optimiser.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _from_matrices(self, attentions: tuple[Tensor, ...], levels: Tensor) -> Tensor:
        forbidden = forbidden_table().to(levels.device)[levels[:, :, None], levels[:, None, :]]
        weights = self._settings.weights(DEPTH)
        masses = [w * (a.float().mean(1) * forbidden).sum() for w, a in zip(weights, attentions, strict=True) if w]
        return torch.stack(masses).sum() / levels.numel()


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, nargs="+", help="lengths (default 512 1024 2048, on a GPU also 4096)")
    parser.add_argument("--width", type=int, default=256, help="width of the model (default 256)")
    parser.add_argument("--head", type=int, default=64, help="width of a head (default 64)")
    parser.add_argument("--batch", type=int, default=1, help="sequences in a batch (default 1)")
    parser.add_argument("--repetitions", type=int, help="how often each is measured (default 5, with --quick 2)")
    parser.add_argument("--device", default="cpu", help="cpu (one thread, float32) or cuda (bfloat16)")
    options = parser.parse_args()
    device = torch.device(options.device)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    lengths = options.tokens or [512] + [1024, 2048] * (not options.quick) + [LONGEST] * (device.type == "cuda")
    repetitions = options.repetitions or (2 if options.quick else 5)
    figures = Figures("flow_attention", quiet=options.json)
    config = transformers.GPTNeoXConfig(
        vocab_size=WORDS,
        hidden_size=options.width,
        intermediate_size=4 * options.width,
        num_hidden_layers=DEPTH,
        num_attention_heads=options.width // options.head,
        max_position_embeddings=max(lengths),
    )
    kinds = ("plain", "flow", "flow_all", "matrix")
    trainers = {kind: Trainer(config, kind, device, dtype) for kind in kinds}
    pattern = torch.tensor([level for level, count in GOAL_SHAPE for _ in range(count)])
    for tokens in lengths:
        words = torch.randint(0, WORDS, (options.batch, tokens)).to(device)
        levels = pattern.repeat(tokens // len(pattern) + 1)[:tokens].repeat(options.batch, 1).to(device)
        runs: dict[str, list[Taken]] = {kind: [] for kind in kinds}
        for repetition in range(repetitions + 1):
            for kind in list(runs):
                try:
                    taken = measured(partial(trainers[kind].step, words, levels), device.type)
                except torch.OutOfMemoryError:
                    del runs[kind]
                    trainers[kind].forget()
                    figures.say(f"T {tokens:5} {kind:8} out of memory")
                    figures.figure(f"{kind}_{tokens}_over_plain", "out of memory")
                    continue
                if repetition:  # the first of each warms up
                    runs[kind].append(taken)
        plain = [run.seconds for run in runs["plain"]]
        for kind in runs:
            seconds = statistics.median(run.seconds for run in runs[kind])
            wall = statistics.median(run.wall for run in runs[kind])
            memory = statistics.median(run.memory for run in runs[kind]) / 2**20
            ratio = statistics.median(run.seconds / one for run, one in zip(runs[kind], plain, strict=True))
            figures.say(
                f"T {tokens:5} {kind:8} {seconds:7.3f} s ({wall:7.3f} s wall), {ratio:5.2f}x, {memory:7.0f} MiB"
            )
            for name, value in (("seconds", seconds), ("wall", wall), ("mebibytes", memory)):
                figures.figure(f"{kind}_{tokens}_{name}", round(value, 3))
            if kind == "flow":
                figures.goal(f"flow_{tokens}_over_plain", round(ratio, 3), 1.10, better="lower")
            elif kind == "matrix" and tokens == LONGEST:
                figures.goal(f"matrix_{tokens}_over_plain", round(ratio, 3), 4.0)
            elif kind != "plain":
                figures.figure(f"{kind}_{tokens}_over_plain", round(ratio, 3))
    figures.finish(options.out)


if __name__ == "__main__":
    main()
