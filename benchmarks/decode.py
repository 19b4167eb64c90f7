"""Candidates per second: 32 tactics of 16 tokens for one state of 300 tokens, shared prefix beside the reference.

A random GPT-NeoX of 17 million parameters (six layers of width 384, 8192 words), float32; what it writes means nothing,
and costs what sense would.  Three engines run in one process on the same prompt, in turn within each repetition: the
default one, which computes large layers in int8, the same in float32, and `generate` of transformers.  A ratio is the
median over repetitions of the ratio of CPU seconds within one, so other programs disturb it little; the goal in seconds
is wall time, and means something on a machine that does nothing else.
"""

from __future__ import annotations

import statistics
import time

import torch
import transformers

from proofloom.evaluation.measuring.figures import Figures, arguments
from proofloom.models.engine.protocol import Decoding, Engine, Method
from proofloom.models.engine.reference import ReferenceEngine
from proofloom.models.engine.shared_prefix import SharedPrefixEngine

WORDS, END = 8192, 0
GOAL_SECONDS, GOAL_RATIO = 0.25, 3.0


def random_model(seed: int, longest: int) -> transformers.GPTNeoXForCausalLM:
    torch.manual_seed(seed)
    config = transformers.GPTNeoXConfig(
        vocab_size=WORDS,
        hidden_size=384,
        intermediate_size=1536,
        num_hidden_layers=6,
        num_attention_heads=6,
        max_position_embeddings=longest,
        bos_token_id=END,
        eos_token_id=END,
    )
    return transformers.GPTNeoXForCausalLM(config)


def measured(engine: Engine, prompts: list[list[int]], n: int, decoding: Decoding) -> tuple[float, float]:
    """CPU seconds and wall seconds of one expansion."""
    cpu, wall = time.process_time(), time.perf_counter()
    engine.generate(prompts, n, decoding)
    return time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--prompt", type=int, default=300, help="tokens of the prompt (default 300)")
    parser.add_argument("--candidates", type=int, default=32, help="candidates of a state (default 32)")
    parser.add_argument("--tokens", type=int, default=16, help="new tokens of a candidate (default 16)")
    parser.add_argument("--states", type=int, default=1, help="states in a batch (default 1)")
    parser.add_argument("--threads", type=int, default=2, help="threads of the engines (default 2)")
    parser.add_argument("--repetitions", type=int, help="how often each is measured (default 7, with --quick 2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    repetitions = options.repetitions or (2 if options.quick else 7)
    model = random_model(options.seed, options.prompt + options.tokens)
    size = sum(one.numel() for one in model.parameters())
    engines: dict[str, Engine] = {
        "shared-prefix": SharedPrefixEngine(model, END),
        "shared-prefix-float32": SharedPrefixEngine(model, END, int8=False),
        "reference": ReferenceEngine(model, END),
    }
    prompts = torch.randint(1, WORDS, (options.states, options.prompt)).tolist()
    figures = Figures("decode", quiet=options.json)
    figures.figure("parameters", size)
    figures.say(
        f"{size / 1e6:.1f} M parameters, {options.states} x {options.prompt} tokens, "
        f"{options.candidates} candidates of {options.tokens} tokens, {options.threads} threads"
    )
    for method in Method:
        decoding = Decoding(method, options.tokens)
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
        for repetition in range(repetitions + 1):
            for name, engine in engines.items():
                taken = measured(engine, prompts, options.candidates, decoding)
                if repetition:  # the first of each warms up
                    runs[name].append(taken)
        for name, taken_times in runs.items():
            cpu, wall = (statistics.median(times) for times in zip(*taken_times, strict=True))
            speed = options.states * options.candidates / wall
            figures.say(f"{method.value:6} {name:21} {cpu:7.3f} s CPU {wall:7.3f} s wall {speed:7.1f} candidates/s")
            key = f"{method.value}_{name.replace('-', '_')}"
            figures.figure(f"{key}_cpu_seconds", round(cpu, 4))
            figures.figure(f"{key}_candidates_per_second", round(speed, 2))
            if name == "shared-prefix":
                figures.goal(f"{key}_wall_seconds", round(wall, 4), GOAL_SECONDS, better="lower")
            else:
                figures.figure(f"{key}_wall_seconds", round(wall, 4))
        ratios = {
            name: statistics.median(
                theirs[0] / ours[0] for ours, theirs in zip(runs["shared-prefix"], runs[name], strict=True)
            )
            for name in runs
        }
        figures.figure(f"{method.value}_float32_over_shared_prefix", round(ratios["shared-prefix-float32"], 3))
        figures.goal(f"{method.value}_reference_over_shared_prefix", round(ratios["reference"], 3), GOAL_RATIO)
    figures.finish(options.out)


if __name__ == "__main__":
    main()
